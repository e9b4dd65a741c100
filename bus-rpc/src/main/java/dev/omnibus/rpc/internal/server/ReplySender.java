package dev.omnibus.rpc.internal.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.RpcServerStats;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcCodec.Answer;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The reply sender of a server: gives each call its one answer, and sends it. Only what the service's author wrote for
 * others to read leaves this process. Thread-safe.
 */
public final class ReplySender {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class); // the name that users know

    /** How long a reply that found no connection waits before it is sent again. */
    private static final long RESEND_MILLIS = 50;

    /**
     * The caller counts as gone when its reply had no receiver this many times, with a pause in between that doubles
     * from {@link #FIRST_PAUSE_MILLIS}: after an interruption, a process can send a while before it receives again.
     */
    private static final int MAX_UNRECEIVED = 6;

    private static final long FIRST_PAUSE_MILLIS = 25;

    /** How many bytes may wait to be sent again. */
    private static final long MAX_HELD_BYTES = 16L * 1024 * 1024;

    private final Channels channels;
    private final RpcCodec codec;
    private final Executor executor;
    private final ServerInterceptors interceptors = new ServerInterceptors(this);
    private final ReplyPacer pacer;
    private final @Nullable Observers observers;
    private final AtomicLong heldBytes = new AtomicLong();
    private final LongAdder served = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder overloaded = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder repliesLost = new LongAdder();
    private final LongAdder callersGone = new LongAdder();

    public ReplySender(
            Channels channels, RpcCodec codec, Executor executor, ReplyPacer pacer, @Nullable Observers observers) {
        this.observers = observers;
        this.channels = channels;
        this.codec = codec;
        this.executor = executor;
        this.pacer = pacer;
    }

    public ServerInterceptors interceptors() {
        return interceptors;
    }

    /** Null if there are none. */
    @Nullable
    Observers observers() {
        return observers;
    }

    RpcServerStats stats(int waiting) {
        return new RpcServerStats(
                served.sum(),
                failed.sum(),
                overloaded.sum(),
                refused.sum(),
                cancelled.sum(),
                repliesLost.sum(),
                callersGone.sum(),
                waiting);
    }

    private LongAdder counter(@Nullable Reason reason) {
        if (reason == null) {
            return served;
        }
        return switch (reason) {
            case FAULT -> failed;
            case OVERLOADED -> overloaded;
            case CANCELLED -> cancelled;
            default -> refused;
        };
    }

    /** Whether so much waits to be sent to the caller that nothing more should be done for it. */
    boolean isCrowded(ServerCall call) {
        return call.origin() == null && pacer.isCrowded(call.request().replyTo());
    }

    /** Counts a request that did not become a call. */
    void countRefused() {
        refused.increment();
    }

    /** Sends everything that waits. */
    public void close() {
        pacer.close();
    }

    /** Runs code of the program, and logs what it throws. */
    void execute(Runnable action) {
        executor.execute(() -> {
            try {
                action.run();
            } catch (Throwable e) {
                FailureLog.error(LOG, e, "A callback of a served method failed");
            }
        });
    }

    /** Refuses what an interceptor has thrown for. */
    void refuse(ServerCall call, Throwable thrown) {
        boolean saysNo = thrown instanceof RpcException refusal
                && refusal.reason() == Reason.REFUSED
                && refusal.method().isEmpty(); // its own, and not that of a call that it made
        refuse(
                call,
                saysNo
                        ? String.valueOf(thrown.getMessage())
                        : "internal error, id " + logged(call, thrown) + " in the server's log; it was not executed");
    }

    /** Refuses what an interceptor does not let through. */
    void refuse(ServerCall call, String why) {
        refuse(call, RpcCodec.REFUSED, Reason.REFUSED, why, "");
    }

    void finish(ServerCall call, @Nullable Object value) {
        Answer answer;
        try {
            answer = RpcCodec.result(call.served().result(), value);
        } catch (JsonProcessingException | RuntimeException | Error e) { // the program's own getters are called here
            fail(call, e);
            return;
        }
        call.settle(answer, null);
    }

    /** Answers with a failure, whatever the exception itself throws when it is read. */
    void fail(ServerCall call, Throwable failure) {
        try {
            answer(call, failure);
        } catch (RuntimeException | Error e) {
            String id = logged(call, e);
            call.settle(RpcCodec.error(RpcCodec.INTERNAL_ERROR, internal(id), ""), Reason.FAULT);
        }
    }

    private void answer(ServerCall call, Throwable failure) {
        Throwable cause = RpcFailures.unwrapped(failure);
        if (call.isCancelled() && cause instanceof Exception) { // most often because it was interrupted
            LOG.debug("{} for {} was given up by its caller and ended with", call.method(), call.caller(), cause);
            return; // it has its answer
        }
        Answer answer = null;
        try {
            answer = call.served().faults().answer(cause);
        } catch (JsonProcessingException | ReflectiveOperationException | RuntimeException | Error e) {
            if (e != cause) {
                cause.addSuppressed(e); // its details cannot be written
            }
        }
        if (answer == null) {
            String id = logged(call, cause);
            answer = RpcCodec.error(RpcCodec.INTERNAL_ERROR, internal(id, cause), "");
        }
        call.settle(answer, Reason.FAULT);
    }

    /**
     * The message for the caller of a failure that it must not know, unless the failure is that no reader would take
     * the answer.
     */
    public static String internal(String id, Throwable failure) {
        return Json.isUnreadable(failure) ? "the result cannot be sent: " + Json.problem(failure) : internal(id);
    }

    private static String internal(String id) {
        return "internal error, id " + id + " in the server's log";
    }

    private static String logged(ServerCall call, Throwable failure) {
        return logged(call.method(), call.caller(), failure);
    }

    /** Logs a failure that the caller must not know; returns the id that it gets. */
    public static String logged(String method, String caller, Throwable failure) {
        String id = UUID.randomUUID().toString();
        FailureLog.error(LOG, failure, "Call {} of {} failed, error id {}", method, caller, id);
        return id;
    }

    void refuse(ServerCall call, int code, Reason reason, String message, String data) {
        call.settle(RpcCodec.error(code, message, data), reason);
    }

    /** Refuses a request that did not become a call. */
    void refuse(RpcCodec.Request request, int code, String message) {
        refused.increment();
        if (isAnswerable(request)) {
            send(
                    request,
                    codec.response(request.id(), RpcCodec.error(code, message, "")),
                    ReceiverCount.NO,
                    SendCallback.UNNOTICED);
        }
    }

    /** Sends the one answer of a call. */
    void send(ServerCall call, Answer answer, @Nullable Reason reason) {
        counter(reason).increment();
        ServerCall.Origin origin = call.origin();
        if (origin == null) {
            new OutboundReply(call, answer, reason).send();
        } else {
            origin.settled(call, answer, reason);
        }
        if (LOG.isDebugEnabled()) {
            LOG.debug(
                    "Answered {} of {} after {} ms: {}",
                    call.method(),
                    call.caller(),
                    call.elapsed().toMillis(),
                    reason == null ? "a value" : reason);
        }
    }

    /** The response that a queue keeps for the caller of a call. */
    byte[] queued(ServerCall call, Answer answer) {
        String id = call.request().id();
        byte[] response = codec.response(id, answer);
        if (response.length <= codec.maxBytes()) {
            return response;
        }
        FailureLog.safely(() -> LOG.error("The answer of queued call {} is too large: {} B", id, response.length));
        return codec.response(id, tooLarge(answer));
    }

    /** What the caller gets instead. */
    private static Answer tooLarge(Answer answer) {
        String what = answer.isResult() ? "result" : "fault";
        return RpcCodec.error(RpcCodec.INTERNAL_ERROR, "the " + what + " is too large to be sent", "");
    }

    private boolean isAnswerable(RpcCodec.Request request) {
        if (request.id().isEmpty()) {
            return false; // a notification is never answered
        }
        if (!channels.names().isInbox(request.replyTo())) {
            channels.reportBad(
                    channels.names().method(request.method()),
                    "A request cannot be answered: its replyTo names no inbox");
            return false;
        }
        return true;
    }

    private void send(RpcCodec.Request request, byte[] message, ReceiverCount count, SendCallback sent) {
        pacer.pass(request.replyTo(), message.length, () -> channels.send(request.replyTo(), message, count, sent));
    }

    /**
     * A reply on its way. Without a connection it is sent again as long as its caller waits. A result or a fault may be
     * too large to be sent, and then the caller gets an error instead. Any other failure is counted and reported: the
     * caller will only see its timeout.
     */
    private final class OutboundReply implements SendCallback {

        private final ServerCall call;
        private final Answer answer;
        private final @Nullable Reason reason;
        private int unreceived; // confined to the sends, which follow each other
        private volatile int passed; // bytes

        OutboundReply(ServerCall call, Answer answer, @Nullable Reason reason) {
            this.call = call;
            this.answer = answer;
            this.reason = reason;
        }

        void send() {
            RpcCodec.Request request = call.request();
            if (isAnswerable(request)) {
                byte[] message = codec.response(request.id(), answer);
                passed = message.length;
                ReplySender.this.send(
                        request, message, call.asksForCaller() ? ReceiverCount.ANY : ReceiverCount.NO, this);
            }
        }

        private void refund() {
            pacer.refund(call.request().replyTo(), passed);
        }

        /** False if its caller does not wait any more, or too much waits for the connection already. */
        private boolean sendAgain(long pauseMillis) {
            int bytes = answer.body().length + call.keptBytes();
            if (call.hasExpired()) {
                return false;
            }
            if (heldBytes.addAndGet(bytes) > MAX_HELD_BYTES) {
                heldBytes.addAndGet(-bytes);
                return false;
            }
            channels.later(Duration.ofMillis(pauseMillis), () -> {
                heldBytes.addAndGet(-bytes);
                send();
            });
            return true;
        }

        @Override
        public void sent(long receivers, boolean exact) {
            boolean unheard = receivers == 0 && channels.countsTrusted();
            if (unheard) {
                refund();
            }
            if (unheard && !(++unreceived < MAX_UNRECEIVED && sendAgain(FIRST_PAUSE_MILLIS << unreceived))) {
                callersGone.increment();
                LOG.debug("The caller {} of {} has gone before its answer", call.caller(), call.method());
                call.onCallerLost();
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (failure.notSent()) {
                refund();
            }
            Answer tooLarge = tooLarge(answer);
            if (failure.kind() == Kind.TOO_LARGE && answer.body().length > tooLarge.body().length) {
                FailureLog.error(LOG, failure, "The answer of {} for {} was not sent", call.method(), call.caller());
                new OutboundReply(call, tooLarge, Reason.FAULT).send();
            } else if (unreceived > 0 && failure.kind() == Kind.CLOSED) {
                callersGone.increment(); // as far as the bus could find out
            } else if (failure.kind() != Kind.CONNECTION_LOST || !failure.notSent() || !sendAgain(RESEND_MILLIS)) {
                repliesLost.increment();
                channels.reportUnsent(
                        channels.names().method(call.method()),
                        "The reply to " + call.caller() + (failure.notSent() ? " was not sent: " : " may be lost: ")
                                + failure.getMessage());
                if (!interceptors.isEmpty()) {
                    interceptors.replyLost(call.outcome(reason, answer.code()));
                }
            }
        }
    }
}

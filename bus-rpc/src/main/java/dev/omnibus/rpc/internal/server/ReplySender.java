package dev.omnibus.rpc.internal.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.json.Json;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.RpcServerStats;
import dev.omnibus.rpc.ServerInterceptor;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcCodec.Answer;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node answers to its callers, and the interceptors that are told of it. Only what the service's author wrote
 * for others to read leaves this process. Thread-safe.
 */
public final class ReplySender {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class); // which is the name that users know

    /** How long a reply that found no connection waits before it is sent again. */
    private static final long RESEND_MILLIS = 50;

    /**
     * After so many times a caller is gone that did not receive his reply, with a pause that doubles from
     * {@link #FIRST_PAUSE_MILLIS} on: when the connection was interrupted, he may hear a while later than he can call.
     */
    private static final int MAX_UNRECEIVED = 6;

    private static final long FIRST_PAUSE_MILLIS = 25;

    /** What may wait for the connection, and for callers. */
    private static final long MAX_HELD_BYTES = 16L * 1024 * 1024;

    private final Channels channels;
    private final RpcCodec codec;
    private final Executor executor;
    private final List<ServerInterceptor> interceptors = new CopyOnWriteArrayList<>();
    private final ReplyPacer pacer;
    private final AtomicLong heldBytes = new AtomicLong();
    private final LongAdder served = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder overloaded = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder repliesLost = new LongAdder();
    private final LongAdder callersGone = new LongAdder();

    public ReplySender(Channels channels, RpcCodec codec, Executor executor, ReplyPacer pacer) {
        this.channels = channels;
        this.codec = codec;
        this.executor = executor;
        this.pacer = pacer;
    }

    public void intercept(ServerInterceptor interceptor) {
        interceptors.add(interceptor);
    }

    boolean isIntercepted() {
        return !interceptors.isEmpty();
    }

    public RpcServerStats stats() {
        return new RpcServerStats(
                served.sum(),
                failed.sum(),
                overloaded.sum(),
                refused.sum(),
                cancelled.sum(),
                repliesLost.sum(),
                callersGone.sum());
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

    /** Whether so much waits to be sent to the caller that nothing more should be done for him. */
    boolean isCrowded(ServerCall execution) {
        return pacer.isCrowded(execution.request().replyTo());
    }

    /** Sends what waits for its turn. */
    public void close() {
        pacer.close();
    }

    /** Runs what belongs to the program. What it throws is logged. */
    void execute(Runnable action) {
        executor.execute(() -> {
            try {
                action.run();
            } catch (Throwable e) {
                FailureLog.error(LOG, e, "What a served method asked to be run failed");
            }
        });
    }

    /** Asks the interceptors; false if one of them said no, and then the call has its answer. */
    boolean allows(ServerCall execution) {
        for (ServerInterceptor interceptor : interceptors) {
            try {
                interceptor.before(execution);
            } catch (Throwable e) { // also what nobody may throw there, or the call would have no answer
                String why = e instanceof RpcException refusal
                                && refusal.reason() == Reason.REFUSED
                                && refusal.method().isEmpty() // its own, and not that of a call that it made
                        ? String.valueOf(e.getMessage())
                        : "internal error, id " + logged(execution, e) + " in the server's log; it was not executed";
                refuse(execution, RpcCodec.REFUSED, Reason.REFUSED, why, "");
                return false;
            }
        }
        return true;
    }

    void finish(ServerCall execution, @Nullable Object value) {
        Answer answer;
        try {
            answer = RpcCodec.result(execution.served().result(), value);
        } catch (JsonProcessingException | RuntimeException | Error e) { // the program's own getters are called here
            fail(execution, e);
            return;
        }
        execution.settle(answer, null);
    }

    /** Whatever the exception does when it is looked at, the call gets its answer. */
    void fail(ServerCall execution, Throwable failure) {
        try {
            answer(execution, failure);
        } catch (RuntimeException | Error e) {
            String id = logged(execution, e);
            execution.settle(RpcCodec.error(RpcCodec.INTERNAL_ERROR, internal(id), ""), Reason.FAULT);
        }
    }

    private void answer(ServerCall execution, Throwable failure) {
        Throwable cause = RpcFailures.unwrapped(failure);
        if (execution.isCancelled() && cause instanceof Exception) { // most often because it was interrupted
            LOG.debug(
                    "{} for {} was given up by its caller and ended with",
                    execution.method(),
                    execution.caller(),
                    cause);
            return; // it has its answer
        }
        Answer answer = null;
        try {
            answer = execution.served().faults().answer(cause);
        } catch (JsonProcessingException | ReflectiveOperationException | RuntimeException | Error e) {
            if (e != cause) {
                cause.addSuppressed(e); // its details cannot be written
            }
        }
        if (answer == null) {
            String id = logged(execution, cause);
            answer = RpcCodec.error(RpcCodec.INTERNAL_ERROR, internal(id, cause), "");
        }
        execution.settle(answer, Reason.FAULT);
    }

    /** What the caller is told of what is not for him to know, unless it is that no reader would take the answer. */
    public static String internal(String id, Throwable failure) {
        return Json.isUnreadable(failure) ? "the result cannot be sent: " + Json.problem(failure) : internal(id);
    }

    private static String internal(String id) {
        return "internal error, id " + id + " in the server's log";
    }

    private static String logged(ServerCall execution, Throwable failure) {
        return logged(execution.method(), execution.caller(), failure);
    }

    /** Logs what the caller is not told, and gives the id that he is told. */
    public static String logged(String method, String caller, Throwable failure) {
        String id = UUID.randomUUID().toString();
        FailureLog.error(LOG, failure, "Call {} of {} failed, error id {}", method, caller, id);
        return id;
    }

    void refuse(ServerCall execution, int code, Reason reason, String message, String data) {
        execution.settle(RpcCodec.error(code, message, data), reason);
    }

    /** Refuses what did not become an execution. */
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

    /** Sends the one answer of an execution. */
    void send(ServerCall execution, Answer answer, @Nullable Reason reason) {
        counter(reason).increment();
        new Replying(execution, answer, reason).send();
        if (LOG.isDebugEnabled()) {
            LOG.debug(
                    "Answered {} of {} after {} ms: {}",
                    execution.method(),
                    execution.caller(),
                    execution.elapsed().toMillis(),
                    reason == null ? "a value" : reason);
        }
        notifyInterceptors(execution, reason, ServerInterceptor::after);
    }

    private void notifyInterceptors(
            ServerCall execution, @Nullable Reason reason, BiConsumer<ServerInterceptor, CallOutcome> notify) {
        if (interceptors.isEmpty()) {
            return;
        }
        CallOutcome outcome = execution.outcome(reason);
        for (ServerInterceptor interceptor : interceptors) {
            try {
                notify.accept(interceptor, outcome);
            } catch (Throwable e) {
                FailureLog.error(LOG, e, "An interceptor failed after a call of {}", execution.method());
            }
        }
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
     * A reply on its way. If there is no connection it is sent again as long as its caller waits. A result or a fault
     * may be larger than what can be sent, and then the caller is told so. Whatever else keeps it from being sent is
     * counted and reported: the caller will only see his timeout.
     */
    private final class Replying implements SendCallback {

        private final ServerCall execution;
        private final Answer answer;
        private final @Nullable Reason reason;
        private int unreceived; // one sending follows the other
        private volatile int passed; // bytes

        Replying(ServerCall execution, Answer answer, @Nullable Reason reason) {
            this.execution = execution;
            this.answer = answer;
            this.reason = reason;
        }

        void send() {
            RpcCodec.Request request = execution.request();
            if (isAnswerable(request)) {
                byte[] message = codec.response(request.id(), answer);
                passed = message.length;
                ReplySender.this.send(
                        request, message, execution.asksForCaller() ? ReceiverCount.ANY : ReceiverCount.NO, this);
            }
        }

        private void giveBack() {
            pacer.giveBack(execution.request().replyTo(), passed);
        }

        /** False if nobody would wait for it any more, or too much waits for the connection already. */
        private boolean sendAgain(long pauseMillis) {
            int bytes = answer.body().length + execution.keptBytes();
            if (execution.hasExpired()) {
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
                giveBack();
            }
            if (unheard && !(++unreceived < MAX_UNRECEIVED && sendAgain(FIRST_PAUSE_MILLIS << unreceived))) {
                callersGone.increment();
                LOG.debug("The caller {} of {} has gone before its answer", execution.caller(), execution.method());
                execution.onCallerLost();
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (failure.notSent()) {
                giveBack();
            }
            String what = answer.isResult() ? "result" : "fault";
            Answer tooLarge = RpcCodec.error(RpcCodec.INTERNAL_ERROR, "the " + what + " is too large to be sent", "");
            if (failure.kind() == Kind.TOO_LARGE && answer.body().length > tooLarge.body().length) {
                FailureLog.error(
                        LOG, failure, "The {} of {} for {} was not sent", what, execution.method(), execution.caller());
                new Replying(execution, tooLarge, Reason.FAULT).send();
            } else if (unreceived > 0 && failure.kind() == Kind.CLOSED) {
                callersGone.increment(); // as long as the bus could look for him
            } else if (failure.kind() != Kind.CONNECTION_LOST || !failure.notSent() || !sendAgain(RESEND_MILLIS)) {
                repliesLost.increment();
                channels.reportUnsent(
                        channels.names().method(execution.method()),
                        "The reply to " + execution.caller()
                                + (failure.notSent() ? " was not sent: " : " may be lost: ") + failure.getMessage());
                notifyInterceptors(execution, reason, ServerInterceptor::replyLost);
            }
        }
    }
}

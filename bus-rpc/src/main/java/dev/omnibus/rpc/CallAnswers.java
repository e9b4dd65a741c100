package dev.omnibus.rpc;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.omnibus.channel.Channels;
import dev.omnibus.channel.Count;
import dev.omnibus.channel.Sent;
import dev.omnibus.rpc.RpcCodec.Answer;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.TransportException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node answers to its callers, and the interceptors that are told of it. Only what the service's author wrote
 * for others to read leaves this process. Thread-safe.
 */
final class CallAnswers {

    private static final Logger LOG = LoggerFactory.getLogger(CallAnswers.class);

    private final Channels channels;
    private final RpcCodec codec;
    private final Executor executor;
    private final List<ServerInterceptor> interceptors = new CopyOnWriteArrayList<>();
    private final LongAdder callersGone = new LongAdder();

    CallAnswers(Channels channels, RpcCodec codec, Executor executor) {
        this.channels = channels;
        this.codec = codec;
        this.executor = executor;
    }

    void intercept(ServerInterceptor interceptor) {
        interceptors.add(interceptor);
    }

    boolean isIntercepted() {
        return !interceptors.isEmpty();
    }

    long callersGone() {
        return callersGone.sum();
    }

    /** Runs what belongs to the program. What it throws is logged. */
    void execute(Runnable action) {
        executor.execute(() -> {
            try {
                action.run();
            } catch (RuntimeException | Error e) {
                LOG.error("What a served method asked to be run failed", e);
            }
        });
    }

    /** Asks the interceptors; false if one of them said no, and then the call has its answer. */
    boolean allows(Execution execution) {
        for (ServerInterceptor interceptor : interceptors) {
            try {
                interceptor.before(execution);
            } catch (RuntimeException | Error e) {
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

    void finish(Execution execution, @Nullable Object value) {
        Answer answer;
        try {
            answer = codec.result(value);
        } catch (JsonProcessingException | RuntimeException | Error e) { // the program's own getters are called here
            fail(execution, e);
            return;
        }
        execution.settle(answer, null);
    }

    void fail(Execution execution, Throwable failure) {
        Throwable cause = Failures.unwrapped(failure);
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
            answer = RpcCodec.error(RpcCodec.INTERNAL_ERROR, "internal error, id " + id + " in the server's log", "");
        }
        execution.settle(answer, Reason.FAULT);
    }

    private static String logged(Execution execution, Throwable failure) {
        return logged(execution.method(), execution.caller(), failure);
    }

    /** Logs what the caller is not told, and gives the id that he is told. */
    static String logged(String method, String caller, Throwable failure) {
        String id = UUID.randomUUID().toString();
        try {
            LOG.error("Call {} of {} failed, error id {}", method, caller, id, failure);
        } catch (RuntimeException | Error e) { // even its message cannot be had, and the caller waits all the same
            LOG.error("Call {} failed, error id {}, with a {}", method, id, failure.getClass());
        }
        return id;
    }

    void refuse(Execution execution, int code, Reason reason, String message, String data) {
        execution.settle(RpcCodec.error(code, message, data), reason);
    }

    /** Refuses what did not become an execution. */
    void refuse(RpcCodec.Request request, int code, String message) {
        reply(request, RpcCodec.error(code, message, ""), Count.NO, Sent.UNNOTICED);
    }

    /** Sends the one answer of an execution. */
    void send(Execution execution, Answer answer, @Nullable Reason reason) {
        reply(execution.request(), answer, execution.asksForCaller() ? Count.ANY : Count.NO, new Replying(execution));
        if (!interceptors.isEmpty()) {
            CallOutcome outcome = execution.outcome(reason);
            for (ServerInterceptor interceptor : interceptors) {
                try {
                    interceptor.after(outcome);
                } catch (RuntimeException | Error e) {
                    LOG.error("An interceptor failed after a call of {}", execution.method(), e);
                }
            }
        }
    }

    private void reply(RpcCodec.Request request, Answer answer, Count count, Sent sent) {
        if (request.id().isEmpty()) {
            return; // a notification is never answered
        }
        if (!channels.names().isInbox(request.replyTo())) {
            channels.reportBad(
                    channels.names().method(request.method()),
                    "A request cannot be answered: its replyTo names no inbox");
            return;
        }
        channels.send(request.replyTo(), codec.response(request.id(), answer), count, sent);
    }

    /** A result may be larger than what can be sent: the caller shall not wait for it in vain. */
    private final class Replying implements Sent {

        private final Execution execution;

        Replying(Execution execution) {
            this.execution = execution;
        }

        @Override
        public void sent(long receivers, boolean exact) {
            if (receivers == 0 && channels.countsTrusted()) {
                callersGone.increment();
                LOG.debug("The caller {} of {} has gone before its answer", execution.caller(), execution.method());
                execution.lostCaller();
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (failure.kind() == TransportException.Kind.TOO_LARGE) {
                LOG.error("The result of {} for {} was not sent", execution.method(), execution.caller(), failure);
                Answer tooLarge = RpcCodec.error(RpcCodec.INTERNAL_ERROR, "the result is too large to be sent", "");
                reply(execution.request(), tooLarge, Count.NO, Sent.UNNOTICED);
            } else {
                LOG.debug("The answer to {} of {} was not sent", execution.caller(), execution.method(), failure);
            }
        }
    }
}

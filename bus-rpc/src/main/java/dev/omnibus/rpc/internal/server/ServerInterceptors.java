package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServerInterceptor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The interceptor chain of a server: each interceptor wraps those behind it, and the method. Thread-safe. */
public final class ServerInterceptors {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class); // which is the name that users know

    private final ReplySender replies;
    private volatile List<ServerInterceptor> interceptors = List.of();

    ServerInterceptors(ReplySender replies) {
        this.replies = replies;
    }

    public synchronized void add(ServerInterceptor interceptor) {
        List<ServerInterceptor> more = new ArrayList<>(interceptors);
        more.add(interceptor);
        interceptors = List.copyOf(more);
    }

    boolean isEmpty() {
        return interceptors.isEmpty();
    }

    /**
     * The way of one call through the interceptors that there are now.
     *
     * @param serve executes the call; true if its answer comes later
     */
    Chain chain(ServerCall call, Predicate<ServerCall> serve) {
        return new Chain(call, interceptors, serve);
    }

    void replyLost(CallOutcome outcome) {
        for (ServerInterceptor interceptor : interceptors) {
            try {
                interceptor.replyLost(outcome);
            } catch (Throwable e) {
                failedAfter(interceptor, outcome.method(), e);
            }
        }
    }

    private static void failedAfter(ServerInterceptor interceptor, String method, Throwable e) {
        FailureLog.error(
                LOG,
                e,
                "Interceptor {} failed after a call of {}",
                interceptor.getClass().getName(),
                method);
    }

    /** One call on its way. It runs on one thread, and may be settled by another meanwhile. */
    final class Chain {

        private final ServerCall call;
        private final List<ServerInterceptor> links;
        private final Predicate<ServerCall> serve;
        private final List<GuardedFuture<CallOutcome>> waiting = new ArrayList<>(2); // guarded by this, outermost first
        private @Nullable CallOutcome outcome; // guarded by this
        private boolean later; // confined to the thread that runs it

        private Chain(ServerCall call, List<ServerInterceptor> links, Predicate<ServerCall> serve) {
            this.call = call;
            this.links = links;
            this.serve = serve;
        }

        /** True if the answer comes later. */
        boolean run() {
            run(0);
            return later;
        }

        private void run(int at) {
            if (at == links.size()) {
                later = serve.test(call);
                return;
            }
            ServerInterceptor interceptor = links.get(at);
            Link link = new Link(interceptor, at);
            try {
                interceptor.intercept(call, link);
                link.over = true;
                if (!link.proceeded && !isSettled()) {
                    LOG.error(
                            "Interceptor {} neither proceeded with a call of {} by {} nor said why; it is refused",
                            interceptor.getClass().getName(),
                            call.method(),
                            call.caller());
                    replies.refuse(call, "an interceptor did not proceed with it; it was not executed");
                }
            } catch (Throwable e) { // also what nobody may throw there, or the call would have no answer
                link.over = true;
                if (link.proceeded) {
                    failedAfter(interceptor, call.method(), e);
                } else {
                    replies.refuse(call, e);
                }
            }
        }

        private synchronized boolean isSettled() {
            return outcome != null;
        }

        /** False if there is nothing to proceed with, because the call has its answer: it was cancelled. */
        private boolean await(GuardedFuture<CallOutcome> answered) {
            CallOutcome known;
            synchronized (this) {
                known = outcome;
                if (known == null) {
                    waiting.add(answered);
                    return true;
                }
            }
            answered.complete(known);
            return false;
        }

        /** The call has its answer. Innermost first, as if each had waited for what it wraps. */
        void settled(CallOutcome ended) {
            List<GuardedFuture<CallOutcome>> last;
            synchronized (this) {
                outcome = ended;
                last = List.copyOf(waiting);
            }
            for (int i = last.size() - 1; i >= 0; i--) {
                try {
                    last.get(i).complete(ended);
                } catch (Throwable e) { // of an exception that cannot be printed, for instance; others are to be told
                    FailureLog.error(LOG, e, "What hangs on the outcome of a call of {} failed", ended.method());
                }
            }
        }

        private final class Link implements ServerInterceptor.Next {

            private final ServerInterceptor interceptor;
            private final int at;
            private final Thread thread = Thread.currentThread();
            private boolean proceeded; // confined to that thread, like what is below
            private boolean over;

            Link(ServerInterceptor interceptor, int at) {
                this.interceptor = interceptor;
                this.at = at;
            }

            @Override
            public CompletionStage<CallOutcome> proceed() {
                if (Thread.currentThread() != thread || over || proceeded) {
                    throw new IllegalStateException("Interceptor "
                            + interceptor.getClass().getName() + " must proceed once with a call of " + call.method()
                            + ", on the thread that it is called on, before it returns");
                }
                proceeded = true;
                GuardedFuture<CallOutcome> answered = new GuardedFuture<>();
                if (await(answered)) {
                    run(at + 1);
                }
                return answered.copy();
            }
        }
    }
}

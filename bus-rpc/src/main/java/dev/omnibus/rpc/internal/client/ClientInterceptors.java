package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.ClientInterceptor;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The interceptor chain of a client: each interceptor wraps those behind it, and the call. Thread-safe. */
final class ClientInterceptors {

    private static final Logger LOG = LoggerFactory.getLogger(ClientInterceptors.class);

    private volatile List<ClientInterceptor> interceptors = List.of();

    synchronized void add(ClientInterceptor interceptor) {
        List<ClientInterceptor> more = new ArrayList<>(interceptors);
        more.add(interceptor);
        interceptors = List.copyOf(more);
    }

    boolean isEmpty() {
        return interceptors.isEmpty();
    }

    /** A call or a broadcast, as its interceptors see it. */
    interface Target<T> {

        /**
         * Whether it can honour options.
         *
         * @throws IllegalArgumentException if it cannot
         */
        void check(CallOptions options);

        /** Begins it; the chain is to {@linkplain Chain#follow follow} it. */
        void begin(CallOptions options, Chain<T> chain);

        /** It is not begun. */
        void refused(Throwable why);
    }

    /** Sends a call through the interceptors that there are now. */
    <T> CompletableFuture<T> intercept(String method, CallOptions given, Target<T> target) {
        return new Chain<>(method, given, interceptors, target).run();
    }

    /**
     * One call on its way, and the future that its caller has, which is completed after all that hangs on the outcome.
     * It runs on the thread that makes the call; by then it is known who waits for the outcome.
     */
    static final class Chain<T> {

        private final String method;
        private final List<ClientInterceptor> links;
        private final Target<T> target;
        private final long started = System.nanoTime();
        private final CallFuture<T> future = new CallFuture<>(this::givenUp);
        private final List<GuardedFuture<CallOutcome>> waiting = new ArrayList<>(2); // outermost first
        private CallOptions options;
        private @Nullable Throwable thrown;
        private volatile @Nullable CompletableFuture<T> call;

        private Chain(String method, CallOptions given, List<ClientInterceptor> links, Target<T> target) {
            this.method = method;
            this.options = given;
            this.links = links;
            this.target = target;
        }

        private CompletableFuture<T> run() {
            run(0);
            Throwable failure = thrown;
            if (failure != null) {
                throw ServiceProxy.<RuntimeException>unchecked(failure);
            }
            return future;
        }

        private void run(int at) {
            if (at == links.size()) {
                try {
                    target.begin(options, this);
                } catch (RuntimeException | Error e) {
                    broken(e);
                }
                return;
            }
            ClientInterceptor interceptor = links.get(at);
            Link link = new Link(interceptor, at);
            try {
                interceptor.intercept(method, options, link);
                link.over = true;
                if (!link.proceeded) {
                    refuse(RpcException.refused(
                            "the interceptor " + interceptor.getClass().getName() + " did not proceed with it"));
                }
            } catch (Throwable e) { // also what nobody may throw there, or the call would have no end
                link.over = true;
                if (link.proceeded) {
                    FailureLog.error(
                            LOG,
                            e,
                            "Interceptor {} failed after a call of {}",
                            interceptor.getClass().getName(),
                            method);
                } else if (e instanceof RpcException no) {
                    refuse(no);
                } else {
                    broken(e);
                }
            }
        }

        /** An interceptor says no. */
        private void refuse(RpcException no) {
            RpcException why =
                    RpcFailures.of(no.reason(), true, method, "", Duration.ZERO, String.valueOf(no.getMessage()), no);
            target.refused(why);
            end(null, why, "", 0, Optional.of(why.reason()));
        }

        /** Something was thrown that the thread which makes the call gets. */
        private void broken(Throwable failure) {
            thrown = failure;
            if (!future.isDone()) {
                target.refused(failure);
                end(null, failure, "", 0, Optional.of(Reason.REFUSED));
            }
        }

        /**
         * The call is begun, and ends when this does.
         *
         * @param node the last one that had it
         * @param code of the error that was answered; 0 if none was
         * @param failing why a value counts as none
         */
        void follow(
                CompletableFuture<T> begun,
                Supplier<String> node,
                IntSupplier code,
                Function<T, Optional<Reason>> failing) {
            call = begun;
            begun.whenComplete((value, failure) -> end(
                    value,
                    failure,
                    node.get(),
                    code.getAsInt(),
                    failure == null ? failing.apply(value) : RpcFailures.reasonOf(failure)));
        }

        /** Innermost first, as if each had waited for what it wraps. */
        private void end(
                @Nullable T value, @Nullable Throwable failure, String node, int code, Optional<Reason> reason) {
            CallOutcome outcome = new CallOutcome(
                    method, node, options.headers(), Duration.ofNanos(System.nanoTime() - started), reason, code);
            for (int i = waiting.size() - 1; i >= 0; i--) {
                try {
                    waiting.get(i).complete(outcome);
                } catch (Throwable e) { // of an exception that cannot be printed, for instance; the call has to end
                    FailureLog.error(LOG, e, "What hangs on the outcome of a call of {} failed", method);
                }
            }
            if (failure == null) {
                future.succeed(value);
            } else {
                future.fail(failure);
            }
        }

        private void givenUp() {
            CompletableFuture<T> begun = call;
            if (begun != null) {
                begun.cancel(true);
            }
        }

        private final class Link implements ClientInterceptor.Next {

            private final ClientInterceptor interceptor;
            private final int at;
            private final Thread thread = Thread.currentThread();
            private boolean proceeded; // confined to that thread, like what is below
            private boolean over;

            Link(ClientInterceptor interceptor, int at) {
                this.interceptor = interceptor;
                this.at = at;
            }

            @Override
            public CompletionStage<CallOutcome> proceed(CallOptions used) {
                if (Thread.currentThread() != thread || over || proceeded) {
                    throw new IllegalStateException("Interceptor "
                            + interceptor.getClass().getName() + " must proceed once with a call of " + method
                            + ", on the thread that it is called on, before it returns");
                }
                target.check(Objects.requireNonNull(used, "options"));
                proceeded = true;
                options = used;
                GuardedFuture<CallOutcome> ended = new GuardedFuture<>();
                waiting.add(ended);
                run(at + 1);
                return ended.copy();
            }
        }
    }
}

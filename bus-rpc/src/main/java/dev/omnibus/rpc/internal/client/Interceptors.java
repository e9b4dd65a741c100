package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.ClientInterceptor;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The interceptors of a client: asked before each call and broadcast, and told after it. Thread-safe. */
public final class Interceptors {

    private static final Logger LOG = LoggerFactory.getLogger(Interceptors.class);

    private final List<ClientInterceptor> interceptors = new CopyOnWriteArrayList<>();

    public void add(ClientInterceptor interceptor) {
        interceptors.add(interceptor);
    }

    public boolean isEmpty() {
        return interceptors.isEmpty();
    }

    /**
     * The options to use.
     *
     * @throws RpcException if one of them says no
     */
    public CallOptions before(String method, CallOptions given) {
        CallOptions options = given;
        try {
            for (ClientInterceptor interceptor : interceptors) {
                options = Objects.requireNonNull(interceptor.before(method, options), "options to use");
            }
        } catch (RpcException e) {
            throw RpcFailures.of(e.reason(), true, method, "", Duration.ZERO, String.valueOf(e.getMessage()), e);
        }
        return options;
    }

    /**
     * Tells them when it ends.
     *
     * @param node the last one that had it
     * @param failing why a value counts as none
     */
    public <T> void after(
            CompletableFuture<T> future,
            String method,
            CallOptions used,
            Supplier<String> node,
            Function<T, Optional<Reason>> failing) {
        long started = System.nanoTime();
        future.whenComplete((value, failure) -> tell(new CallOutcome(
                method,
                node.get(),
                used.headers(),
                Duration.ofNanos(System.nanoTime() - started),
                failure == null ? failing.apply(value) : RpcFailures.reasonOf(failure))));
    }

    private void tell(CallOutcome outcome) {
        for (ClientInterceptor interceptor : interceptors) {
            try {
                interceptor.after(outcome);
            } catch (Throwable e) {
                FailureLog.error(LOG, e, "An interceptor failed after a call of {}", outcome.method());
            }
        }
    }
}

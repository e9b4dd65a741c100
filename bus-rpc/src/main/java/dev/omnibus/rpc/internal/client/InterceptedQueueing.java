package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.internal.client.ClientInterceptors.Chain;
import dev.omnibus.rpc.internal.client.ClientInterceptors.Target;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.wire.QueuedId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A queued call that passes interceptors on its way: they see its outcome, and may add headers, or refuse it. */
final class InterceptedQueueing<T> implements Target<T> {

    private final ClientRuntime client;
    private final RemoteMethod method;
    private final byte[] params;
    private final QueueSettings settings;
    private @Nullable QueuedCall<T> begun; // confined to the thread that makes the call

    InterceptedQueueing(ClientRuntime client, RemoteMethod method, byte[] params, QueueSettings settings) {
        this.client = client;
        this.method = method;
        this.params = params;
        this.settings = settings;
    }

    QueuedCall<T> through(ClientInterceptors interceptors, CallOptions options) {
        CompletableFuture<T> result = interceptors.intercept(method.name(), options, this);
        QueuedCall<T> call = begun;
        if (call != null) {
            return call.withResult(result);
        }
        CompletableFuture<Void> refused = result.thenApply(never -> null);
        String token = settings.key().isEmpty() ? "refused" : settings.key();
        return new QueuedCall<>(
                new QueuedId(method.name(), token), refused, result, () -> CompletableFuture.completedFuture(false));
    }

    @Override
    public void check(CallOptions used) {
        CallSettings.of(used).requireQueue();
    }

    @Override
    public void begin(CallOptions used, Chain<T> chain) {
        QueuedCall<T> call = client.queued()
                .enqueue(method, params, settings, CallSettings.of(used).headerPart());
        begun = call;
        chain.follow(call.result(), () -> "", () -> 0, value -> Optional.empty());
    }

    @Override
    public void refused(Throwable why) {
        client.failed(why);
    }
}

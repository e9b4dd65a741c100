package dev.omnibus.transport.redisson.stream;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.side.SideConnection;
import dev.omnibus.transport.redisson.side.SideConnections;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.redisson.api.RedissonClient;

/**
 * Waits until replicas have what was written, on a connection of its own, where WAIT blocks nothing else. Thread-safe.
 */
final class ReplicaWaits {

    private final SideConnections connections;
    private SideConnection.@Nullable User user; // guarded by this

    ReplicaWaits(SideConnections connections) {
        this.connections = connections;
    }

    /**
     * Waits a moment. What is answered by another connection than was asked first, says nothing of what that one has
     * written.
     *
     * @param millis for how long at most; others wait for that, so it is less than an answer may take
     * @param write what WAIT waits for, as it comes after all that is to be waited for; answers 1, or there is nothing
     */
    CompletableFuture<Boolean> await(
            String key,
            int replicas,
            boolean synced,
            int millis,
            Function<RedissonClient, CompletableFuture<Long>> write) {
        SideConnection.User one = user();
        long connection = one.newest();
        return one.ask(client -> write.apply(client)
                        .thenCompose(there -> there == 1
                                ? RedissonInternals.awaitReplicas(client, key, replicas, synced, millis)
                                : CompletableFuture.completedFuture(false)))
                .thenApply(confirmed -> confirmed && connection == one.newest());
    }

    private synchronized SideConnection.User user() {
        SideConnection.User open = user == null ? connections.openToWait() : user;
        user = open;
        return open;
    }

    void close() {
        SideConnection.User open;
        synchronized (this) {
            open = user;
        }
        if (open != null) {
            open.close();
        }
    }
}

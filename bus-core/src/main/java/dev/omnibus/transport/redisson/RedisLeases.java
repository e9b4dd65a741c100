package dev.omnibus.transport.redisson;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RBucketAsync;
import org.redisson.api.RSetAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.codec.StringCodec;

/**
 * Entries that expire unless renewed: one key each, and a set that lists them. The set expires too, a while after the
 * last renewal of any, so that nothing stays in Redis when all have gone.
 */
final class RedisLeases {

    /** How many lease lifetimes the index outlives its last renewal. */
    private static final int INDEX_LIFETIMES = 10;

    private final RedissonClient client;

    RedisLeases(RedissonClient client) {
        this.client = client;
    }

    CompletableFuture<Void> renew(String index, String key, byte[] value, Duration ttl) {
        // Key first: who finds it in the index shall find it. One write each, because a cluster keeps them apart.
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        RBucketAsync<byte[]> entry = batch.getBucket(key, ByteArrayCodec.INSTANCE);
        entry.setAsync(value, ttl.toMillis(), TimeUnit.MILLISECONDS);
        RSetAsync<String> names = batch.getSet(index, StringCodec.INSTANCE);
        names.addAsync(key);
        names.expireAsync(ttl.multipliedBy(INDEX_LIFETIMES));
        return Failures.named("write " + key, batch.executeAsync().toCompletableFuture())
                .thenApply(done -> null);
    }

    CompletableFuture<Void> end(String index, String key) {
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        batch.getSet(index, StringCodec.INSTANCE).removeAsync(key);
        batch.getBucket(key, ByteArrayCodec.INSTANCE).deleteAsync();
        return Failures.named("remove " + key, batch.executeAsync().toCompletableFuture())
                .thenApply(done -> null);
    }

    CompletableFuture<Map<String, byte[]>> all(String index) {
        CompletableFuture<Map<String, byte[]>> found = client.<String>getSet(index, StringCodec.INSTANCE)
                .readAllAsync()
                .thenCompose(keys -> read(index, keys))
                .toCompletableFuture();
        return Failures.named("read " + index, found);
    }

    private CompletableFuture<Map<String, byte[]>> read(String index, Set<String> keys) {
        if (keys.isEmpty()) {
            return CompletableFuture.completedFuture(Map.of());
        }
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        Map<String, byte[]> found = new HashMap<>();
        for (String key : keys) {
            RBucketAsync<byte[]> entry = batch.getBucket(key, ByteArrayCodec.INSTANCE);
            entry.getAsync().thenAccept(value -> {
                synchronized (found) {
                    found.put(key, value); // null: it has expired
                }
            });
        }
        return batch.executeAsync().toCompletableFuture().thenApply(done -> {
            synchronized (found) {
                Object[] expired = found.keySet().stream()
                        .filter(key -> found.get(key) == null)
                        .toArray();
                found.values().removeIf(value -> value == null);
                if (expired.length > 0) {
                    // Its owner puts itself back with the next renewal, should this overtake one.
                    client.getSet(index, StringCodec.INSTANCE).removeAllAsync(List.of(expired));
                }
                return Map.copyOf(found);
            }
        });
    }
}

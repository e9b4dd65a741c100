package dev.omnibus.transport.redisson;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RBucketAsync;
import org.redisson.api.RSetAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.ByteArrayCodec;

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
        RSetAsync<byte[]> names = batch.getSet(index, ByteArrayCodec.INSTANCE);
        names.addAsync(utf8(key));
        names.expireAsync(ttl.multipliedBy(INDEX_LIFETIMES));
        return Failures.named("write " + key, batch.executeAsync().toCompletableFuture())
                .thenApply(done -> null);
    }

    CompletableFuture<Void> end(String index, String key) {
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        batch.getSet(index, ByteArrayCodec.INSTANCE).removeAsync(utf8(key));
        batch.getBucket(key, ByteArrayCodec.INSTANCE).deleteAsync();
        return Failures.named("remove " + key, batch.executeAsync().toCompletableFuture())
                .thenApply(done -> null);
    }

    CompletableFuture<Map<String, byte[]>> all(String index) {
        CompletableFuture<Map<String, byte[]>> found = client.<byte[]>getSet(index, ByteArrayCodec.INSTANCE)
                .readAllAsync()
                .thenCompose(
                        keys -> read(index, keys.stream().map(RedisLeases::text).collect(Collectors.toSet())))
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
                List<byte[]> expired = found.keySet().stream()
                        .filter(key -> found.get(key) == null)
                        .map(RedisLeases::utf8)
                        .toList();
                found.values().removeIf(value -> value == null);
                if (!expired.isEmpty()) {
                    // Its owner puts itself back with the next renewal, should this overtake one.
                    client.<byte[]>getSet(index, ByteArrayCodec.INSTANCE).removeAllAsync(expired);
                }
                return Map.copyOf(found);
            }
        });
    }

    // StringCodec would take a pooled buffer, which Redisson does not give back when the command fails.
    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

package dev.omnibus.transport.redisson;

import dev.omnibus.transport.Leases;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RScoredSortedSetAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.ByteArrayCodec;

/**
 * The same entries with plain commands, for users who may not run scripts. They do not ask Redis what time it is, so
 * they leave two marks for the script of the others to settle: an entry that is to be looked at, and a change that has
 * no number yet. Every look reads everything.
 */
final class PlainLeases {

    /** For so long what lists an entry outlives it. */
    private static final long LONGER_MILLIS = 10_000;

    private static final double TO_BE_LOOKED_AT = 0;
    private static final double NOT_NUMBERED = 0;
    private static final byte[] SOMETHING_IS_GONE = {};

    private final RedissonClient client;

    PlainLeases(RedissonClient client) {
        this.client = client;
    }

    CompletableFuture<Void> renew(String index, String key, byte[] value, Duration ttl, boolean same) {
        byte[] name = RedisLeases.utf8(key);
        RBatch batch = batch();
        batch.<byte[]>getBucket(key, ByteArrayCodec.INSTANCE).setAsync(value, ttl.toMillis(), TimeUnit.MILLISECONDS);
        CompletableFuture<Boolean> added =
                set(batch, index).addIfAbsentAsync(TO_BE_LOOKED_AT, name).toCompletableFuture();
        expire(batch, index, ttl.toMillis());
        return batch.executeAsync()
                .thenCompose(done -> added)
                .thenCompose(isNew -> same && !isNew ? nothing() : mark(index, name, ttl))
                .toCompletableFuture();
    }

    private CompletableFuture<Void> mark(String index, byte[] name, Duration ttl) {
        RBatch batch = batch();
        mark(batch, index, name);
        expire(batch, index, ttl.toMillis());
        return batch.executeAsync().toCompletableFuture().thenApply(done -> null);
    }

    /** Any other version makes the others look. */
    private static void mark(RBatch batch, String index, byte[] name) {
        set(batch, RedisLeases.changes(index)).addAsync(NOT_NUMBERED, name);
        batch.getAtomicLong(RedisLeases.version(index)).incrementAndGetAsync();
    }

    /** By their names: Redisson's objects let themselves expire by a script. */
    @SuppressWarnings("deprecation") // the one that takes a Duration may do it by a script too
    private static void expire(RBatch batch, String index, long millis) {
        for (String name : List.of(index, RedisLeases.changes(index), RedisLeases.version(index))) {
            batch.getKeys().expireAsync(name, millis + LONGER_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static CompletableFuture<Void> nothing() {
        return CompletableFuture.completedFuture(null);
    }

    CompletableFuture<Void> end(String index, String key) {
        RBatch batch = batch();
        batch.getBucket(key, ByteArrayCodec.INSTANCE).deleteAsync();
        remove(batch, index, List.of(key));
        return batch.executeAsync().toCompletableFuture().thenApply(done -> null);
    }

    private static void remove(RBatch batch, String index, Collection<String> keys) {
        List<byte[]> names = keys.stream().map(RedisLeases::utf8).toList();
        set(batch, index).removeAllAsync(names);
        set(batch, RedisLeases.changes(index)).removeAllAsync(names);
        mark(batch, index, SOMETHING_IS_GONE);
        expire(batch, index, LONGER_MILLIS);
    }

    CompletableFuture<Leases> look(String index, long since) {
        return client.<byte[]>getScoredSortedSet(index, ByteArrayCodec.INSTANCE)
                .readAllAsync()
                .toCompletableFuture()
                .thenCompose(names -> {
                    Set<String> keys = names.stream()
                            .map(name -> new String(name, StandardCharsets.UTF_8))
                            .collect(Collectors.toSet());
                    return values(keys).thenApply(values -> {
                        keys.removeAll(values.keySet());
                        if (!keys.isEmpty()) {
                            // Its owner puts itself back with the next renewal, should this overtake one.
                            RBatch batch = batch();
                            remove(batch, index, keys);
                            batch.executeAsync();
                        }
                        return new Leases(since + 1, values.keySet(), values);
                    });
                });
    }

    /** What the entries say that stand. */
    CompletableFuture<Map<String, byte[]>> values(Set<String> keys) {
        if (keys.isEmpty()) {
            return CompletableFuture.completedFuture(Map.of());
        }
        RBatch batch = batch();
        Map<String, byte[]> found = new HashMap<>();
        for (String key : keys) {
            batch.<byte[]>getBucket(key, ByteArrayCodec.INSTANCE).getAsync().thenAccept(value -> {
                synchronized (found) {
                    if (value != null) { // else it has expired
                        found.put(key, value);
                    }
                }
            });
        }
        return batch.executeAsync().toCompletableFuture().thenApply(done -> {
            synchronized (found) {
                return Map.copyOf(found);
            }
        });
    }

    private RBatch batch() {
        return client.createBatch(BatchOptions.defaults().retryAttempts(0));
    }

    private static RScoredSortedSetAsync<byte[]> set(RBatch batch, String name) {
        return batch.getScoredSortedSet(name, ByteArrayCodec.INSTANCE);
    }
}

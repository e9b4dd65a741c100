package dev.omnibus.transport.redisson.lease;

import dev.omnibus.transport.LeaseUpdate;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.redisson.api.RBatch;
import org.redisson.api.RFuture;
import org.redisson.api.RScoredSortedSetAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.protocol.ScoredEntry;

/**
 * The same leases with plain commands, for users without the right to run scripts. These do not know Redis' clock, so
 * they leave two markers for the script of the others to settle: an entry that is to be checked, and a change that has
 * no version yet. A user without the right to write only reads.
 */
final class PlainLeases {

    /** For so long what lists an entry outlives it. */
    private static final long LONGER_MILLIS = 10_000;

    private static final double TO_BE_CHECKED = 0;
    private static final double NOT_NUMBERED = 0;
    private static final byte[] SOMETHING_IS_GONE = {};

    private final RedissonClient client;
    private final Map<String, Double> due = new ConcurrentHashMap<>(); // by index, when the first entry is checked

    PlainLeases(RedissonClient client) {
        this.client = client;
    }

    CompletableFuture<Void> renew(String index, String key, byte[] value, Duration ttl, boolean same) {
        return write(index, key, value, ttl, same)
                .thenCompose(fine ->
                        fine ? done(true) : repair(index).thenCompose(done -> write(index, key, value, ttl, false)))
                .thenApply(done -> null);
    }

    /** False if anybody has put something else in the place of the lists. */
    private CompletableFuture<Boolean> write(String index, String key, byte[] value, Duration ttl, boolean same) {
        byte[] name = RedisLeases.utf8(key);
        RBatch batch = batch();
        batch.<byte[]>getBucket(key, ByteArrayCodec.INSTANCE).setAsync(value, ttl.toMillis(), TimeUnit.MILLISECONDS);
        CompletableFuture<Boolean> added =
                set(batch, index).addIfAbsentAsync(TO_BE_CHECKED, name).toCompletableFuture();
        expire(batch, index, ttl.toMillis());
        return RedisLeases.executed(batch).thenCompose(fine -> {
            if (!fine || (same && !added.join())) {
                return done(fine);
            }
            RBatch marks = batch();
            mark(marks, index, name);
            expire(marks, index, ttl.toMillis());
            return RedisLeases.executed(marks);
        });
    }

    /** Takes out what is no list in the place of one, and no version. Fails where that is not allowed. */
    private CompletableFuture<Void> repair(String index) {
        RBatch batch = batch();
        Map<String, CompletableFuture<?>> sound = new HashMap<>();
        for (String name : List.of(index, RedisLeases.changes(index))) {
            sound.put(name, set(batch, name).sizeAsync().toCompletableFuture());
        }
        String version = RedisLeases.version(index);
        CompletableFuture<byte[]> written = batch.<byte[]>getBucket(version, ByteArrayCodec.INSTANCE)
                .getAsync()
                .toCompletableFuture();
        return RedisLeases.executed(batch).thenCompose(fine -> {
            RBatch deletes = batch();
            sound.forEach((name, answer) -> {
                if (answer.isCompletedExceptionally()) {
                    deletes.getKeys().deleteAsync(name);
                }
            });
            if (written.isCompletedExceptionally() || RedisLeases.number(written.join()) == 0) {
                deletes.getKeys().deleteAsync(version);
            }
            return deletes.executeAsync().thenApply(done -> (Void) null);
        });
    }

    /** Any other version makes the others read. */
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

    /**
     * What has changed, by the version that the script of others, or other plain users, have made known. If nobody runs
     * the script, which is so while the first entry that it has to check stays the same, the entries are counted.
     */
    CompletableFuture<LeaseUpdate> read(String index, long since) {
        RBatch batch = batch();
        CompletableFuture<byte[]> written = batch.<byte[]>getBucket(RedisLeases.version(index), ByteArrayCodec.INSTANCE)
                .getAsync()
                .toCompletableFuture();
        CompletableFuture<Collection<ScoredEntry<byte[]>>> next =
                set(batch, index).entryRangeAsync(0, 0).toCompletableFuture();
        CompletableFuture<Double> forgotten = set(batch, RedisLeases.changes(index))
                .getScoreAsync(SOMETHING_IS_GONE)
                .toCompletableFuture();
        return RedisLeases.executed(batch).thenCompose(fine -> {
            long version = fine ? RedisLeases.number(written.join()) : 0;
            if (!fine || (version == 0 && written.join() != null)) {
                repair(index); // which a user that may only read leaves to others
            }
            double first = fine && !next.join().isEmpty()
                    ? next.join().iterator().next().getScore()
                    : -1;
            Double before = due.put(index, first);
            boolean settled = before == null || before != first;
            Double complete = fine ? forgotten.join() : null;
            if (version == 0 || since == 0 || version < since) {
                return all(index, version);
            }
            if (version != since) {
                return complete == null || complete == NOT_NUMBERED || complete > since
                        ? all(index, version)
                        : changed(index, version, since);
            }
            return settled ? done(LeaseUpdate.unchanged(since)) : missing(index, since);
        });
    }

    private CompletableFuture<LeaseUpdate> all(String index, long version) {
        return names(index)
                .thenCompose(keys -> values(keys).thenApply(values -> {
                    Set<String> expired = new HashSet<>(keys);
                    expired.removeAll(values.keySet());
                    remove(index, expired);
                    return LeaseUpdate.all(version, values);
                }));
    }

    private CompletableFuture<LeaseUpdate> changed(String index, long version, long since) {
        RBatch batch = batch();
        RScoredSortedSetAsync<byte[]> changes = set(batch, RedisLeases.changes(index));
        CompletableFuture<Collection<byte[]>> later = changes.valueRangeAsync(
                        (double) since, false, (double) version, true)
                .toCompletableFuture();
        CompletableFuture<Collection<byte[]>> unnumbered =
                changes.valueRangeAsync(NOT_NUMBERED, true, NOT_NUMBERED, true).toCompletableFuture();
        return RedisLeases.executed(batch).thenCompose(fine -> {
            if (!fine) {
                return all(index, version);
            }
            Set<String> keys = texts(index, later.join());
            keys.addAll(texts(index, unnumbered.join()));
            return values(keys).thenApply(values -> {
                keys.removeAll(values.keySet());
                return new LeaseUpdate(version, false, values, justNow(keys));
            });
        });
    }

    /** The numbers of the changes are times of Redis, which a user without scripts cannot compare with its time. */
    private static Map<String, Duration> justNow(Set<String> gone) {
        return gone.stream().collect(Collectors.toMap(Function.identity(), key -> Duration.ZERO));
    }

    /** Those that are listed and have ended. */
    private CompletableFuture<LeaseUpdate> missing(String index, long since) {
        return names(index)
                .thenCompose(
                        keys -> each(keys, (batch, key) -> batch.getBucket(key).isExistsAsync()))
                .thenApply(exist -> {
                    Set<String> expired = new HashSet<>();
                    exist.forEach((key, exists) -> {
                        if (!exists) {
                            expired.add(key);
                        }
                    });
                    remove(index, expired);
                    return new LeaseUpdate(since, false, Map.of(), justNow(expired));
                });
    }

    /**
     * A user without the right to write leaves it to others. Its owner puts itself back with the next renewal, should
     * this overtake one.
     */
    private void remove(String index, Set<String> expired) {
        if (!expired.isEmpty()) {
            RBatch batch = batch();
            remove(batch, index, expired);
            batch.executeAsync();
        }
    }

    private CompletableFuture<Set<String>> names(String index) {
        RBatch batch = batch();
        CompletableFuture<Collection<byte[]>> names =
                set(batch, index).valueRangeAsync(0, -1).toCompletableFuture();
        return RedisLeases.executed(batch).thenApply(fine -> fine ? texts(index, names.join()) : Set.of());
    }

    private static Set<String> texts(String index, Collection<byte[]> names) {
        Set<String> texts = new HashSet<>();
        for (byte[] name : names) {
            if (name.length > 0) {
                texts.add(new String(name, StandardCharsets.UTF_8));
            }
        }
        texts.removeAll(RedisLeases.lists(index)); // somebody may have listed them as well
        return texts;
    }

    /** The values of the entries that stand. A value that is none, or too long to be read, is as good as nothing. */
    private CompletableFuture<Map<String, byte[]>> values(Set<String> keys) {
        return each(
                        keys,
                        (batch, key) ->
                                batch.getBucket(key, ByteArrayCodec.INSTANCE).sizeAsync())
                .thenCompose(sizes -> {
                    long left = RedisLeases.MAX_BYTES;
                    Set<String> readable = new HashSet<>();
                    for (Map.Entry<String, Long> size : sizes.entrySet()) {
                        if (size.getValue() > 0 && size.getValue() <= Math.min(left, LeaseUpdate.MAX_VALUE_BYTES)) {
                            left -= size.getValue();
                            readable.add(size.getKey());
                        }
                    }
                    return each(
                            readable,
                            (batch, key) -> batch.<byte[]>getBucket(key, ByteArrayCodec.INSTANCE)
                                    .getAsync());
                });
    }

    /** Asks the same of each key. Those of which there is no answer are not in the map. */
    private <T> CompletableFuture<Map<String, T>> each(Set<String> keys, BiFunction<RBatch, String, RFuture<T>> ask) {
        if (keys.isEmpty()) {
            return done(Map.of());
        }
        RBatch batch = batch();
        Map<String, CompletableFuture<T>> answers = new HashMap<>();
        keys.forEach(key -> answers.put(key, ask.apply(batch, key).toCompletableFuture()));
        return RedisLeases.executed(batch).thenApply(fine -> {
            Map<String, T> found = new HashMap<>();
            answers.forEach((key, answer) -> {
                if (answer.isDone() && !answer.isCompletedExceptionally() && answer.join() != null) {
                    found.put(key, answer.join());
                }
            });
            return found;
        });
    }

    private RBatch batch() {
        return RedisLeases.batch(client);
    }

    private static RScoredSortedSetAsync<byte[]> set(RBatch batch, String name) {
        return batch.getScoredSortedSet(name, ByteArrayCodec.INSTANCE);
    }

    private static <T> CompletableFuture<T> done(T value) {
        return CompletableFuture.completedFuture(value);
    }
}

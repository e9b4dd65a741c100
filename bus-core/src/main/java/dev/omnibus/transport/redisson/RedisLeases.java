package dev.omnibus.transport.redisson;

import dev.omnibus.transport.Leases;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RScriptAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisNoScriptException;
import org.redisson.client.codec.ByteArrayCodec;

/**
 * Entries that expire unless renewed, kept by one script on Redis' own clock. It takes out what has expired, and says
 * what has changed. It runs when something changes, and a few times a second for all who use the index together: a mark
 * that expires tells that it is time. Otherwise a renewal prolongs its entry and a look reads the version, so their
 * cost is the same for few entries and for many.
 *
 * <p>An entry is a key of its own, which alone knows when it ends. A sorted set, the index, lists the entries by when
 * to look whether they have ended, and a second one by when they last changed; the last of these changes is the
 * version. All of it expires a while after the last entry.
 */
final class RedisLeases {

    static final String SCRIPT = script();

    private static final String DIGEST = Failures.sha1(SCRIPT);
    private static final long UNKNOWN = 0;
    private static final Duration LOOKED_FOR = Duration.ofMillis(400); // as the script says

    private final RedissonClient client;
    private final PlainLeases plain;
    private final Map<String, byte[]> written = new ConcurrentHashMap<>(); // by key, what Redis was told last
    private volatile boolean scriptsAllowed = true;
    private volatile String glancedAt = "";
    private volatile long glanced;

    RedisLeases(RedissonClient client) {
        this.client = client;
        this.plain = new PlainLeases(client);
    }

    private static String script() {
        try (InputStream in = Objects.requireNonNull(RedisLeases.class.getResourceAsStream("leases.lua"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In the slot of the index, as are the entries. */
    static String changes(String index) {
        return index + ":changes:{" + index + "}";
    }

    static String version(String index) {
        return index + ":version:{" + index + "}";
    }

    private static String mark(String index) {
        return index + ":looked:{" + index + "}";
    }

    CompletableFuture<Long> renew(String index, String key, byte[] value, Duration ttl) {
        boolean same = Arrays.equals(written.get(key), value);
        return scripted(
                () -> same ? prolong(index, key, value, ttl) : write(index, key, value, ttl),
                () -> plain.renew(index, key, value, ttl, same).thenApply(done -> {
                    written.put(key, value);
                    return UNKNOWN;
                }),
                "write " + key);
    }

    private CompletableFuture<Long> write(String index, String key, byte[] value, Duration ttl) {
        return run(keys(index, key), utf8("write"), utf8(String.valueOf(ttl.toMillis())), value)
                .thenApply(answer -> {
                    written.put(key, value);
                    return version(answer);
                });
    }

    /** The script need not run for an entry that is there. Where the version is gone, everything may be. */
    @SuppressWarnings("deprecation") // the one that takes a Duration may do it by a script
    private CompletableFuture<Long> prolong(String index, String key, byte[] value, Duration ttl) {
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        CompletableFuture<Boolean> prolonged = batch.getKeys()
                .expireAsync(key, ttl.toMillis(), TimeUnit.MILLISECONDS)
                .toCompletableFuture();
        Glance glance = new Glance(batch, index);
        return batch.executeAsync().toCompletableFuture().thenCompose(done -> {
            if (!prolonged.join() || glance.version() == UNKNOWN) {
                return write(index, key, value, ttl);
            }
            return glance.isDue()
                    ? look(index, glance.version(), false).thenApply(Leases::version)
                    : done(glance.version());
        });
    }

    /** The version, and whether it is time to run the script. Of those who glance at the same time one is told so. */
    private static final class Glance {

        private static final byte[] LOOKED = utf8("1");

        private final CompletableFuture<byte[]> version;
        private final CompletableFuture<Boolean> due;

        Glance(RBatch batch, String index) {
            version = batch.<byte[]>getBucket(RedisLeases.version(index), ByteArrayCodec.INSTANCE)
                    .getAsync()
                    .toCompletableFuture();
            due = batch.<byte[]>getBucket(RedisLeases.mark(index), ByteArrayCodec.INSTANCE)
                    .setIfAbsentAsync(LOOKED, LOOKED_FOR)
                    .toCompletableFuture();
        }

        long version() {
            return number(version.join());
        }

        boolean isDue() {
            return due.join();
        }
    }

    CompletableFuture<Void> end(String index, String key) {
        written.remove(key);
        return scripted(
                () -> run(keys(index, key), utf8("end")).thenApply(answer -> null),
                () -> plain.end(index, key),
                "remove " + key);
    }

    CompletableFuture<Leases> look(String index, long since) {
        return scripted(() -> glance(index, since), () -> plain.look(index, since), "read " + index);
    }

    /** One plain command, if this client has asked a moment ago whether it is time for the script. */
    private CompletableFuture<Leases> glance(String index, long since) {
        long now = System.nanoTime();
        if (now - glanced < LOOKED_FOR.toNanos() && index.equals(glancedAt)) {
            return client.<byte[]>getBucket(version(index), ByteArrayCodec.INSTANCE)
                    .getAsync()
                    .toCompletableFuture()
                    .thenCompose(
                            found -> number(found) == since ? done(Leases.unchanged(since)) : look(index, since, true));
        }
        glancedAt = index;
        glanced = now;
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        Glance glance = new Glance(batch, index);
        return batch.executeAsync()
                .toCompletableFuture()
                .thenCompose(done -> glance.version() != since || glance.isDue()
                        ? look(index, since, true)
                        : done(Leases.unchanged(since)));
    }

    private CompletableFuture<Leases> look(String index, long since, boolean values) {
        List<Object> keys = List.of(index, changes(index), version(index), mark(index));
        return run(keys, utf8("look"), utf8(String.valueOf(since)))
                .thenCompose(answer -> values ? read(answer) : done(Leases.unchanged(version(answer))));
    }

    /** Version, number of keys, the keys, and those of them that have changed. */
    private CompletableFuture<Leases> read(List<Object> answer) {
        if (answer.size() == 1) {
            return done(Leases.unchanged(version(answer)));
        }
        int end = 2 + ((Long) answer.get(1)).intValue();
        Set<String> keys = texts(answer.subList(2, end));
        return plain.values(texts(answer.subList(end, answer.size())))
                .thenApply(changed -> new Leases(version(answer), keys, changed));
    }

    private static Set<String> texts(Collection<Object> names) {
        Set<String> texts = new LinkedHashSet<>();
        names.forEach(name -> texts.add(new String((byte[]) name, StandardCharsets.UTF_8)));
        return texts;
    }

    /** A refused script may have done a part of its work; the plain commands do the same again. */
    private <T> CompletableFuture<T> scripted(
            Supplier<CompletableFuture<T>> script, Supplier<CompletableFuture<T>> otherwise, String action) {
        CompletableFuture<T> result = scriptsAllowed
                ? script.get()
                        .handle((value, failure) -> {
                            if (failure == null) {
                                return done(value);
                            }
                            if (!Failures.isRefusal(failure)) {
                                return CompletableFuture.<T>failedFuture(failure);
                            }
                            scriptsAllowed &= !Failures.refusesScripts(failure);
                            return otherwise.get();
                        })
                        .thenCompose(Function.identity())
                : otherwise.get();
        return Failures.named(action, result);
    }

    private CompletableFuture<List<Object>> run(List<Object> keys, byte[]... arguments) {
        RScriptAsync scripts = client.getScript(ByteArrayCodec.INSTANCE);
        Object[] values = arguments;
        return scripts.<List<Object>>evalShaAsync(Mode.READ_WRITE, DIGEST, ReturnType.LIST, keys, values)
                .toCompletableFuture()
                .handle((answer, failure) -> failure instanceof RedisNoScriptException
                        ? scripts.<List<Object>>evalAsync(Mode.READ_WRITE, SCRIPT, ReturnType.LIST, keys, values)
                                .toCompletableFuture()
                        : failure == null ? done(answer) : CompletableFuture.<List<Object>>failedFuture(failure))
                .thenCompose(Function.identity());
    }

    private static List<Object> keys(String index, String key) {
        return List.of(index, changes(index), version(index), mark(index), key);
    }

    private static long number(byte @Nullable [] version) {
        return version == null ? UNKNOWN : Long.parseLong(new String(version, StandardCharsets.UTF_8));
    }

    private static long version(List<Object> answer) {
        return (Long) answer.get(0);
    }

    private static <T> CompletableFuture<T> done(T value) {
        return CompletableFuture.completedFuture(value);
    }

    // StringCodec would take a pooled buffer, which Redisson does not give back when the command fails.
    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

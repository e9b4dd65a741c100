package dev.omnibus.transport.redisson.lease;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RScriptAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisException;
import org.redisson.client.RedisNoScriptException;
import org.redisson.client.codec.ByteArrayCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leases in Redis, kept by one script on Redis' own clock, which takes out what has expired, and returns what has
 * changed. It runs when something changes, and once a second for all users of the index together: it is due when a
 * marker key has expired. Otherwise a renewal prolongs its entry and a poll reads the version, so their cost is the
 * same for few entries and for many.
 *
 * <p>An entry is a key of its own, which alone knows when it ends. A sorted set, the index, lists the entries by when
 * the script has last examined each, and a second one by when they last changed; the last of these changes is the
 * version. All of it expires a while after the last entry.
 */
public final class RedisLeases {

    static final String SCRIPT = script();

    /** Of a read of everything; far more than any use. What is beyond it is left out, as if it did not stand. */
    static final long MAX_BYTES = 64L * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(RedisLeases.class);
    private static final String DIGEST = RedissonFailures.sha1(SCRIPT);
    private static final long UNKNOWN = 0;
    private static final Duration POLL_PERIOD =
            Duration.ofMillis(900); // as in the script; less than the interval of a user
    private static final int CHECKED = 10; // one of so many renewals, and of polls
    private static final Duration REFUSED_FOR = Duration.ofMinutes(1);

    private final RedissonClient client;
    private final PlainLeases plain;
    private final Map<String, Written> written = new ConcurrentHashMap<>(); // by key
    private final AtomicInteger polls = new AtomicInteger();
    private volatile long refused = System.nanoTime() - REFUSED_FOR.toNanos(); // when the script was, last
    private volatile byte @Nullable [] lastMark; // at the last renewal
    private volatile String polledIndex = "";
    private volatile long polled;

    /** The value that was written last, and how often it was renewed. */
    private record Written(byte[] value, AtomicInteger renewals) {

        Written(byte[] value) {
            this(value, new AtomicInteger());
        }
    }

    public RedisLeases(RedissonClient client) {
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
        return index + ":checked:{" + index + "}";
    }

    public CompletableFuture<Long> renew(String index, String key, byte[] value, Duration ttl) {
        Written known = written.get(key);
        Written last = known != null && Arrays.equals(known.value, value) ? known : null;
        boolean same = last != null;
        return scripted(
                () -> last != null ? prolong(index, key, last, ttl) : write(index, key, value, ttl),
                () -> plain.renew(index, key, value, ttl, same).thenApply(done -> {
                    written.put(key, new Written(value));
                    return UNKNOWN;
                }),
                "write " + key);
    }

    private CompletableFuture<Long> write(String index, String key, byte[] value, Duration ttl) {
        return run(keys(index, key), utf8("write"), utf8(String.valueOf(ttl.toMillis())), value)
                .thenApply(answer -> {
                    written.put(key, new Written(value));
                    return version(answer);
                });
    }

    /**
     * The script need not run for an entry that is there. Where the version is gone, everything may be. And now and
     * then it is checked whether the entry is listed, and has its value.
     */
    @SuppressWarnings("deprecation") // the one that takes a Duration may do it by a script
    private CompletableFuture<Long> prolong(String index, String key, Written last, Duration ttl) {
        boolean checked = last.renewals.incrementAndGet() % CHECKED == 0;
        CompletableFuture<Boolean> prolonged = client.getKeys()
                .expireAsync(key, ttl.toMillis(), TimeUnit.MILLISECONDS)
                .toCompletableFuture();
        if (prolonged
                .isCompletedExceptionally()) { // as where no master has the slot, for which the next one is not made
            return prolonged.thenApply(done -> UNKNOWN);
        }
        CompletableFuture<Boolean> listed = checked ? isListed(index, key) : done(true);
        CompletableFuture<Map<String, byte[]>> read = client.getBuckets(ByteArrayCodec.INSTANCE)
                .<byte[]>getAsync(
                        checked
                                ? new String[] {version(index), mark(index), key}
                                : new String[] {version(index), mark(index)})
                .toCompletableFuture();
        return prolonged
                .thenCombine(listed, Boolean::logicalAnd)
                .thenCombine(read, (stands, texts) -> {
                    long version = number(texts.get(version(index)));
                    boolean same = !checked || Arrays.equals(last.value, texts.get(key));
                    if (!stands || version == UNKNOWN || !same) {
                        return write(index, key, last.value, ttl);
                    }
                    return isDue(index, texts.get(mark(index)))
                            .thenCompose(due -> due
                                    ? run(lists(index), utf8("poll"), utf8(String.valueOf(version)), utf8("0"))
                                            .thenApply(RedisLeases::version)
                                    : done(version));
                })
                .thenCompose(Function.identity());
    }

    /** What is there in place of the list lists nothing. */
    private CompletableFuture<Boolean> isListed(String index, String key) {
        return client.getScoredSortedSet(index, ByteArrayCodec.INSTANCE)
                .getScoreAsync(utf8(key))
                .toCompletableFuture()
                .handle((score, failure) -> failure == null || isMisplaced(failure)
                        ? done(score != null)
                        : CompletableFuture.<Boolean>failedFuture(failure))
                .thenCompose(Function.identity());
    }

    /** Another one each time, so that one that does not expire is found out; no number, as the script's are. */
    private static byte[] newMark() {
        return utf8("due " + System.nanoTime());
    }

    /** Of those that miss the mark at the same time it is due for one; and for who finds one that does not expire. */
    private CompletableFuture<Boolean> isDue(String index, byte @Nullable [] mark) {
        byte[] before = lastMark;
        lastMark = mark;
        if (mark != null) {
            return done(Arrays.equals(mark, before));
        }
        return client.<byte[]>getBucket(mark(index), ByteArrayCodec.INSTANCE)
                .setIfAbsentAsync(newMark(), POLL_PERIOD)
                .toCompletableFuture();
    }

    /**
     * The version, and whether it is time to run the script. Of those that poll at the same time it is due for one. If
     * it is checked, also where there is a marker that does not expire.
     */
    private static final class Poll {

        private final CompletableFuture<byte[]> version;
        private final CompletableFuture<Boolean> due;
        private final CompletableFuture<Long> remaining;

        Poll(RBatch batch, String index, boolean checked) {
            version = batch.<byte[]>getBucket(RedisLeases.version(index), ByteArrayCodec.INSTANCE)
                    .getAsync()
                    .toCompletableFuture();
            due = batch.<byte[]>getBucket(RedisLeases.mark(index), ByteArrayCodec.INSTANCE)
                    .setIfAbsentAsync(newMark(), POLL_PERIOD)
                    .toCompletableFuture();
            remaining = checked
                    ? batch.getBucket(RedisLeases.mark(index))
                            .remainTimeToLiveAsync()
                            .toCompletableFuture()
                    : done(0L);
        }

        long version() {
            return number(version.join());
        }

        boolean isDue() {
            return due.join() || remaining.join() == -1 || remaining.join() > POLL_PERIOD.toMillis();
        }
    }

    public CompletableFuture<Void> end(String index, String key) {
        written.remove(key);
        return scripted(
                () -> run(keys(index, key), utf8("end")).thenApply(answer -> null),
                () -> plain.end(index, key),
                "remove " + key);
    }

    public CompletableFuture<LeaseUpdate> read(String index, long since) {
        return scripted(() -> poll(index, since), () -> plain.read(index, since), "read " + index);
    }

    /** One plain command, if this client has asked a moment ago whether it is time for the script. */
    private CompletableFuture<LeaseUpdate> poll(String index, long since) {
        long now = System.nanoTime();
        RBatch batch = batch(client);
        if (now - polled < POLL_PERIOD.toNanos() && index.equals(polledIndex)) {
            CompletableFuture<byte[]> version = batch.<byte[]>getBucket(version(index), ByteArrayCodec.INSTANCE)
                    .getAsync()
                    .toCompletableFuture();
            return executed(batch)
                    .thenCompose(fine ->
                            fine && number(version.join()) == since ? done(known(since)) : parts(index, since, null));
        }
        polledIndex = index;
        polled = now;
        Poll poll = new Poll(batch, index, polls.incrementAndGet() % CHECKED == 0);
        return executed(batch)
                .thenCompose(fine -> fine && poll.version() == since && !poll.isDue()
                        ? done(known(since))
                        : parts(index, since, null));
    }

    private static LeaseUpdate known(long since) {
        return since == UNKNOWN ? LeaseUpdate.all(UNKNOWN, Map.of()) : LeaseUpdate.unchanged(since);
    }

    /** What the script answers is bounded, so it may take more than one. */
    private CompletableFuture<LeaseUpdate> parts(String index, long since, @Nullable Part before) {
        byte[] goOn = utf8(before != null && before.all ? "1" : "0");
        return run(lists(index), utf8("poll"), utf8(String.valueOf(since)), goOn)
                .thenCompose(answer -> {
                    Part part = before == null ? new Part() : before;
                    return part.add(answer) ? parts(index, part.version, part) : done(part.leases());
                });
    }

    /** What has been read of the entries. */
    private static final class Part {

        private final Map<String, byte[]> changed = new HashMap<>();
        private final Map<String, Duration> gone = new HashMap<>();
        private boolean all;
        private long version;
        private long bytes;

        /** Version, whether there is more, whether this is all, and names with values. True if there is more. */
        boolean add(List<Object> answer) {
            version = version(answer);
            if (answer.size() < 3) {
                return false;
            }
            if (!all && (Long) answer.get(2) == 1) {
                changed.clear();
                gone.clear();
                all = true;
            }
            for (int i = 3; i + 1 < answer.size(); i += 2) {
                add(new String((byte[]) answer.get(i), StandardCharsets.UTF_8), answer.get(i + 1));
            }
            return (Long) answer.get(1) == 1;
        }

        private void add(String key, Object what) {
            changed.remove(key);
            gone.remove(key);
            if (what instanceof Long millis) {
                bytes += key.length();
                gone.put(key, Duration.ofMillis(millis));
                return;
            }
            byte[] value = (byte[]) what;
            bytes += key.length() + value.length;
            if (bytes <= MAX_BYTES) {
                changed.put(key, value);
            } else {
                FailureLog.safely(() -> LOG.warn(
                        "{} was left out: the values of the entries are more than {} bytes together", key, MAX_BYTES));
            }
        }

        LeaseUpdate leases() {
            return new LeaseUpdate(version, all, changed, all ? Map.of() : gone);
        }
    }

    /**
     * A refused script may have done a part of its work; the plain commands do the same again. For a while the script
     * is not tried again.
     */
    private <T> CompletableFuture<T> scripted(
            Supplier<CompletableFuture<T>> script, Supplier<CompletableFuture<T>> otherwise, String action) {
        CompletableFuture<T> result = System.nanoTime() - refused >= REFUSED_FOR.toNanos()
                ? script.get()
                        .handle((value, failure) -> {
                            if (failure == null) {
                                return done(value);
                            }
                            if (!RedissonFailures.isRefusal(failure)) {
                                return CompletableFuture.<T>failedFuture(failure);
                            }
                            refused = System.nanoTime();
                            return otherwise.get();
                        })
                        .thenCompose(Function.identity())
                : otherwise.get();
        return RedissonFailures.named(action, result);
    }

    static RBatch batch(RedissonClient client) {
        return client.createBatch(BatchOptions.defaults().retryAttempts(0));
    }

    /** False if one of the commands has found a value of another kind than it should; the others have run. */
    static CompletableFuture<Boolean> executed(RBatch batch) {
        return batch.executeAsync()
                .toCompletableFuture()
                .handle((done, failure) -> {
                    if (failure != null && !isMisplaced(failure)) {
                        return CompletableFuture.<Boolean>failedFuture(failure);
                    }
                    return done(failure == null);
                })
                .thenCompose(Function.identity());
    }

    /** A list where a text should be, a text that is no number, or an infinite score, which Redisson does not read. */
    private static boolean isMisplaced(Throwable failure) {
        Throwable e =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (!(e instanceof RedisException)) {
            return e instanceof NumberFormatException;
        }
        String message = String.valueOf(e.getMessage());
        return message.startsWith("WRONGTYPE")
                || message.startsWith("ERR value is not an integer")
                || message.startsWith("ERR increment or decrement would overflow");
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

    static List<Object> lists(String index) {
        return List.of(index, changes(index), version(index), mark(index));
    }

    private static List<Object> keys(String index, String key) {
        return List.of(index, changes(index), version(index), mark(index), key);
    }

    /** Where somebody has written what is no version, it is as if there was none. */
    static long number(byte @Nullable [] version) {
        if (version == null || version.length == 0 || version.length > 16) {
            return UNKNOWN;
        }
        long number = 0;
        for (byte digit : version) {
            if (digit < '0' || digit > '9') {
                return UNKNOWN;
            }
            number = 10 * number + digit - '0';
        }
        return number;
    }

    private static long version(List<Object> answer) {
        return (Long) answer.get(0);
    }

    private static <T> CompletableFuture<T> done(T value) {
        return CompletableFuture.completedFuture(value);
    }

    // StringCodec would take a pooled buffer, which Redisson does not give back when the command fails.
    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package dev.omnibus.testing;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A JUnit extension that fails a test if it leaves something behind: threads, channels, keys, or anything that has a
 * name.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final LeakCheck leaks = LeakCheck.ofThreads("omnibus").channelsOf(() -> redis).keysOf(() -> redis);
 * }</pre>
 *
 * <p>It checks before the {@code @BeforeEach} methods and after the {@code @AfterEach} methods, so these may create and
 * close what they like; and it waits up to 20 seconds, because threads and leases end with a delay. Needs JUnit 5.13 or
 * newer on the class path, which this library does not depend on.
 *
 * <p>Confined to the thread that runs the tests.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(20);

    private final Map<String, Supplier<? extends Collection<String>>> gauges = new LinkedHashMap<>();
    private final Map<String, Set<String>> before = new LinkedHashMap<>();

    private Duration patience = PATIENCE;

    private LeakCheck() {}

    /**
     * Checks threads.
     *
     * @param prefixes the prefixes of their names, such as {@code omnibus}; other threads are ignored
     * @return an extension to register, and to add more checks to
     */
    public static LeakCheck ofThreads(String... prefixes) {
        List<String> wanted = List.of(prefixes);
        return new LeakCheck()
                .and(
                        "threads",
                        () -> Thread.getAllStackTraces().keySet().stream()
                                .filter(thread -> wanted.stream().anyMatch(thread.getName()::startsWith))
                                .map(thread -> thread.getName() + " #" + thread.getId())
                                .toList());
    }

    /**
     * Checks channels and patterns with subscribers.
     *
     * @param redis supplies the server when a test begins
     * @return this
     */
    public LeakCheck channelsOf(Supplier<RedisServer> redis) {
        return and("channels", () -> list(redis.get().command("PUBSUB", "CHANNELS")))
                .and("patterns", () -> patterns(redis.get().command("PUBSUB", "NUMPAT")));
    }

    /**
     * Checks keys without an expiry.
     *
     * @param redis supplies the server when a test begins
     * @return this
     */
    public LeakCheck keysOf(Supplier<RedisServer> redis) {
        return and(
                "keys",
                () -> list(redis.get().command("KEYS", "*")).stream()
                        .filter(key -> Long.valueOf(-1).equals(redis.get().command("PTTL", key)))
                        .toList());
    }

    /**
     * Checks something else.
     *
     * @param what its name, for the message
     * @param gauge returns what there is now
     * @return this
     */
    public LeakCheck and(String what, Supplier<? extends Collection<String>> gauge) {
        gauges.put(what, gauge);
        return this;
    }

    @CanIgnoreReturnValue
    LeakCheck within(Duration shorter) {
        patience = shorter;
        return this;
    }

    /** Returns a name for each, so that fewer than before are not a leak. */
    private static List<String> patterns(@Nullable Object count) {
        return LongStream.rangeClosed(1, count instanceof Long number ? number : 0)
                .mapToObj(number -> "pattern " + number)
                .toList();
    }

    private static List<String> list(@Nullable Object answer) {
        return answer instanceof List<?> items
                ? items.stream().map(String::valueOf).toList()
                : List.of();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        gauges.forEach((what, gauge) -> before.put(what, new TreeSet<>(gauge.get())));
    }

    @Override
    public void afterEach(ExtensionContext context) {
        long deadline = System.nanoTime() + patience.toNanos();
        List<String> left = left();
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(POLL.toNanos());
            left = left();
        }
        if (!left.isEmpty()) {
            throw new AssertionError(context.getDisplayName() + " left behind, " + patience.toSeconds()
                    + "s after its end: " + String.join("; ", left));
        }
    }

    private List<String> left() {
        List<String> left = new ArrayList<>();
        gauges.forEach((what, gauge) -> {
            Set<String> now = new TreeSet<>(gauge.get());
            now.removeAll(before.getOrDefault(what, Set.of()));
            if (!now.isEmpty()) {
                left.add(what + " " + now);
            }
        });
        return left;
    }
}

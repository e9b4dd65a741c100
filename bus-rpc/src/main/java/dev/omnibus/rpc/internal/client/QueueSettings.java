package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.QueueOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A value object: what {@link QueueOptions} hold, for the engine.
 *
 * @param expiry when a call expires that was not begun
 * @param delay how long it is not to be begun
 * @param retention how long its answer is kept
 * @param key by which it is known; empty if a random number is
 * @param limit how many may be in the queue
 * @param idempotent whether a method that is called by name is
 * @param call what interceptors see, with its headers
 */
public record QueueSettings(
        Duration expiry,
        Duration delay,
        Duration retention,
        String key,
        int limit,
        boolean idempotent,
        CallOptions call) {

    /** When nothing is said. */
    public static final QueueSettings DEFAULTS = new QueueSettings(
            Duration.ofHours(1), Duration.ZERO, Duration.ofMinutes(10), "", 100_000, false, CallOptions.defaults());

    private static volatile @Nullable Function<QueueOptions, QueueSettings> access;

    /** Said once, by the class of the options. */
    public static void allow(Function<QueueOptions, QueueSettings> found) {
        access = found;
    }

    /** What options hold. */
    public static QueueSettings of(QueueOptions options) {
        Objects.requireNonNull(options, "options");
        return Objects.requireNonNull(access, "said by their class").apply(options);
    }

    public QueueSettings withExpiry(Duration other) {
        return new QueueSettings(other, delay, retention, key, limit, idempotent, call);
    }

    public QueueSettings withDelay(Duration other) {
        return new QueueSettings(expiry, other, retention, key, limit, idempotent, call);
    }

    public QueueSettings withRetention(Duration other) {
        return new QueueSettings(expiry, delay, other, key, limit, idempotent, call);
    }

    public QueueSettings withKey(String other) {
        return new QueueSettings(expiry, delay, retention, other, limit, idempotent, call);
    }

    public QueueSettings withLimit(int other) {
        return new QueueSettings(expiry, delay, retention, key, other, idempotent, call);
    }

    public QueueSettings asIdempotent() {
        return new QueueSettings(expiry, delay, retention, key, limit, true, call);
    }

    public QueueSettings withCall(CallOptions other) {
        return new QueueSettings(expiry, delay, retention, key, limit, idempotent, other);
    }
}

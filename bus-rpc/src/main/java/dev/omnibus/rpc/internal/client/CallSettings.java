package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A value object: what {@link CallOptions} hold, for the engine, which reads more of it than a program does.
 *
 * @param timeout of the call; null if the contract says it, or nobody
 * @param attemptTimeout of an attempt; null if it has all the time there is
 * @param retries at most; {@link #AS_THE_CONTRACT_SAYS} if that depends on the method
 * @param idempotent whether a method that is called by name is
 * @param node which one is to execute it; empty if any may
 * @param stickyKey which calls stay together; empty if they need not
 * @param key by which a second call is known; empty if there is none
 * @param headers what is sent along
 * @param headerPart the same as bytes
 */
public record CallSettings(
        @Nullable Duration timeout,
        @Nullable Duration attemptTimeout,
        int retries,
        boolean idempotent,
        String node,
        String stickyKey,
        String key,
        Map<String, String> headers,
        byte[] headerPart) {

    /** Instead of a number of retries. */
    public static final int AS_THE_CONTRACT_SAYS = -1;

    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    private static final int IDEMPOTENT_RETRIES = 3;

    /** When nothing is said. */
    public static final CallSettings DEFAULTS = new CallSettings(
            null, null, AS_THE_CONTRACT_SAYS, false, "", "", "", Map.of(), RpcCodec.headerPart(Map.of()));

    private static volatile @Nullable Function<CallOptions, CallSettings> access;

    /** Said once, by the class of the options. */
    public static void allow(Function<CallOptions, CallSettings> found) {
        access = found;
    }

    /** What options hold. */
    public static CallSettings of(CallOptions options) {
        Objects.requireNonNull(options, "options");
        return Objects.requireNonNull(access, "said by their class").apply(options);
    }

    public CallSettings withTimeout(Duration other) {
        return new CallSettings(other, attemptTimeout, retries, idempotent, node, stickyKey, key, headers, headerPart);
    }

    public CallSettings withAttemptTimeout(Duration other) {
        return new CallSettings(timeout, other, retries, idempotent, node, stickyKey, key, headers, headerPart);
    }

    public CallSettings withRetries(int other) {
        return new CallSettings(timeout, attemptTimeout, other, idempotent, node, stickyKey, key, headers, headerPart);
    }

    public CallSettings asIdempotent() {
        return new CallSettings(timeout, attemptTimeout, retries, true, node, stickyKey, key, headers, headerPart);
    }

    public CallSettings withNode(String other) {
        return new CallSettings(
                timeout, attemptTimeout, retries, idempotent, other, stickyKey, key, headers, headerPart);
    }

    public CallSettings withStickyKey(String other) {
        return new CallSettings(timeout, attemptTimeout, retries, idempotent, node, other, key, headers, headerPart);
    }

    public CallSettings withKey(String other) {
        return new CallSettings(
                timeout, attemptTimeout, retries, idempotent, node, stickyKey, other, headers, headerPart);
    }

    /** Takes the map for its own. */
    public CallSettings withHeaders(Map<String, String> other) {
        Map<String, String> all = Collections.unmodifiableMap(other);
        byte[] part = RpcCodec.headerPart(all);
        return new CallSettings(timeout, attemptTimeout, retries, idempotent, node, stickyKey, key, all, part);
    }

    /** By when a call ends of a method whose contract says nothing. */
    public Duration timeoutOrDefault() {
        return timeout == null ? DEFAULT_TIMEOUT : timeout;
    }

    /** The timeout, if it was set here; else the contract's, if there is one. */
    public long timeoutNanos(long contractsMillis) {
        return timeout == null && contractsMillis > 0
                ? contractsMillis * 1_000_000
                : timeoutOrDefault().toNanos();
    }

    /** 0 if an attempt has all the time there is. */
    public long attemptNanos() {
        return attemptTimeout == null ? 0 : attemptTimeout.toNanos();
    }

    /** How often a call is tried again, at most. */
    public int retries(boolean isIdempotent) {
        if (retries != AS_THE_CONTRACT_SAYS) {
            return retries;
        }
        return isIdempotent ? IDEMPOTENT_RETRIES : 0;
    }
}

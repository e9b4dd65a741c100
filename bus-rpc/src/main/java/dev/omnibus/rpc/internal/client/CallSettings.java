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
 * @param affinity which calls stay together; empty if they need not
 * @param idempotencyKey by which a second call is known; empty if there is none
 * @param headers what is sent along
 * @param headerPart the same as bytes
 */
public record CallSettings(
        @Nullable Duration timeout,
        @Nullable Duration attemptTimeout,
        int retries,
        boolean idempotent,
        String node,
        String affinity,
        String idempotencyKey,
        Map<String, String> headers,
        byte[] headerPart) {

    /** Instead of a number of retries. */
    public static final int AS_THE_CONTRACT_SAYS = -1;

    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    private static final int IDEMPOTENT_RETRIES = 3;

    /** When nothing is said. */
    public static final CallSettings DEFAULTS = new CallSettings(
            null, null, AS_THE_CONTRACT_SAYS, false, "", "", "", Map.of(), RpcCodec.headerPart(Map.of()));

    private static final int MAX_READ_HEADERS = 64; // that a server reads, with those that are not the program's

    private static volatile @Nullable Function<CallOptions, CallSettings> access;
    private static volatile @Nullable Function<CallSettings, CallOptions> make;

    /** Said once, by the class of the options. */
    public static void allow(Function<CallOptions, CallSettings> found, Function<CallSettings, CallOptions> made) {
        access = found;
        make = made;
    }

    /** What options hold. */
    public static CallSettings of(CallOptions options) {
        Objects.requireNonNull(options, "options");
        return Objects.requireNonNull(access, "said by their class").apply(options);
    }

    /**
     * Options with other headers, the program's own and those of a trace; the same ones if there is no room for them.
     */
    static CallOptions traced(CallOptions given, Map<String, String> headers) {
        if (headers == given.headers()) {
            return given;
        }
        int characters = 0;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            boolean counts = !header.getKey().equals(RpcCodec.TRACE);
            characters += counts ? header.getKey().length() + header.getValue().length() : 0;
        }
        if (headers.size() > MAX_READ_HEADERS || characters > RpcCodec.MAX_HEADER_CHARACTERS) {
            return given;
        }
        return Objects.requireNonNull(make, "said by their class")
                .apply(of(given).withHeaders(headers));
    }

    public CallSettings withTimeout(Duration other) {
        return new CallSettings(
                other, attemptTimeout, retries, idempotent, node, affinity, idempotencyKey, headers, headerPart);
    }

    public CallSettings withAttemptTimeout(Duration other) {
        return new CallSettings(
                timeout, other, retries, idempotent, node, affinity, idempotencyKey, headers, headerPart);
    }

    public CallSettings withRetries(int other) {
        return new CallSettings(
                timeout, attemptTimeout, other, idempotent, node, affinity, idempotencyKey, headers, headerPart);
    }

    public CallSettings asIdempotent() {
        return new CallSettings(
                timeout, attemptTimeout, retries, true, node, affinity, idempotencyKey, headers, headerPart);
    }

    public CallSettings withNode(String other) {
        return new CallSettings(
                timeout, attemptTimeout, retries, idempotent, other, affinity, idempotencyKey, headers, headerPart);
    }

    public CallSettings withAffinity(String other) {
        return new CallSettings(
                timeout, attemptTimeout, retries, idempotent, node, other, idempotencyKey, headers, headerPart);
    }

    public CallSettings withIdempotencyKey(String other) {
        return new CallSettings(
                timeout, attemptTimeout, retries, idempotent, node, affinity, other, headers, headerPart);
    }

    /** Takes the map for its own. */
    public CallSettings withHeaders(Map<String, String> other) {
        Map<String, String> all = Collections.unmodifiableMap(other);
        byte[] part = RpcCodec.headerPart(all);
        return new CallSettings(
                timeout, attemptTimeout, retries, idempotent, node, affinity, idempotencyKey, all, part);
    }

    /**
     * Checks that a broadcast can honour them.
     *
     * @throws IllegalArgumentException that names an option which only a call to one node can
     */
    public void requireBroadcast() {
        String option = ofOneNode();
        if (!option.isEmpty()) {
            throw new IllegalArgumentException("A broadcast goes to all nodes, once, and cannot honour " + option
                    + "; ask with options that have only a timeout and headers, or call one node");
        }
    }

    /**
     * Checks that a queued call can honour them.
     *
     * @throws IllegalArgumentException that names an option which only a call can that is made at once
     */
    public void requireQueue() {
        String option = ofOneNode();
        if (!option.isEmpty()) {
            throw new IllegalArgumentException("A queued call is taken by the node that comes first, and cannot honour "
                    + option + "; its interceptors may only add headers");
        }
    }

    /**
     * Checks that a call can honour them that is made by another protocol than that of the bus.
     *
     * @throws IllegalArgumentException that names an option which only a call of the bus can
     */
    public void requireForeign() {
        String option = headers.isEmpty() ? ofOneNode() : "withHeader";
        if (!option.isEmpty()) {
            throw new IllegalArgumentException("A call by another protocol than that of the bus cannot honour " + option
                    + "; make it with options that have only a timeout");
        }
    }

    /** An option that is set and only means something for a call to one node of the bus; empty if none is. */
    private String ofOneNode() {
        if (!node.isEmpty()) {
            return "onNode";
        }
        if (!affinity.isEmpty()) {
            return "withAffinity";
        }
        if (!idempotencyKey.isEmpty()) {
            return "withIdempotencyKey";
        }
        if (attemptTimeout != null) {
            return "withAttemptTimeout";
        }
        if (retries > 0) {
            return "withRetries";
        }
        return idempotent ? "asIdempotent" : "";
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

package dev.omnibus.rpc;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a call may be told beyond its arguments. Immutable: each {@code with…} method gives a changed copy, to be made
 * once and used for many calls.
 */
public final class CallOptions {

    /** Retries of a method marked {@link Idempotent}, unless said otherwise. */
    static final int IDEMPOTENT_RETRIES = 3;

    /** The header that a call passes on to the calls that are made while it is served. */
    static final String TRACE = "traceparent";

    /** How the keys begin that calls get by themselves. */
    static final String OWN_KEY = "~";

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int AS_THE_CONTRACT_SAYS = -1;
    private static final int MOST_RETRIES = 100;
    private static final int MOST_HEADERS = 32;
    static final int LONGEST_TEXT = 4_096;
    private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    private static final CallOptions DEFAULTS =
            new CallOptions(null, null, AS_THE_CONTRACT_SAYS, false, "", "", "", Map.of());

    private final @Nullable Duration timeout;
    private final @Nullable Duration attemptTimeout;
    private final int retries;
    private final boolean idempotent;
    private final String node;
    private final String stickyKey;
    private final String key;
    private final Map<String, String> headers;
    private final byte[] headerPart;

    private CallOptions(
            @Nullable Duration timeout,
            @Nullable Duration attemptTimeout,
            int retries,
            boolean idempotent,
            String node,
            String stickyKey,
            String key,
            Map<String, String> headers) {
        this.timeout = timeout;
        this.attemptTimeout = attemptTimeout;
        this.retries = retries;
        this.idempotent = idempotent;
        this.node = node;
        this.stickyKey = stickyKey;
        this.key = key;
        this.headers = headers;
        this.headerPart = RpcCodec.headerPart(headers);
    }

    /**
     * What holds when nothing is said.
     *
     * @return the defaults
     */
    public static CallOptions defaults() {
        return DEFAULTS;
    }

    /**
     * By when a call ends, with a value or with an {@link RpcException}: 5 seconds by default, or what
     * {@link Timeout @Timeout} says in the contract. The server is told how much of it is left, so it does not start
     * what nobody waits for. Within a call that is being served, it is at most what is left of that one.
     *
     * @param newTimeout by when a call ends
     * @return the options
     * @throws IllegalArgumentException if it is not between 1 millisecond and 1 day
     */
    public CallOptions withTimeout(Duration newTimeout) {
        Duration checked = checked("timeout", newTimeout);
        return new CallOptions(checked, attemptTimeout, retries, idempotent, node, stickyKey, key, headers);
    }

    /**
     * By when one attempt is given up, so that there is time for another one. Without it an attempt has all the time of
     * the call.
     *
     * @param newTimeout by when an attempt ends
     * @return the options
     * @throws IllegalArgumentException if it is not between 1 millisecond and 1 day
     */
    public CallOptions withAttemptTimeout(Duration newTimeout) {
        Duration checked = checked("attempt timeout", newTimeout);
        return new CallOptions(timeout, checked, retries, idempotent, node, stickyKey, key, headers);
    }

    /**
     * How often a call that failed is tried again, after a pause that grows. What has not been executed is tried again
     * if it was {@code OVERLOADED}, {@code DRAINING}, {@code CONNECTION_LOST} or late; what may have been executed only
     * if the method is {@link Idempotent}. All retries of a client together are limited to a tenth of its calls and a
     * few, so that they cannot multiply an overload. Going on to another node because the first one is not there is no
     * retry and needs no permission.
     *
     * @param most 0 to 100; by default 3 for an idempotent method and 0 for others
     * @return the options
     * @throws IllegalArgumentException if it is negative or more than 100
     */
    public CallOptions withRetries(int most) {
        if (most < 0 || most > MOST_RETRIES) {
            throw new IllegalArgumentException(
                    "There cannot be " + most + " retries; it must be from 0 to " + MOST_RETRIES);
        }
        return new CallOptions(timeout, attemptTimeout, most, idempotent, node, stickyKey, key, headers);
    }

    /**
     * Says of methods that are called by name what {@link Idempotent @Idempotent} says in a contract.
     *
     * @return the options
     */
    public CallOptions asIdempotent() {
        return new CallOptions(timeout, attemptTimeout, retries, true, node, stickyKey, key, headers);
    }

    /**
     * Lets one node execute it, and no other.
     *
     * @param id the node's id, as the {@link Directory} gives it
     * @return the options
     * @throws IllegalArgumentException if it is not a node's id
     */
    public CallOptions onNode(String id) {
        if (id.isEmpty() || !RpcCodec.isNodeId(id)) {
            throw new IllegalArgumentException("\"" + id + "\" is not the id of a node");
        }
        return new CallOptions(timeout, attemptTimeout, retries, idempotent, id, stickyKey, key, headers);
    }

    /**
     * Sends all calls with the same key to the same node, as long as it is there. When nodes come or go, only the keys
     * of those nodes move.
     *
     * @param newKey what stays together, such as a customer's number
     * @return the options
     */
    public CallOptions withStickyKey(String newKey) {
        String checked = text("sticky key", newKey);
        return new CallOptions(timeout, attemptTimeout, retries, idempotent, node, checked, key, headers);
    }

    /**
     * Makes a call known by a key: a node that gets a second call of the same method with the same key, from the same
     * caller, does not execute it again but gives the answer of the first one, as long as it remembers it. With other
     * arguments it is {@code REFUSED}. When such a call fails, the node goes on with it, and a second one may fetch the
     * answer; only the last one that is cancelled ends it. For one call only; the retries of an idempotent method have
     * such a key by themselves. It need not be a secret: what is sent has a random number of this process behind it.
     *
     * @param newKey new for each thing that shall be done once
     * @return the options
     */
    public CallOptions withKey(String newKey) {
        String checked = text("key", newKey);
        if (checked.startsWith(OWN_KEY)) {
            throw new IllegalArgumentException("The key begins with \"" + OWN_KEY
                    + "\", as the keys do that calls get by themselves; begin it with something else");
        }
        return new CallOptions(timeout, attemptTimeout, retries, idempotent, node, stickyKey, checked, headers);
    }

    /**
     * Sends something along for the server's {@link CallContext#headers()}. The header {@code traceparent}, as the W3C
     * defines it, is passed on by itself to the calls that are made while this one is served, unless they have one.
     *
     * @param name 1 to 64 letters, digits, {@code _}, {@code -} and dots
     * @param value at most 4,096 characters
     * @return the options
     * @throws IllegalArgumentException if the name is not one, the value is longer, there are 32 headers already, or
     *     they have more than 65,536 characters together
     */
    public CallOptions withHeader(String name, String value) {
        if (!HEADER.matcher(name).matches()) {
            throw new IllegalArgumentException("The header name \"" + name
                    + "\" must be 1 to 64 letters, digits, '_', '-' and dots, for instance \"tenant\"");
        }
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, text("value of the header " + name, value));
        if (more.size() > MOST_HEADERS) {
            throw new IllegalArgumentException(
                    "A call can have " + MOST_HEADERS + " headers; " + name + " is one more");
        }
        int characters = more.entrySet().stream()
                .mapToInt(header -> header.getKey().length() + header.getValue().length())
                .sum();
        if (characters > RequestFields.MAX_HEADER_CHARACTERS) {
            throw new IllegalArgumentException("The headers of a call can have " + RequestFields.MAX_HEADER_CHARACTERS
                    + " characters together; with " + name + " they have " + characters);
        }
        return with(more);
    }

    /** The same within a call that has this trace. */
    CallOptions inTrace(String trace) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.putIfAbsent(TRACE, trace);
        return with(more);
    }

    private CallOptions with(Map<String, String> newHeaders) {
        Map<String, String> all = Collections.unmodifiableMap(newHeaders);
        return new CallOptions(timeout, attemptTimeout, retries, idempotent, node, stickyKey, key, all);
    }

    private static Duration checked(String what, Duration timeout) {
        if (timeout.toMillis() < 1 || timeout.toDays() >= 1) {
            throw new IllegalArgumentException(
                    "The " + what + " is " + timeout + "; it must be between 1 ms and 1 day");
        }
        return timeout;
    }

    private static String text(String what, String text) {
        if (Objects.requireNonNull(text, what).isEmpty() || text.length() > LONGEST_TEXT) {
            throw new IllegalArgumentException(
                    "The " + what + " has " + text.length() + " characters; it must have 1 to " + LONGEST_TEXT);
        }
        return text;
    }

    /**
     * By when a call ends.
     *
     * @return the timeout
     */
    public Duration timeout() {
        return timeout == null ? TIMEOUT : timeout;
    }

    /**
     * What is sent along.
     *
     * @return the headers, in the order in which they were set
     */
    public Map<String, String> headers() {
        return headers;
    }

    /** The timeout, if it was set here; else the contract's, if there is one. */
    long timeoutNanos(long contractsMillis) {
        return timeout == null && contractsMillis > 0
                ? contractsMillis * 1_000_000
                : timeout().toNanos();
    }

    /** 0 if an attempt has all the time there is. */
    long attemptNanos() {
        return attemptTimeout == null ? 0 : attemptTimeout.toNanos();
    }

    boolean idempotent() {
        return idempotent;
    }

    int retries(boolean isIdempotent) {
        if (retries != AS_THE_CONTRACT_SAYS) {
            return retries;
        }
        return isIdempotent ? IDEMPOTENT_RETRIES : 0;
    }

    /** Empty if any may do it. */
    String node() {
        return node;
    }

    /** Empty if calls need not stay together. */
    String stickyKey() {
        return stickyKey;
    }

    /** Empty if there is none. */
    String key() {
        return key;
    }

    byte[] headerPart() {
        return headerPart;
    }
}

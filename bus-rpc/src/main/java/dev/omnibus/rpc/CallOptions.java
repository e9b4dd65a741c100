package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.client.CallSettings;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Options of a call: its timeout, retries, routing and headers. Immutable: each {@code with…} method gives a changed
 * copy, to be made once and used for many calls.
 */
public final class CallOptions {

    static {
        CallSettings.allow(options -> options.settings, CallOptions::new);
    }

    private static final int MAX_RETRIES = 100;
    private static final int MAX_HEADERS = 32;
    private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final CallOptions DEFAULTS = new CallOptions(CallSettings.DEFAULTS);

    private final CallSettings settings;

    private CallOptions(CallSettings settings) {
        this.settings = settings;
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
     * {@link Timeout @Timeout} says in the contract. The request says how much of it is left, so that the server does
     * not start what nobody waits for. Within a call that is being served, it is at most what is left of that one.
     *
     * @param newTimeout by when a call ends
     * @return the options
     * @throws IllegalArgumentException if it is not between 1 millisecond and 1 day
     */
    public CallOptions withTimeout(Duration newTimeout) {
        return new CallOptions(settings.withTimeout(checked("timeout", newTimeout)));
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
        return new CallOptions(settings.withAttemptTimeout(checked("attempt timeout", newTimeout)));
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
        if (most < 0 || most > MAX_RETRIES) {
            throw new IllegalArgumentException(
                    "There cannot be " + most + " retries; it must be from 0 to " + MAX_RETRIES);
        }
        return new CallOptions(settings.withRetries(most));
    }

    /**
     * Says of methods that are called by name what {@link Idempotent @Idempotent} says in a contract.
     *
     * @return the options
     */
    public CallOptions asIdempotent() {
        return new CallOptions(settings.asIdempotent());
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
        return new CallOptions(settings.withNode(id));
    }

    /**
     * Sends all calls with the same affinity to the same node, as long as it is there: sticky routing, for instance to
     * make use of a cache. When a node comes or goes, only the calls of that node move.
     *
     * @param affinity what stays together, such as a customer's number; 1 to 4,096 characters
     * @return the options
     * @throws IllegalArgumentException if it is empty or longer
     */
    public CallOptions withAffinity(String affinity) {
        return new CallOptions(settings.withAffinity(text("affinity", affinity)));
    }

    /**
     * Makes a call known by an idempotency key: a node that gets a second call of the same method with the same key,
     * from the same caller, does not execute it again but gives the answer of the first one, as long as it remembers
     * it. With other arguments it is {@code REFUSED}. When such a call fails, the node goes on with it, and a second
     * one may fetch the answer; only the last one that is cancelled ends it. For one call only; the retries of an
     * idempotent method have such a key by themselves. It need not be a secret: what is sent has a random number of
     * this process behind it.
     *
     * @param key new for each thing that is to be done once; 1 to 4,096 characters, not beginning with {@code ~}
     * @return the options
     * @throws IllegalArgumentException if it is empty, longer, or begins so
     */
    public CallOptions withIdempotencyKey(String key) {
        String checked = text("idempotency key", key);
        if (checked.startsWith(RpcCodec.OWN_KEY)) {
            throw new IllegalArgumentException("The idempotency key begins with \"" + RpcCodec.OWN_KEY
                    + "\", as the keys do that calls get by themselves; begin it with something else");
        }
        return new CallOptions(settings.withIdempotencyKey(checked));
    }

    /**
     * Sends something along for the server's {@link CallContext#headers()}. The headers {@code traceparent} and
     * {@code tracestate}, as the W3C defines them, are passed on by themselves to what is called and published on the
     * thread that serves this call, unless that has a {@code traceparent}. The first of them does not count towards the
     * limits.
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
        Map<String, String> more = new LinkedHashMap<>(settings.headers());
        more.put(name, text("value of the header " + name, value));
        if (more.keySet().stream().filter(CallOptions::counts).count() > MAX_HEADERS) {
            throw new IllegalArgumentException("A call can have " + MAX_HEADERS + " headers; " + name + " is one more");
        }
        int characters = more.entrySet().stream()
                .filter(header -> counts(header.getKey()))
                .mapToInt(header -> header.getKey().length() + header.getValue().length())
                .sum();
        if (characters > RpcCodec.MAX_HEADER_CHARACTERS) {
            throw new IllegalArgumentException("The headers of a call can have " + RpcCodec.MAX_HEADER_CHARACTERS
                    + " characters together; with " + name + " they have " + characters);
        }
        return new CallOptions(settings.withHeaders(more));
    }

    /** There is room for a trace in any case, since it may be passed on to any call. */
    private static boolean counts(String header) {
        return !header.equals(RpcCodec.TRACE);
    }

    private static Duration checked(String what, Duration timeout) {
        if (timeout.toMillis() < 1 || timeout.toDays() >= 1) {
            throw new IllegalArgumentException(
                    "The " + what + " is " + timeout + "; it must be between 1 ms and 1 day");
        }
        return timeout;
    }

    private static String text(String what, String text) {
        if (Objects.requireNonNull(text, what).isEmpty() || text.length() > RpcCodec.MAX_TEXT_LENGTH) {
            throw new IllegalArgumentException("The " + what + " has " + text.length()
                    + " characters; it must have 1 to " + RpcCodec.MAX_TEXT_LENGTH);
        }
        return text;
    }

    /**
     * By when a call ends.
     *
     * @return the timeout
     */
    public Duration timeout() {
        return settings.timeoutOrDefault();
    }

    /**
     * What is sent along.
     *
     * @return the headers, in the order in which they were set
     */
    public Map<String, String> headers() {
        return settings.headers();
    }
}

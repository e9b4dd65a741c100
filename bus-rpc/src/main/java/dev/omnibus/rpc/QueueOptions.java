package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.client.QueueSettings;
import dev.omnibus.rpc.internal.wire.QueuedId;
import java.time.Duration;

/**
 * Options of queued calls: how long one may wait, and how long its result is kept. Immutable: each {@code with…} method
 * gives a changed copy, to be made once and used for many calls.
 */
public final class QueueOptions {

    static {
        QueueSettings.allow(options -> options.settings);
    }

    private static final Duration MAX_WAIT = Duration.ofDays(7);
    private static final Duration MAX_RETENTION = Duration.ofHours(24);

    /** Longer than what is repeated may be on its way: it must find what is known of the call. */
    private static final Duration MIN_RETENTION = Duration.ofSeconds(10);

    private static final int MAX_LIMIT = 10_000_000;
    private static final QueueOptions DEFAULTS = new QueueOptions(QueueSettings.DEFAULTS);

    private final QueueSettings settings;

    private QueueOptions(QueueSettings settings) {
        this.settings = settings;
    }

    /**
     * What holds when nothing is said.
     *
     * @return the defaults
     */
    public static QueueOptions defaults() {
        return DEFAULTS;
    }

    /**
     * When a call expires that no node has begun: then it ends with {@code TIMEOUT}, and is never executed. An hour by
     * default. What was begun does not expire.
     *
     * @param expiry how long it waits at most; on the clock of Redis
     * @return the options
     * @throws IllegalArgumentException if it is not between 1 millisecond and 7 days
     */
    public QueueOptions withExpiry(Duration expiry) {
        return new QueueOptions(settings.withExpiry(checked("expiry", expiry, Duration.ofMillis(1), MAX_WAIT)));
    }

    /**
     * Lets a call wait in any case before it is begun, to a second or two. It expires that much later.
     *
     * @param delay how long no node begins it
     * @return the options
     * @throws IllegalArgumentException if it is negative or more than 7 days
     */
    public QueueOptions withDelay(Duration delay) {
        return new QueueOptions(settings.withDelay(checked("delay", delay, Duration.ZERO, MAX_WAIT)));
    }

    /**
     * How long the outcome of a call is kept for those who ask for it by its id. 10 minutes by default. It takes memory
     * of Redis for so long.
     *
     * @param retention counted from the end of the call
     * @return the options
     * @throws IllegalArgumentException if it is not between 10 seconds and 24 hours
     */
    public QueueOptions withRetention(Duration retention) {
        return new QueueOptions(settings.withRetention(checked("retention", retention, MIN_RETENTION, MAX_RETENTION)));
    }

    /**
     * Makes a call known by a deduplication key: a second call of the same method with the same key is not put into the
     * queue, but has the id and the outcome of the first one. That is so until the first one's outcome is forgotten,
     * and at least until it would have expired. With other arguments the second one is {@code REFUSED}. For one call
     * only.
     *
     * @param key new for each thing that is to be done once, such as an order's number: 1 to 200 printable characters
     *     of ASCII without blanks, quotation marks, backslashes and braces
     * @return the options
     * @throws IllegalArgumentException if it is not so
     */
    public QueueOptions withKey(String key) {
        if (!QueuedId.isToken(key)) {
            throw new IllegalArgumentException("The key of a queued call must have 1 to " + QueuedId.MAX_TOKEN_LENGTH
                    + " printable characters of ASCII without blanks, quotation marks, backslashes and braces, for"
                    + " instance \"order-17\"");
        }
        return new QueueOptions(settings.withKey(key));
    }

    /**
     * How many calls of its method may be in the queue, those that run included, for one more to be let in. Else it is
     * {@code OVERLOADED}. 100,000 by default.
     *
     * @param calls how many
     * @return the options
     * @throws IllegalArgumentException if it is not between 1 and 10,000,000
     */
    public QueueOptions withLimit(int calls) {
        if (calls < 1 || calls > MAX_LIMIT) {
            throw new IllegalArgumentException(
                    "A queue cannot be limited to " + calls + " calls; it must be from 1 to " + MAX_LIMIT);
        }
        return new QueueOptions(settings.withLimit(calls));
    }

    /**
     * Says of methods that are called by name what {@link Idempotent @Idempotent} says in a contract: if the node is
     * lost that has begun one, another one begins it again.
     *
     * @return the options
     */
    public QueueOptions asIdempotent() {
        return new QueueOptions(settings.asIdempotent());
    }

    /**
     * Sends something along, as {@link CallOptions#withHeader} does.
     *
     * @param name 1 to 64 letters, digits, {@code _}, {@code -} and dots
     * @param value at most 4,096 characters
     * @return the options
     * @throws IllegalArgumentException if the name is not one, the value is longer, or there are too many
     */
    public QueueOptions withHeader(String name, String value) {
        return new QueueOptions(settings.withCall(settings.call().withHeader(name, value)));
    }

    private static Duration checked(String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "The " + what + " of a queued call is " + value + "; it must be from " + least + " to " + most);
        }
        return value;
    }
}

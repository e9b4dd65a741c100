package dev.omnibus.transport.redisson;

import java.time.Duration;
import java.util.Objects;

/**
 * How a {@link RedissonTransport} connects, and what it spends so that messages which go one at a time arrive sooner.
 * Begin with {@link #defaults()} and change what matters. Immutable.
 *
 * <p>Neither of the two switches changes what is delivered, or in which order. Under load neither has anything to do.
 *
 * @param connectWithin how long it may take to connect
 * @param busyPolling whether the transport's thread stays awake for up to 100 µs where a message or a reply can be
 *     expected: it is there sooner than a thread that has to be woken. Costs processor time, which is mostly saved
 *     again, because waking costs some as well; it is left out where it was in vain
 * @param pingBeforePublish whether a PING goes ahead of a PUBLISH which is sent by itself in answer to a single
 *     message, in the same write: then Redis sends the message on before it answers the publisher. Costs a command of
 *     Redis for each such publish
 */
public record RedissonOptions(Duration connectWithin, boolean busyPolling, boolean pingBeforePublish) {

    private static final RedissonOptions DEFAULTS = new RedissonOptions(Duration.ofSeconds(20), true, true);

    /**
     * Checks the values.
     *
     * @param connectWithin how long it may take to connect
     * @param busyPolling whether the transport's thread stays awake where something can be expected
     * @param pingBeforePublish whether a PING goes ahead of a lone PUBLISH
     * @throws IllegalArgumentException if the time to connect is not positive
     */
    public RedissonOptions {
        Objects.requireNonNull(connectWithin, "connectWithin");
        if (connectWithin.isNegative() || connectWithin.isZero()) {
            throw new IllegalArgumentException("connectWithin is " + connectWithin + "; it must be positive");
        }
    }

    /**
     * Connects within 20 seconds; busy polling and the PING are on.
     *
     * @return the defaults
     */
    public static RedissonOptions defaults() {
        return DEFAULTS;
    }

    /**
     * The same with another time to connect.
     *
     * @param within how long it may take; far longer than a server takes to be found silent, by default
     * @return changed options
     */
    public RedissonOptions withConnectWithin(Duration within) {
        return new RedissonOptions(within, busyPolling, pingBeforePublish);
    }

    /**
     * The same with or without busy polling.
     *
     * @param polls whether the transport's thread stays awake where something can be expected
     * @return changed options
     */
    public RedissonOptions withBusyPolling(boolean polls) {
        return new RedissonOptions(connectWithin, polls, pingBeforePublish);
    }

    /**
     * The same with or without the PING.
     *
     * @param pings whether a PING goes ahead of a lone PUBLISH
     * @return changed options
     */
    public RedissonOptions withPingBeforePublish(boolean pings) {
        return new RedissonOptions(connectWithin, busyPolling, pings);
    }
}

package dev.omnibus.rpc;

import java.time.Duration;

/**
 * What a call may be told beyond its arguments. Immutable.
 *
 * @param timeout by when it ends, with a value or with an {@link RpcException}; 5 seconds by default. The server is
 *     told how much of it is left, so it does not start what nobody waits for
 */
public record CallOptions(Duration timeout) {

    private static final CallOptions DEFAULTS = new CallOptions(Duration.ofSeconds(5));

    /**
     * Checks the timeout.
     *
     * @param timeout by when it ends
     * @throws IllegalArgumentException if it is not between 1 millisecond and 1 day
     */
    public CallOptions {
        if (timeout.toMillis() < 1 || timeout.toDays() >= 1) {
            throw new IllegalArgumentException("The timeout is " + timeout + "; it must be between 1 ms and 1 day");
        }
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
     * The same with another timeout.
     *
     * @param newTimeout by when a call ends
     * @return the options
     * @throws IllegalArgumentException if it is not between 1 millisecond and 1 day
     */
    public CallOptions withTimeout(Duration newTimeout) {
        return new CallOptions(newTimeout);
    }
}

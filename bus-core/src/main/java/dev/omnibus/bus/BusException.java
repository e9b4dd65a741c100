package dev.omnibus.bus;

import org.jspecify.annotations.Nullable;

/**
 * A failure of the environment: Redis, the network, a limit, or the other side. Mistakes of the program itself are
 * thrown as {@link IllegalArgumentException} or {@link IllegalStateException} instead. Immutable.
 */
public abstract class BusException extends RuntimeException {

    /**
     * Creates an exception; for the layers of the bus.
     *
     * @param message what, which, how long, and what to do
     * @param cause what led to it, if anything did
     */
    protected BusException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

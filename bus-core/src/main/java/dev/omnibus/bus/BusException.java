package dev.omnibus.bus;

import org.jspecify.annotations.Nullable;

/**
 * The environment failed: Redis, the network, a limit, or the other side. What the program itself does wrong is thrown
 * as {@link IllegalArgumentException} or {@link IllegalStateException} instead. Immutable.
 */
public abstract class BusException extends RuntimeException {

    /**
     * For the layers of the bus.
     *
     * @param message what, which, how long, and what to do
     * @param cause what led to it, if anything did
     */
    protected BusException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package dev.omnibus.durable;

import dev.omnibus.bus.BusException;
import org.jspecify.annotations.Nullable;

/**
 * Something could not be read from a durable topic or changed in it: Redis cannot be reached or refuses, or another
 * process has opened the topic with another retention. Immutable.
 */
public final class DurableTopicException extends BusException {

    /**
     * Creates one.
     *
     * @param message what, which topic, and what to do
     * @param cause what led to it, if anything did
     */
    public DurableTopicException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

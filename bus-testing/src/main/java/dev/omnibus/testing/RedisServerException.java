package dev.omnibus.testing;

import org.jspecify.annotations.Nullable;

/**
 * A failure of the environment: no Redis was found, it did not start, it did not answer, or it answered with an error.
 *
 * <p>The message names the server, the time waited, and what to do. Misuse, such as a command to a closed server, is an
 * {@link IllegalStateException} instead.
 *
 * <p>Immutable.
 */
public final class RedisServerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RedisServerException(String message) {
        super(message);
    }

    RedisServerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

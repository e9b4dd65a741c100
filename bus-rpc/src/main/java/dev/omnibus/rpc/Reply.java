package dev.omnibus.rpc;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What one node answered to a question that was put to all: a value or a fault. Immutable if the value is.
 *
 * @param node who answered
 * @param value what the method gave there; null if it failed, and also if it gave nothing
 * @param fault why it did not; null if it did
 * @param latency the time from the question to this answer
 * @param <T> what the method gives
 */
public record Reply<T>(
        String node, @Nullable T value, @Nullable RpcException fault, Duration latency) {

    /**
     * Whether the method gave a value, be it null.
     *
     * @return false if it is a fault
     */
    public boolean isValue() {
        return fault == null;
    }

    /** The node, and how it went; without the value, which may be confidential. */
    @Override
    public String toString() {
        RpcException failure = fault;
        return node + ": " + (failure == null ? "a value" : failure.getMessage()) + " in " + latency.toMillis() + " ms";
    }
}

package dev.omnibus.transport.redisson;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Redisson may forget what it was asked, or throw, when it is shut down; nobody may wait for its answer for ever. */
final class Answers {

    private final Map<Object, CompletableFuture<?>> waiting = new ConcurrentHashMap<>(); // each under a key of its own
    private volatile boolean closed;

    <T> CompletableFuture<T> untilClosed(Supplier<CompletableFuture<T>> question) {
        CompletableFuture<T> answer;
        try {
            answer = question.get().copy();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(closed ? closedFailure() : e);
        }
        Object key = new Object();
        waiting.put(key, answer);
        answer.whenComplete((value, failure) -> waiting.remove(key));
        if (closed) {
            answer.completeExceptionally(closedFailure());
        }
        return answer;
    }

    boolean isClosed() {
        return closed;
    }

    int size() {
        return waiting.size();
    }

    /** First of two steps: from here on nothing is asked any more. */
    void refuse() {
        closed = true;
    }

    void failAll() {
        TransportException failure = closedFailure();
        waiting.values().forEach(answer -> answer.completeExceptionally(failure));
    }

    static TransportException closedFailure() {
        return new TransportException(
                Kind.CONNECTION_LOST,
                false,
                "The connection to Redis was closed before it answered; it may still do what it was asked",
                null);
    }
}

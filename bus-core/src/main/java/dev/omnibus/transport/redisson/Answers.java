package dev.omnibus.transport.redisson;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.redisson.api.RedissonClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Redisson may forget what it was asked, or throw, when it is shut down; nobody may wait for its answer for ever. */
final class Answers {

    private static final Logger LOG = LoggerFactory.getLogger(Answers.class);
    private static final int QUIET_MILLIS = 100; // for its threads to end

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

    /**
     * Shuts Redisson down, and fails what it has left unanswered. A thread that was interrupted before stays so:
     * Redisson would be cut short by that, and swallow it.
     */
    void close(RedissonClient client) {
        closed = true;
        boolean interrupted = Thread.interrupted();
        try {
            client.shutdown(0, QUIET_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RuntimeException e) {
            LOG.warn("Redisson was not shut down in order", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            TransportException failure = closedFailure();
            waiting.values().forEach(answer -> answer.completeExceptionally(failure));
        }
    }

    static TransportException closedFailure() {
        return new TransportException(
                Kind.CONNECTION_LOST,
                false,
                "The connection to Redis was closed before it answered; it may still do what it was asked",
                null);
    }
}

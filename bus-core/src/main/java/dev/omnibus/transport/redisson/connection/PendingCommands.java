package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.redisson.api.RedissonClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registry of commands without an answer, each of which ends when the client is closed: Redisson may forget it then,
 * or throw.
 *
 * <p>While a slot moves from one server of a cluster to another, Redisson does not know for a moment which one has it,
 * and fails what it is asked then without sending it. So it is asked once more.
 */
public final class PendingCommands {

    /** Redisson checks once a second which master has which slot. */
    private static final Duration MAX_WITHOUT_MASTER = Duration.ofMillis(2_500);

    private static final Duration PAUSE = Duration.ofMillis(10);

    private static final Logger LOG = LoggerFactory.getLogger(PendingCommands.class);
    private static final int QUIET_MILLIS = 100; // for its threads to end

    private final Map<Object, CompletableFuture<?>> waiting = new ConcurrentHashMap<>(); // each under a key of its own
    private final EventLoopGroup eventLoop;
    private volatile boolean closed;

    public PendingCommands(EventLoopGroup eventLoop) {
        this.eventLoop = eventLoop;
    }

    public <T> CompletableFuture<T> untilClosed(Supplier<CompletableFuture<T>> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Object key = new Object();
        waiting.put(key, answer);
        answer.whenComplete((value, failure) -> waiting.remove(key));
        ask(question, answer, System.nanoTime());
        if (closed) {
            answer.completeExceptionally(closedFailure());
        }
        return answer;
    }

    private <T> void ask(Supplier<CompletableFuture<T>> question, CompletableFuture<T> answer, long since) {
        if (answer.isDone()) { // it is not awaited any more
            return;
        }
        try {
            question.get().whenComplete((value, failure) -> {
                boolean again = false;
                try {
                    again = failure != null && putOff(failure, since, () -> ask(question, answer, since));
                } finally { // there may be no memory for that
                    boolean unused =
                            again || (failure == null ? answer.complete(value) : answer.completeExceptionally(failure));
                }
            });
        } catch (RuntimeException | Error e) {
            answer.completeExceptionally(closed ? closedFailure() : e);
        }
    }

    /**
     * Has a step taken again soon, if it failed because no master was known to have its slot: nothing was sent then.
     */
    public boolean putOff(Throwable failure, long since, Runnable step) {
        if (closed
                || !RedissonFailures.isWithoutMaster(failure)
                || System.nanoTime() - since > MAX_WITHOUT_MASTER.toNanos()) {
            return false;
        }
        try {
            var unused = eventLoop.schedule(step, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }

    public boolean isClosed() {
        return closed;
    }

    public int size() {
        return waiting.size();
    }

    /**
     * Shuts Redisson down, and fails what it has left unanswered. A thread that was interrupted before stays so:
     * Redisson would be cut short by that, and swallow it.
     */
    public void close(RedissonClient client) {
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

    public static TransportException closedFailure() {
        return new TransportException(
                Kind.CONNECTION_LOST,
                false,
                "The connection to Redis was closed before it answered; it may still do what it was asked",
                null);
    }
}

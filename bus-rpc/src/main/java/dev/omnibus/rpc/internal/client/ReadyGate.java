package dev.omnibus.rpc.internal.client;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A gate: calls wait at it until something is ready for the first time, and pass in the order in which they came. (The
 * dependents of one future would run last come, first served.) Thread-safe.
 */
final class ReadyGate {

    private final Supplier<CompletableFuture<Void>> ready;
    private final Executor executor;
    private final Queue<CompletableFuture<Void>> waiting = new ArrayDeque<>(); // guarded by this
    private boolean releasing; // guarded by this
    private volatile boolean open; // written under the lock

    /**
     * Closes it.
     *
     * @param ready completes when it opens; asked by each that waits, as a failure is the end for those before it only
     * @param executor where those that wait go on
     */
    ReadyGate(Supplier<CompletableFuture<Void>> ready, Executor executor) {
        this.ready = ready;
        this.executor = executor;
    }

    /** Whether nobody has to wait any more. */
    boolean isOpen() {
        return open;
    }

    /** Completes when it is the turn of who asks; its dependents run before the next turn. */
    CompletableFuture<Void> turn() {
        CompletableFuture<Void> opens = ready.get();
        CompletableFuture<Void> turn = new CompletableFuture<>();
        synchronized (this) {
            boolean isReady = opens.isDone() && !opens.isCompletedExceptionally();
            if (open || (isReady && waiting.isEmpty() && !releasing)) {
                open = true;
                return CompletableFuture.completedFuture(null);
            }
            dropDone();
            waiting.add(turn);
        }
        opens.whenCompleteAsync(
                (done, failure) -> {
                    if (failure == null) {
                        release();
                    } else {
                        turn.completeExceptionally(failure);
                    }
                },
                executor);
        return turn;
    }

    /** Those that have waited in vain. Guarded by this. */
    private void dropDone() {
        CompletableFuture<Void> first;
        while ((first = waiting.peek()) != null && first.isDone()) {
            waiting.remove();
        }
    }

    private void release() {
        synchronized (this) {
            if (releasing || open) {
                return;
            }
            releasing = true;
        }
        CompletableFuture<Void> next;
        while ((next = next()) != null) {
            next.complete(null);
        }
    }

    private synchronized @Nullable CompletableFuture<Void> next() {
        CompletableFuture<Void> next = waiting.poll();
        open = next == null;
        return next;
    }
}

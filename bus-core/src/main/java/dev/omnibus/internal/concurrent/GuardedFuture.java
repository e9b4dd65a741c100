package dev.omnibus.internal.concurrent;

import dev.omnibus.transport.NonBlockingThread;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future with a deadlock guard: where a thread would wait for itself, {@code get} and {@code join} throw an
 * {@link IllegalStateException} instead. That is so on an I/O thread of a transport, and wherever the guard says. Once
 * the future is complete, nothing is thrown. Futures that are derived from it have the same guard.
 *
 * @param <T> what it completes with
 */
public class GuardedFuture<T> extends CompletableFuture<T> {

    private final Runnable guard;

    /** Creates a future that must not be waited for on an I/O thread of a transport. */
    public GuardedFuture() {
        this(() -> {});
    }

    /**
     * Creates a future that must not be waited for in other places either.
     *
     * @param guard throws an {@link IllegalStateException} where it must not be waited for
     */
    public GuardedFuture(Runnable guard) {
        this.guard = guard;
    }

    /**
     * Completes this future when another one completes, with its outcome.
     *
     * @param other the other future
     * @return this
     */
    public final GuardedFuture<T> follow(CompletableFuture<? extends T> other) {
        other.whenComplete((value, failure) -> {
            if (failure == null) {
                complete(value);
            } else {
                completeExceptionally(failure);
            }
        });
        return this;
    }

    private void requireWaiting() {
        if (!isDone()) {
            NonBlockingThread.requireOther("Waiting for this future");
            guard.run();
        }
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        requireWaiting();
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        requireWaiting();
        return super.get(timeout, unit);
    }

    @Override
    public T join() {
        requireWaiting();
        return super.join();
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new GuardedFuture<>(guard);
    }
}

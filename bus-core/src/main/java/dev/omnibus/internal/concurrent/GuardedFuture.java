package dev.omnibus.internal.concurrent;

import dev.omnibus.transport.IoThread;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future with a deadlock guard: where waiting for it would be waiting for oneself, {@code get} and {@code join} throw
 * an {@link IllegalStateException} instead. That is so on the thread of a transport, and wherever else its maker says.
 * Once it is completed nobody waits, and nothing is thrown. The futures that are made of it are guarded likewise.
 *
 * @param <T> what it completes with
 */
public class GuardedFuture<T> extends CompletableFuture<T> {

    private final Runnable guard;

    /** Makes one that is not to be waited for on the thread of a transport. */
    public GuardedFuture() {
        this(() -> {});
    }

    /**
     * Makes one that is not to be waited for in other places either.
     *
     * @param guard throws an {@link IllegalStateException} where it must not be waited for
     */
    public GuardedFuture(Runnable guard) {
        this.guard = guard;
    }

    /**
     * Completes it as another one does.
     *
     * @param other is waited for
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
            IoThread.requireOther("Waiting for this future");
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

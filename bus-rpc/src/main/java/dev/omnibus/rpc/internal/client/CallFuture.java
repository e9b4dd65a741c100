package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.concurrent.GuardedFuture;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The caller's own future: giving up on it frees what waits for the answer, and the caller gives up by whatever ends it
 * before the call does: {@code cancel}, {@code orTimeout}, {@code completeOnTimeout}, {@code complete}. A thread that
 * does nothing but wait for it is given the result unread, so that it can be woken by a thread that must not run code
 * of the program.
 */
public final class CallFuture<T> extends GuardedFuture<T> {

    private final Runnable onAbandoned;
    private volatile boolean abandoned;
    private volatile boolean awaited;
    private volatile boolean observed; // set before the call is made
    private volatile @Nullable Supplier<T> unread;

    public CallFuture(Runnable onGivenUp) {
        this.onAbandoned = onGivenUp;
    }

    /** Whether the caller has ended it, and not the call. */
    public boolean isAbandoned() {
        return abandoned;
    }

    /** The call gives a value. */
    public void succeed(@Nullable T value) {
        super.complete(value);
    }

    /** The call fails. */
    public void fail(Throwable failure) {
        super.completeExceptionally(failure);
    }

    /** Others than the thread that made the call have their code hung on it. */
    public void observed() {
        observed = true;
    }

    /** Whether a thread waits in {@link #await}, and nothing else can. */
    boolean isAwaited() {
        return awaited && !observed;
    }

    /**
     * Waits, and reads the result here if it comes unread. To be called by who made the call, if nobody else has it.
     */
    T await() throws InterruptedException, ExecutionException {
        awaited = true;
        T value = get();
        Supplier<T> left = unread;
        return left == null ? value : left.get();
    }

    /** Completes it with what the awaiting thread is to read; what that throws, it gets. */
    @SuppressWarnings("NullAway") // nobody sees the null: the supplier is asked instead
    void completeUnread(Supplier<T> result) {
        unread = result;
        succeed(null);
    }

    @Override
    public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
        executor.execute(() -> {
            try {
                complete(supplier.get());
            } catch (RuntimeException | Error e) {
                completeExceptionally(e);
            }
        });
        return this;
    }

    @Override
    public boolean complete(T value) {
        return abandoned(super.complete(value));
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        return abandoned(super.completeExceptionally(failure));
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return abandoned(super.cancel(mayInterruptIfRunning));
    }

    private boolean abandoned(boolean byThis) {
        if (byThis) {
            abandoned = true;
            onAbandoned.run();
        }
        return byThis;
    }
}

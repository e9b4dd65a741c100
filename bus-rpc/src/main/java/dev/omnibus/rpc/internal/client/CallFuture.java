package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.concurrent.GuardedFuture;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The future of a call, which cancels the call when the program ends it first: by {@code cancel}, {@code orTimeout},
 * {@code completeOnTimeout} or {@code complete}. A thread that only waits for it gets the result undecoded, so that it
 * can be woken by a thread that must not run code of the program.
 */
public final class CallFuture<T> extends GuardedFuture<T> {

    private final Runnable onAbandoned;
    private volatile boolean abandoned;
    private volatile boolean awaited;
    private volatile @Nullable Supplier<T> unread;

    public CallFuture(Runnable onAbandoned) {
        this.onAbandoned = onAbandoned;
    }

    /** Whether the program has ended it, and not the call. */
    public boolean isAbandoned() {
        return abandoned;
    }

    /** Completes it with the result of the call. */
    public void succeed(@Nullable T value) {
        super.complete(value);
    }

    /** Completes it with the failure of the call. */
    public void fail(Throwable failure) {
        super.completeExceptionally(failure);
    }

    /** Whether a thread waits in {@link #await}, and nothing else can. */
    boolean isAwaited() {
        return awaited;
    }

    /**
     * Waits, and decodes the result on this thread if need be. For the thread that made the call, if nobody else has
     * the future.
     */
    T await() throws InterruptedException, ExecutionException {
        awaited = true;
        T value = get();
        Supplier<T> left = unread;
        return left == null ? value : left.get();
    }

    /** Completes it with what the waiting thread is to decode; that thread gets what decoding throws. */
    @SuppressWarnings("NullAway") // the null is not seen: the supplier is called instead
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

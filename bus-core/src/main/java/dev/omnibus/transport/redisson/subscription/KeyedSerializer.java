package dev.omnibus.transport.redisson.subscription;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A keyed serial executor of asynchronous steps: those of the same name run one after the other, each when the one
 * before has ended; names do not wait for each other. Redisson itself does nothing when it is asked to end a
 * subscription that is just being made.
 */
final class KeyedSerializer {

    private final Map<String, Deque<Supplier<CompletableFuture<?>>>> waiting = new HashMap<>(); // guarded by this

    /** Runs it now, or later on whichever thread the step before ends. What it returns must end some day. */
    <T> CompletableFuture<T> take(String name, Supplier<CompletableFuture<T>> step) {
        CompletableFuture<T> done = new CompletableFuture<>();
        Supplier<CompletableFuture<?>> reported = () -> begin(step).whenComplete((value, failure) -> {
            if (failure == null) {
                done.complete(value);
            } else {
                done.completeExceptionally(failure);
            }
        });
        synchronized (this) {
            Deque<Supplier<CompletableFuture<?>>> before = waiting.get(name);
            if (before != null) {
                before.add(reported);
                return done;
            }
            waiting.put(name, new ArrayDeque<>());
        }
        run(name, reported);
        return done;
    }

    private static <T> CompletableFuture<T> begin(Supplier<CompletableFuture<T>> step) {
        try {
            return step.get();
        } catch (RuntimeException | Error e) { // thrown further, it would keep all that come after it waiting for ever
            return CompletableFuture.failedFuture(e);
        }
    }

    /** A loop, because thousands of steps that end at once would overflow the stack. */
    private void run(String name, Supplier<CompletableFuture<?>> first) {
        for (@Nullable Supplier<CompletableFuture<?>> step = first; step != null; step = next(name)) {
            CompletableFuture<?> running = step.get();
            if (!running.isDone()) {
                running.whenComplete((value, failure) -> {
                    Supplier<CompletableFuture<?>> next = next(name);
                    if (next != null) {
                        run(name, next);
                    }
                });
                return;
            }
        }
    }

    private synchronized @Nullable Supplier<CompletableFuture<?>> next(String name) {
        Deque<Supplier<CompletableFuture<?>>> left = waiting.get(name);
        Supplier<CompletableFuture<?>> next = left == null ? null : left.poll();
        if (next == null) {
            waiting.remove(name);
        }
        return next;
    }

    /** How many names have a step that runs or waits. */
    synchronized int size() {
        return waiting.size();
    }
}

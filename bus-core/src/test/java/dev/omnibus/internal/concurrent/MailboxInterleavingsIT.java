package dev.omnibus.internal.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A model checker tries thousands of orders in which the steps of threads that offer to a mailbox, and of those that
 * empty it, can follow one another. In all of them each item is handled once, and one at a time, and a mailbox that was
 * closed ends. A long form.
 */
public class MailboxInterleavingsIT {

    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger handling = new AtomicInteger();
    private final AtomicInteger overlaps = new AtomicInteger();
    private final AtomicInteger early = new AtomicInteger();
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger handled = new AtomicInteger();
    private final Mailbox<Integer> mailbox = new Mailbox<>(
            tasks::add, (delay, task) -> {}, 1, new Mailbox.Limits(2, 100), item -> 1, (item, next) -> handle());

    private volatile @Nullable CompletableFuture<Void> end;

    private void handle() {
        if (handling.incrementAndGet() > 1) {
            overlaps.incrementAndGet();
        }
        handled.incrementAndGet();
        handling.decrementAndGet();
    }

    @Operation
    public void offer() {
        if (mailbox.offer(1)) {
            taken.incrementAndGet();
        }
    }

    @Operation
    public void close() {
        end = mailbox.close().thenRun(() -> {
            if (mailbox.size() > 0) {
                early.incrementAndGet();
            }
        });
    }

    @Operation
    public void work() {
        Runnable task = tasks.poll();
        if (task != null) {
            task.run();
        }
    }

    @Validate
    public void eachItemIsHandledOnceAndOneAtATime() {
        while (!tasks.isEmpty()) {
            work();
        }
        assertEquals(taken.get(), handled.get());
        assertEquals(0, overlaps.get());
        assertEquals(0, early.get(), "ends before everything is handled");
        assertEquals(0, mailbox.size());
        assertEquals(0, mailbox.bytes());
        CompletableFuture<Void> closed = end;
        assertTrue(closed == null || closed.isDone(), "closed, and everything is handled");
    }

    @Test
    void whateverTheOrderOfTheirSteps() {
        new ModelCheckingOptions()
                .iterations(6)
                .invocationsPerIteration(500)
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(1)
                .check(MailboxInterleavingsIT.class);
    }
}

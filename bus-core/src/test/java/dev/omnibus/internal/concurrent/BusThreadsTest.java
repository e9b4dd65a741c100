package dev.omnibus.internal.concurrent;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class BusThreadsTest {

    private final Timer timer = new Timer("test-timer");

    @Test
    void mailboxesThatNeverRunEmptyDoNotKeepOthersFromRunning() {
        ExecutorService threads = BusThreads.create(this, timer, BusThreads.areVirtualByDefault());
        AtomicBoolean enough = new AtomicBoolean();
        try {
            for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors(); i++) {
                endless(threads, enough);
            }
            CompletableFuture.runAsync(() -> {}, threads).orTimeout(30, SECONDS).join();
        } finally {
            enough.set(true);
            threads.shutdown();
            timer.end();
        }
    }

    private void endless(ExecutorService threads, AtomicBoolean enough) {
        CompletableFuture<Mailbox<Integer>> itself = new CompletableFuture<>();
        Mailbox<Integer> mailbox = new Mailbox<>(
                threads, timer.on(threads), 1, new Mailbox.Limits(1_000, 1_000), item -> 1, (item, next) -> {
                    if (!enough.get()) {
                        itself.join().offer(item);
                    }
                });
        itself.complete(mailbox);
        mailbox.offer(1);
    }
}

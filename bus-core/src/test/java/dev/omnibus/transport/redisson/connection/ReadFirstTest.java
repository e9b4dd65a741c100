package dev.omnibus.transport.redisson.connection;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.DefaultEventLoop;
import io.netty.util.HashedWheelTimer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReadFirstTest {

    private final DefaultEventLoop loop = new DefaultEventLoop();

    @AfterEach
    void close() {
        loop.shutdownGracefully(0, 0, SECONDS);
    }

    private HashedWheelTimer timer(boolean ofCommands) {
        ReadFirst readFirst = new ReadFirst(
                loop, task -> ofCommands && task.getClass().getName().startsWith(ReadFirstTest.class.getName()));
        return new HashedWheelTimer(Executors.defaultThreadFactory(), 1, MILLISECONDS, 64, false, -1, readFirst);
    }

    /** Returns whether it ran on the event loop. */
    private CompletableFuture<Boolean> expire(HashedWheelTimer timer, AtomicInteger times) {
        CompletableFuture<Boolean> onTheLoop = new CompletableFuture<>();
        timer.newTimeout(
                expired -> {
                    times.incrementAndGet();
                    onTheLoop.complete(loop.inEventLoop());
                },
                1,
                MILLISECONDS);
        return onTheLoop;
    }

    @Test
    void theTimeoutOfACommandRunsOnTheEventLoopOnce() throws Exception {
        HashedWheelTimer timer = timer(true);
        AtomicInteger times = new AtomicInteger();
        try {
            assertTrue(expire(timer, times).get(20, SECONDS));
            CompletableFuture<Boolean> later = new CompletableFuture<>();
            timer.newTimeout(expired -> later.complete(true), 3, SECONDS); // behind the one that would run it otherwise
            assertTrue(later.get(20, SECONDS));
        } finally {
            timer.stop();
        }
        assertEquals(1, times.get());
    }

    @Test
    void anyOtherTimeoutRunsWhereItIs() throws Exception {
        HashedWheelTimer timer = timer(false);
        try {
            assertFalse(expire(timer, new AtomicInteger()).get(20, SECONDS));
        } finally {
            timer.stop();
        }
    }

    @Test
    void anEventLoopThatHasEndedHoldsNothingUp() throws Exception {
        loop.shutdownGracefully(0, 0, SECONDS).get(20, SECONDS);
        HashedWheelTimer timer = timer(true);
        try {
            assertFalse(expire(timer, new AtomicInteger()).get(20, SECONDS));
        } finally {
            timer.stop();
        }
    }

    @Test
    void anEventLoopThatStandsStillHoldsNothingUp() throws Exception {
        CountDownLatch goesOn = new CountDownLatch(1);
        loop.execute(() -> {
            try {
                goesOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        HashedWheelTimer timer = timer(true);
        AtomicInteger times = new AtomicInteger();
        try {
            assertFalse(expire(timer, times).get(20, SECONDS));
            goesOn.countDown();
            loop.submit(() -> {}).get(20, SECONDS);
        } finally {
            goesOn.countDown();
            timer.stop();
        }
        assertEquals(1, times.get());
    }
}

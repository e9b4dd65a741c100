package dev.omnibus.internal.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TaskSeriesTest {

    @Test
    void oneThreadRunsShortTasksInOrder() {
        List<Runnable> asked = new ArrayList<>();
        List<Integer> done = new ArrayList<>();
        new TaskSeries(asked::add, 512, done::add).start();
        assertEquals(1, asked.size());
        asked.get(0).run();
        assertEquals(IntStream.range(0, 512).boxed().toList(), done);
        assertEquals(2, asked.size());
        asked.get(1).run(); // it has nothing left to do
        assertEquals(2, asked.size());
        assertEquals(512, done.size());
    }

    @Test
    void noTaskWaitsForAnotherOneToEnd() throws InterruptedException {
        ExecutorService executor = Executors.newCachedThreadPool();
        CountDownLatch all = new CountDownLatch(20);
        new TaskSeries(executor, 20, number -> {
                    all.countDown();
                    await(all);
                })
                .start();
        assertTrue(all.await(30, TimeUnit.SECONDS), all + " have not begun");
        executor.shutdown();
        assertTrue(executor.awaitTermination(30, TimeUnit.SECONDS));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void anExecutorThatRunsTasksAtOnceRunsEachOnce() {
        List<Integer> done = new ArrayList<>();
        new TaskSeries(Runnable::run, 100_000, done::add).start();
        assertEquals(IntStream.range(0, 100_000).boxed().toList(), done);
    }

    @Test
    void anEmptySeriesAsksForNoThread() {
        List<Runnable> asked = new ArrayList<>();
        new TaskSeries(asked::add, 0, number -> {}).start();
        assertEquals(List.of(), asked);
    }
}

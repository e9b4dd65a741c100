package dev.omnibus.internal.concurrent;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is done again and again, and when. */
class PhasedTimerTest {

    private static final Duration OFTEN = Duration.ofMillis(5);

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    private final AtomicInteger handedOver = new AtomicInteger();

    @AfterEach
    void end() {
        timer.shutdownNow();
    }

    private PhasedTimer repetition(Duration period) {
        return new PhasedTimer(
                timer,
                moment -> {
                    handedOver.incrementAndGet();
                    moment.run();
                },
                "node",
                period);
    }

    @Test
    void theMomentsAreAPeriodApartWhateverTheDelayAndMissedOnesAreLeftOut() {
        assertEquals(1_300, PhasedTimer.next(300, 1_000, 300));
        assertEquals(1_300, PhasedTimer.next(899, 1_000, 300)); // late: back to the next moment
        assertEquals(2_300, PhasedTimer.next(900, 1_000, 300)); // later still: never two in quick succession
        assertEquals(9_300, PhasedTimer.next(8_400, 1_000, 300));
        assertEquals(-700, PhasedTimer.next(-1_650, 1_000, 300)); // the clock may begin anywhere
    }

    @Test
    void allTasksOfAMomentAreHandedOverTogetherAndOneThatFailsDoesNotEndTheOthers() {
        List<String> ran = new CopyOnWriteArrayList<>();
        PhasedTimer repetition = repetition(Duration.ofHours(1)); // it is run by hand
        Future<?> failing = repetition.add(() -> {
            ran.add("failing");
            throw new IllegalStateException("on purpose; its trace belongs to this test");
        });
        repetition.add(() -> ran.add("next"));

        repetition.run();
        assertEquals(List.of("failing", "next"), ran);
        assertEquals(1, handedOver.get());

        assertTrue(failing.cancel(false));
        repetition.run();
        assertEquals(List.of("failing", "next", "next"), ran);
        assertEquals(2, handedOver.get());
    }

    @Test
    void whenNothingIsLeftTheTimerIsLeftAloneUntilSomethingIsAdded() {
        AtomicInteger ran = new AtomicInteger();
        PhasedTimer repetition = repetition(OFTEN);
        Future<?> first = repetition.add(ran::incrementAndGet);
        await().until(() -> ran.get() > 1);

        first.cancel(false);
        await().until(() -> timer.getQueue().isEmpty() && timer.getActiveCount() == 0);

        int before = ran.get();
        repetition.add(ran::incrementAndGet);
        await().until(() -> ran.get() > before + 1);
    }

    @Test
    void aRunnerThatRefusesOnceDoesNotEndTheRepetition() {
        AtomicInteger ran = new AtomicInteger();
        PhasedTimer repetition = new PhasedTimer(
                timer,
                moment -> {
                    if (handedOver.getAndIncrement() == 0) {
                        throw new OutOfMemoryError("on purpose; its trace belongs to this test");
                    }
                    moment.run();
                },
                "node",
                OFTEN);

        repetition.add(ran::incrementAndGet);

        await().until(() -> ran.get() > 1);
    }

    @Test
    void aRunnerThatForgetsAMomentIsGivenALaterOneAndAHeldMomentRunsOnce() {
        List<Runnable> given = new CopyOnWriteArrayList<>();
        AtomicInteger runs = new AtomicInteger();
        PhasedTimer repetition = new PhasedTimer(timer, given::add, "node", Duration.ofHours(1));
        repetition.add(runs::incrementAndGet);

        repetition.run();
        repetition.run();
        repetition.run();
        assertEquals(1, given.size()); // it may only be late
        repetition.run();
        assertEquals(2, given.size());

        given.forEach(Runnable::run); // the first was late after all
        assertEquals(1, runs.get());
        repetition.run();
        given.get(2).run();
        assertEquals(2, runs.get());
    }

    @Test
    void whatIsCancelledIsNotRunAnyMoreAndTheRestIs() {
        AtomicInteger cancelled = new AtomicInteger();
        AtomicInteger kept = new AtomicInteger();
        PhasedTimer repetition = repetition(OFTEN);
        Future<?> first = repetition.add(cancelled::incrementAndGet);
        repetition.add(kept::incrementAndGet);
        await().until(() -> cancelled.get() > 0);

        first.cancel(false);
        int before = kept.get();
        await().until(() -> kept.get() > before + 1); // one that was under way is over
        int runs = cancelled.get();
        await().until(() -> kept.get() > before + 4);

        assertEquals(runs, cancelled.get());
    }
}

package dev.omnibus.channel;

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
class RepetitionTest {

    private static final Duration OFTEN = Duration.ofMillis(5);

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    private final AtomicInteger handedOver = new AtomicInteger();

    @AfterEach
    void end() {
        timer.shutdownNow();
    }

    private Repetition repetition() {
        return new Repetition(
                timer,
                moment -> {
                    handedOver.incrementAndGet();
                    moment.run();
                },
                "node",
                OFTEN);
    }

    @Test
    void theMomentsAreAPeriodApartWhateverTheDelayAndMissedOnesAreLeftOut() {
        assertEquals(1_300, Repetition.next(300, 1_000, 300));
        assertEquals(1_300, Repetition.next(899, 1_000, 300)); // late: back to the next moment
        assertEquals(2_300, Repetition.next(900, 1_000, 300)); // later still: never two in quick succession
        assertEquals(9_300, Repetition.next(8_400, 1_000, 300));
        assertEquals(-700, Repetition.next(-1_650, 1_000, 300)); // the clock may begin anywhere
    }

    @Test
    void allTasksOfAMomentAreHandedOverTogetherAndOneThatFailsDoesNotEndTheOthers() {
        List<String> ran = new CopyOnWriteArrayList<>();
        Repetition repetition = repetition();
        Future<?> failing = repetition.add(() -> {
            ran.add("failing");
            throw new IllegalStateException("on purpose; its trace belongs to this test");
        });
        repetition.add(() -> ran.add("next"));

        await().until(() -> ran.size() >= 6);
        timer.shutdownNow();

        assertTrue(failing.cancel(false));
        assertTrue(handedOver.get() <= ran.size() / 2 + 2, () -> handedOver + " times for " + ran);
    }

    @Test
    void whatIsCancelledIsNotRunAnyMoreAndTheRestIs() {
        AtomicInteger cancelled = new AtomicInteger();
        AtomicInteger kept = new AtomicInteger();
        Repetition repetition = repetition();
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

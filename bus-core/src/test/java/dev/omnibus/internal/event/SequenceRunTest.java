package dev.omnibus.internal.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which numbers are believed. */
class SequenceRunTest {

    private final AtomicLong nanos = new AtomicLong();
    private final GapTracker.Run run = new GapTracker.Run(nanos::get);

    /** How many of these events, one after another, are taken. */
    private int taken(long from, int events) {
        int taken = 0;
        for (long sequence = from; sequence < from + events; sequence++) {
            taken += run.event(sequence) >= 0 ? 1 : 0;
        }
        return taken;
    }

    @Test
    void whoJoinsLateSeesNoGap() {
        assertEquals(0, run.event(1_000));
        assertEquals(0, run.event(1_001));
    }

    @Test
    void whatIsMissingIsCounted() {
        run.event(1);
        assertEquals(3, run.event(5));
        assertEquals(0, run.event(6));
    }

    @Test
    void whatWasHereOrIsOvertakenIsLate() {
        run.event(5);
        assertEquals(GapTracker.Run.LATE, run.event(5));
        assertEquals(GapTracker.Run.LATE, run.event(4));
        assertEquals(0, run.event(6));
    }

    @ParameterizedTest
    @ValueSource(longs = {12, 100, 1_000, 1L << 32, (1L << 32) + 10})
    void aForgedNumberCostsItsSourceSevenEventsAtMost(long forged) {
        taken(1, 10);
        assertEquals(forged - 11, run.event(forged));
        int events = 1_000;
        assertTrue(taken(11, events) >= events - 8);
        assertEquals(0, run.event(11 + events));
    }

    @ParameterizedTest
    @ValueSource(longs = {(1L << 32) + 12, 999_999_999_999L, 999_999_999_999_999_999L})
    void aNumberThatNobodyCanHaveReachedIsNotBelieved(long forged) {
        taken(1, 10);
        assertEquals(GapTracker.Run.IMPLAUSIBLE, run.event(forged));
        assertEquals(GapTracker.Run.IMPLAUSIBLE, run.marker(forged));
        assertEquals(1_000, taken(11, 1_000));
    }

    @Test
    void aForgedFirstNumberIsTakenBackToo() {
        run.event(999_999_999_999_999_999L);
        assertEquals(993, taken(500, 1_000));
        assertEquals(2, run.event(1_502));
    }

    @Test
    void aForgedMarkerCostsNoEvent() {
        taken(1, 10);
        assertEquals(1_000, run.marker(1_010));
        assertEquals(0, run.event(11));
        assertEquals(1_000, run.takenBack());
        assertEquals(999, taken(12, 999));
        assertEquals(5, run.marker(1_015));
    }

    @Test
    void aForgedMarkerBeforeTheFirstEventCostsNothing() {
        assertEquals(0, run.marker(999_999_999_999_999_999L));
        assertEquals(0, run.event(500));
        assertEquals(0, run.takenBack());
        assertEquals(3, run.event(504));
    }

    @Test
    void aMarkerRevealsWhatIsMissingAndIsBelievedUntilALowerNumberComes() {
        assertEquals(0, run.marker(5));
        assertEquals(1, run.marker(6), "whoever joined before it was lost");
        assertEquals(1, run.event(8));
        assertEquals(3, run.marker(11));
        assertEquals(0, run.marker(11));
        assertEquals(0, run.marker(2));
        assertEquals(0, run.event(12));
        assertEquals(0, run.takenBack());
    }

    @Test
    void whatIsTakenBackIsWhatWasCalledMissingAndIsNot() {
        taken(1, 10);
        assertEquals(989, run.event(1_000));
        assertEquals(0, taken(11, 7));
        assertEquals(0, run.event(18));
        assertEquals(1_000 - 18, run.takenBack());
    }

    @Test
    void forgedNumbersAfterForgedNumbersHideNothing() {
        taken(1, 10);
        for (int i = 1; i <= 100; i++) {
            run.event(1_000L * i * i); // each makes a hole of another size
        }
        assertEquals(993, taken(11, 1_000));
    }

    @Test
    void whoForgesAsMuchAsTheSourceSendsIsNeededToSilenceIt() {
        taken(1, 10);
        Random random = new Random(20261128);
        int taken = 0;
        for (int i = 0; i < 1_000; i++) {
            taken += run.event(11 + i) >= 0 ? 1 : 0;
            if (i % 10 == 0) {
                run.event(11 + i + random.nextInt(1_000));
            }
        }
        assertTrue(taken > 200, taken + " were taken");
    }

    @Test
    void whatAnOldConnectionBringsBehindTheNewOneIsOvertaken() {
        taken(1, 10);
        assertEquals(192, run.event(203));
        assertEquals(1, taken(204, 1));
        assertEquals(0, taken(11, 100));
        assertEquals(10, run.event(215), "and it loses some as well");
        assertEquals(20, taken(216, 20));
        assertEquals(0, taken(111, 92));
        assertEquals(0, run.event(236));
        assertEquals(0, run.takenBack());
    }

    @Test
    void aMarkerRightBeforeALeapConfirmsIt() {
        taken(1, 10);
        assertEquals(192, run.marker(202));
        assertEquals(0, run.event(203));
        assertEquals(0, taken(11, 192));
        assertEquals(0, run.event(204));
        assertEquals(0, run.takenBack());
    }

    @Test
    void aForgedRunIsTakenBackAfterAWhile() {
        taken(1, 10);
        run.event(1_000);
        taken(1_001, 100);
        assertEquals(0, taken(11, 50));
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(10));
        assertEquals(43, taken(61, 50));
        assertEquals(0, run.event(111));
    }

    @Test
    void whoForgesRunsAgainAndAgainSilencesTheSourceOnce() {
        taken(1, 10);
        long next = 11;
        int taken = 0;
        for (int cycle = 0; cycle < 5; cycle++) {
            run.event(next + 10_000);
            taken(next + 10_001, 20);
            for (int i = 0; i < 2_000; i++) {
                taken += taken(next++, 1);
                nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(10));
            }
        }
        assertTrue(taken >= 10_000 - 1_000 - 5 * 7, taken + " were taken");
    }

    @Test
    void aPublisherWithFarHigherNumbersIsBelievedAfterAWhile() {
        taken(1, 10);
        assertEquals(93, taken(1L << 40, 100));
    }

    @Test
    void whatWasHereIsNotTakenAgainHoweverOftenItComes() {
        Random random = new Random(20261129);
        BitSet seen = new BitSet();
        int next = 1;
        for (int step = 0; step < 20_000; step++) {
            int lost = random.nextInt(50) == 0 ? random.nextInt(20) : 0;
            next += lost;
            seen.set(next);
            assertTrue(run.event(next++) >= 0);
            if (random.nextInt(20) == 0) { // a frame comes twice
                int from = Math.max(1, next - random.nextInt(64));
                for (int again = from; again < next; again++) {
                    boolean was = seen.get(again);
                    long missing = was ? run.event(again) : GapTracker.Run.LATE;
                    assertEquals(GapTracker.Run.LATE, missing, "number " + again);
                }
            }
        }
    }

    @Test
    void noSumOverflows() {
        EventCounters counters = new EventCounters();
        for (int i = 0; i < 20; i++) {
            counters.lost(999_999_999_999_999_999L);
        }
        assertEquals(Long.MAX_VALUE, counters.lost());
        counters.lost(-5);
        counters.lost(Long.MIN_VALUE + 1);
        assertEquals(0, counters.lost());
    }
}

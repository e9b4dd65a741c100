package dev.omnibus.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A wheel with a period of 10, that begins in the one from 1,000 on. */
class TimingWheelTest {

    private final TimingWheel<Named> wheel = new TimingWheel<>(10, 1_003);

    private static final class Named extends TimingWheel.Entry {

        private final String name;

        Named(String name) {
            this.name = name;
        }
    }

    private final Named a = new Named("a");
    private final Named b = new Named("b");
    private final Named c = new Named("c");

    @Test
    void eachComesUpInThePeriodInWhichItIsDue() {
        wheel.schedule(a, 1_015);
        wheel.schedule(b, 1_020);
        wheel.schedule(c, 1_019);
        assertEquals(List.of(), upAt(1_009));
        assertEquals(List.of("a", "c"), upAt(1_011));
        assertEquals(List.of(), upAt(1_011));
        assertEquals(List.of("b"), upAt(1_020));
        assertEquals(List.of(), upAt(1_300));
    }

    @Test
    void whatIsDueByNowComesUpWithTheNextPeriod() {
        wheel.schedule(a, 900);
        wheel.schedule(b, 1_003);
        wheel.scheduleNext(c);
        assertEquals(List.of(), upAt(1_009));
        assertEquals(List.of("a", "b", "c"), upAt(1_010));
    }

    @Test
    void theEarliestTimeCounts() {
        wheel.schedule(a, 1_100);
        wheel.schedule(a, 1_200);
        wheel.schedule(b, 1_200);
        wheel.schedule(b, 1_100);
        wheel.schedule(c, 1_200);
        wheel.scheduleNext(c);
        assertEquals(List.of("c"), upAt(1_010));
        assertEquals(List.of("a", "b"), upAt(1_100));
        assertEquals(List.of(), upAt(1_300));
    }

    @Test
    void whatIsDueLaterThanTheWheelReachesComesUpEarlier() {
        wheel.schedule(a, Long.MAX_VALUE);
        assertEquals(List.of(), upAt(1_620));
        assertEquals(List.of("a"), upAt(1_630));
    }

    @Test
    void afterALateAdvanceEverythingHasComeUpOnceInTheOrderOfItsPeriods() {
        wheel.schedule(b, 1_500);
        wheel.schedule(c, 1_510);
        wheel.schedule(a, 1_490);
        assertEquals(List.of("a", "b", "c"), upAt(100_000));
        wheel.schedule(a, 100_010);
        assertEquals(List.of("a"), upAt(100_010));
    }

    @Test
    void whatIsTakenOutDoesNotComeUp() {
        wheel.schedule(a, 1_010);
        wheel.schedule(b, 1_010);
        wheel.schedule(c, 1_010);
        wheel.remove(b);
        wheel.advance(1_010);
        wheel.remove(a); // it has come up, and was not taken yet
        wheel.remove(a);
        assertEquals(List.of("c"), upAt(1_010));
        wheel.schedule(b, 1_020);
        assertEquals(List.of("b"), upAt(1_020));
    }

    @Test
    void whatIsScheduledAnewWhileItIsTakenComesUpWithTheNextPeriod() {
        wheel.schedule(a, 1_010);
        wheel.schedule(b, 1_010);
        wheel.advance(1_010);
        assertEquals(a, wheel.poll());
        wheel.schedule(a, 1_010);
        assertEquals(b, wheel.poll());
        assertEquals(List.of(), upAt(1_010));
        assertEquals(List.of("a"), upAt(1_020));
    }

    @Test
    void onlyWhatComesUpWithTheNextPeriodIsNotLater() {
        assertTrue(wheel.isLater(a));
        wheel.schedule(a, 1_020);
        assertTrue(wheel.isLater(a));
        wheel.advance(1_010);
        assertFalse(wheel.isLater(a));
        wheel.advance(1_020);
        assertFalse(wheel.isLater(a));
        wheel.poll();
        assertTrue(wheel.isLater(a));
    }

    @Test
    void timeMayBeNegativeAsThatOfTheJvmMayBe() {
        TimingWheel<Named> early = new TimingWheel<>(10, -25);
        early.schedule(a, -15);
        early.schedule(b, 3);
        early.advance(-20);
        assertEquals(a, early.poll());
        early.advance(0);
        assertEquals(b, early.poll());
    }

    private List<String> upAt(long now) {
        wheel.advance(now);
        List<String> up = new ArrayList<>();
        Named next;
        while ((next = wheel.poll()) != null) {
            up.add(next.name);
        }
        return up;
    }
}

package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class GapTrackerTest {

    private final GapTracker tracker = new GapTracker();

    @Test
    void whoJoinsLateSeesNoGap() {
        assertEquals(0, tracker.missingBefore("a", "t", 1_000));
        assertEquals(0, tracker.missingBefore("a", "t", 1_001));
    }

    @Test
    void whatIsMissingIsCounted() {
        tracker.missingBefore("a", "t", 1);
        assertEquals(3, tracker.missingBefore("a", "t", 5));
        assertEquals(0, tracker.missingBefore("a", "t", 6));
    }

    @Test
    void whatWasHereOrIsOvertakenIsSaidToBe() {
        tracker.missingBefore("a", "t", 5);
        assertEquals(-1, tracker.missingBefore("a", "t", 5));
        assertEquals(-1, tracker.missingBefore("a", "t", 4));
        assertEquals(0, tracker.missingBefore("a", "t", 6));
    }

    @Test
    void sourcesAndTopicsAreCountedApart() {
        tracker.missingBefore("a", "t", 5);
        assertEquals(0, tracker.missingBefore("b", "t", 1));
        assertEquals(0, tracker.missingBefore("a", "u", 1));
        assertEquals(0, tracker.missingBefore("a", "t", 6));
    }

    @Test
    void theSourceNotHeardOfForTheLongestTimeIsForgotten() {
        tracker.missingBefore("old", "t", 5);
        tracker.missingBefore("kept", "t", 5);
        for (int i = 0; i < 65_535; i++) {
            tracker.missingBefore("s" + i, "t", 1);
            tracker.missingBefore("kept", "t", 6 + i);
        }
        assertEquals(0, tracker.missingBefore("old", "t", 5));
        assertEquals(-1, tracker.missingBefore("kept", "t", 5));
    }

    @Test
    void aSourceThatIsHeardOfIsNotForgottenForNewOnes() {
        tracker.missingBefore("kept", "t", 1);
        for (int i = 0; i < 2 * 65_536; i++) {
            assertEquals(0, tracker.missingBefore("kept", "t", 2 + i));
            tracker.missingBefore("s" + i, "t", 1);
        }
        tracker.missingBefore("s131071", "t", 2);
        assertEquals(-1, tracker.missingBefore("kept", "t", 5));
    }
}

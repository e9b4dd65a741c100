package dev.omnibus.internal.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.MemoryBudget;
import org.junit.jupiter.api.Test;

class GapTrackerTest {

    private static final long BUDGET = 32L * 1024 * 1024;

    private final MemoryBudget budget = new MemoryBudget(BUDGET);
    private final GapTracker tracker = new GapTracker(budget);

    private long missingBefore(String source, String topic, long sequence) {
        return tracker.of(source, topic).event(sequence);
    }

    @Test
    void sourcesAndTopicsAreCountedApart() {
        missingBefore("a", "t", 5);
        assertEquals(0, missingBefore("b", "t", 1));
        assertEquals(0, missingBefore("a", "u", 1));
        assertEquals(0, missingBefore("a", "t", 6));
    }

    @Test
    void theSourceNotHeardOfForTheLongestTimeIsForgotten() {
        missingBefore("old", "t", 5);
        missingBefore("kept", "t", 5);
        for (int i = 0; i < 65_535; i++) {
            missingBefore("s" + i, "t", 1);
            missingBefore("kept", "t", 6 + i);
        }
        assertEquals(0, missingBefore("old", "t", 5));
        assertEquals(-1, missingBefore("kept", "t", 5));
    }

    @Test
    void aSourceThatIsHeardOfIsNotForgottenForNewOnes() {
        missingBefore("kept", "t", 1);
        for (int i = 0; i < 2 * 65_536; i++) {
            assertEquals(0, missingBefore("kept", "t", 2 + i));
            missingBefore("s" + i, "t", 1);
        }
        missingBefore("s131071", "t", 2);
        assertEquals(-1, missingBefore("kept", "t", 5));
    }

    @Test
    void longNamesTakeNoMoreMemoryThanThereIs() {
        GapTracker other = new GapTracker(budget);
        for (int i = 0; i < 65_536; i++) {
            missingBefore("s".repeat(1_000) + i, "t", 1);
            other.of("s".repeat(1_000) + i, "t").event(1);
        }
        assertTrue(budget.taken() <= BUDGET + 2 * 256 * 1024, "taken: " + budget.taken());
        assertEquals(0, missingBefore("s".repeat(1_000) + 0, "t", 1), "it is forgotten, and so it is new");
    }

    @Test
    void whoFloodsOneTopicTakesNothingFromTheFewSourcesOfAnother() {
        GapTracker flooded = new GapTracker(budget);
        for (int i = 0; i < 65_536; i++) {
            flooded.of("s".repeat(1_000) + i, "t").event(1);
            if (i % 256 == 0) {
                missingBefore("a" + i, "t", 1);
            }
        }
        assertEquals(2, missingBefore("a0", "t", 4));
    }

    @Test
    void whatIsForgottenIsGivenBack() {
        for (int i = 0; i < 1_000; i++) {
            missingBefore("s" + i, i % 2 == 0 ? "even" : "odd", 5);
        }
        tracker.retain("odd"::equals);
        assertEquals(0, missingBefore("s0", "even", 7), "a late joiner");
        assertEquals(1, missingBefore("s1", "odd", 7));
        tracker.end();
        assertEquals(0, budget.taken());
    }

    @Test
    void whoFloodsAThousandTopicsTakesLittleMoreMemoryThanTwiceTheBudget() {
        for (int topic = 0; topic < 1_000; topic++) {
            GapTracker flooded = new GapTracker(budget);
            for (int i = 0; i < 512; i++) {
                flooded.of("s".repeat(1_000) + i, "t" + topic).event(1);
            }
        }
        assertTrue(budget.taken() <= 2 * BUDGET + 1_000 * 12 * 1024, "taken: " + budget.taken());
    }

    @Test
    void namesWithEqualHashCodesAreFoundAsQuicklyAsOthers() {
        for (int i = 0; i < 1 << 14; i++) {
            StringBuilder source = new StringBuilder();
            for (int bit = 0; bit < 14; bit++) {
                source.append((i >> bit & 1) == 0 ? "Aa" : "BB"); // which have the same hash code
            }
            assertEquals(0, missingBefore(source.toString(), "t", 1));
        }
    }
}

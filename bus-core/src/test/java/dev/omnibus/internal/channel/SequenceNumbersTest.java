package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When marks are made, on a clock that the test moves. */
class SequenceNumbersTest {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long START = Long.MAX_VALUE - 5 * SECOND; // nanoTime() may wrap around

    private final SequenceNumbers numbers = new SequenceNumbers(SECOND, 0);

    @Test
    void fiveMarksComeEachAfterFourTimesThePauseBefore() {
        give(START);
        List<Long> at = new ArrayList<>();
        for (long second = 0; second < 3_600; second++) {
            if (numbers.dueMarker(START + second * SECOND) != null) {
                at.add(second);
            }
        }
        assertEquals(List.of(1L, 5L, 21L, 85L, 341L), at);
    }

    @Test
    void aMarkTellsTheLastNumberAndLeavesTheTemplateAlone() {
        SequenceNumbers.Format numbering = Notes.numbering(3);
        byte[] template = numbering.marker().clone();
        byte[] last = message("000");
        for (int i = 0; i < 17; i++) {
            numbers.use(numbering);
            numbers.give(last, numbering, START);
        }
        assertArrayEquals(message("017"), last);
        OutboundMessage mark = Objects.requireNonNull(numbers.dueMarker(START + SECOND));
        assertArrayEquals(message("mark 017"), mark.message);
        assertArrayEquals(template, numbering.marker());
        assertTrue(mark.urgent());
    }

    @Test
    void aFurtherMessageOrAFailureStartsTheSeriesAnew() {
        give(START);
        assertNotNull(numbers.dueMarker(START + SECOND));
        assertNull(numbers.dueMarker(START + 2 * SECOND));
        give(START + 2 * SECOND);
        assertNull(numbers.dueMarker(START + 2 * SECOND));
        assertNotNull(numbers.dueMarker(START + 3 * SECOND));
        assertNotNull(numbers.dueMarker(START + 7 * SECOND));

        numbers.restart(START + 8 * SECOND);
        assertNull(numbers.dueMarker(START + 8 * SECOND));
        assertNotNull(numbers.dueMarker(START + 9 * SECOND));
        assertNotNull(numbers.dueMarker(START + 13 * SECOND));
    }

    @Test
    void theLastMarkIsOwedUntilOneWithTheLastNumberWasSent() {
        assertNull(numbers.lastMarker(false, START));
        give(START);
        assertNotNull(numbers.lastMarker(false, START));
        numbers.sent(true, true, 1);
        assertNull(numbers.lastMarker(false, START));
        give(START);
        numbers.sent(true, true, 1);
        assertNotNull(numbers.lastMarker(false, START));
        assertNull(numbers.lastMarker(false, START + 601 * SECOND));
    }

    @Test
    void withALongHeartbeatThePausesDoNotOverflow() {
        SequenceNumbers rare = new SequenceNumbers(TimeUnit.HOURS.toNanos(1), 0);
        rare.use(Notes.numbering(2));
        rare.give(message("00"), Notes.numbering(2), START);
        for (int i = 0; i < 100; i++) {
            assertNull(rare.dueMarker(START + (i + 1) * SECOND));
        }
    }

    @Test
    void aClockBelowZeroIsAClockLikeAnyOther() {
        long start = Long.MIN_VALUE + SECOND;
        give(start);
        assertNull(numbers.dueMarker(start));
        assertNotNull(numbers.dueMarker(start + SECOND));
        give(start + 2 * SECOND);
        assertNotNull(numbers.dueMarker(start + 3 * SECOND));
    }

    @Test
    void whereNobodyHasReceivedAnythingNobodyIsTold() {
        give(START);
        numbers.sent(false, true, Batch.NONE);
        assertNull(numbers.dueMarker(START + SECOND));
        assertNull(numbers.lastMarker(false, START));
        assertNotNull(numbers.lastMarker(true, START)); // others wait, and may be heard
        assertTrue(numbers.isSilent(START));
        assertFalse(numbers.isHeard());

        give(START + SECOND);
        assertNotNull(numbers.dueMarker(START + 2 * SECOND)); // of this one it is not known yet
        numbers.sent(true, true, Batch.NONE);
        assertTrue(numbers.isHeard());
        assertNotNull(numbers.dueMarker(START + 6 * SECOND));

        give(START + 7 * SECOND);
        numbers.sent(false, true, Batch.NONE); // whoever received the one before may have been away for this one
        assertNotNull(numbers.dueMarker(START + 8 * SECOND));
    }

    @Test
    void whatIsTakenBackIsGivenAgainAndWhatMayHaveBeenHeardIsTold() {
        give(START);
        numbers.takeBack(0);
        assertNull(numbers.dueMarker(START + SECOND)); // there is nothing to tell
        byte[] again = message("00");
        numbers.give(again, Notes.numbering(2), START);
        assertArrayEquals(message("01"), again);
        numbers.unknown();
        assertTrue(numbers.isHeard());
        assertNotNull(numbers.dueMarker(START + SECOND));
    }

    @Test
    void aNumberingGoesOnWhereItWasAndOwesNoMarkUntilThen() {
        SequenceNumbers later = new SequenceNumbers(SECOND, 41);
        later.use(Notes.numbering(2));
        assertNull(later.lastMarker(false, START));
        byte[] next = message("00");
        later.give(next, Notes.numbering(2), START);
        assertArrayEquals(message("42"), next);
    }

    private void give(long now) {
        numbers.use(Notes.numbering(2));
        numbers.give(message("00"), Notes.numbering(2), now);
    }
}

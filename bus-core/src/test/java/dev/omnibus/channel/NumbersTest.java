package dev.omnibus.channel;

import static dev.omnibus.channel.Notes.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When marks are made, on a clock that the test moves. */
class NumbersTest {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long START = Long.MAX_VALUE - 5 * SECOND; // nanoTime() may wrap around

    private final Numbers numbers = new Numbers(SECOND);

    @Test
    void marksComeAfterOneTwoFourHeartbeatsThenEveryMinuteAndEndAfterTenMinutes() {
        give(START);
        List<Long> at = new ArrayList<>();
        for (long second = 0; second < 3_600; second++) {
            if (numbers.due(START + second * SECOND) != null) {
                at.add(second);
            }
        }
        assertEquals(List.of(1L, 3L, 7L, 15L, 31L, 63L, 123L, 183L, 243L, 303L, 363L, 423L, 483L, 543L), at);
    }

    @Test
    void aMarkTellsTheLastNumberAndLeavesTheTemplateAlone() {
        Numbering numbering = Notes.numbering(3);
        byte[] template = numbering.mark().clone();
        byte[] last = message("000");
        for (int i = 0; i < 17; i++) {
            numbers.give(last, numbering, START);
        }
        assertArrayEquals(message("017"), last);
        Waiting mark = Objects.requireNonNull(numbers.due(START + SECOND));
        assertArrayEquals(message("mark 017"), mark.message);
        assertArrayEquals(template, numbering.mark());
        assertTrue(mark.urgent());
    }

    @Test
    void aFurtherMessageOrAFailureStartsTheSeriesAnew() {
        give(START);
        assertNotNull(numbers.due(START + SECOND));
        assertNull(numbers.due(START + 2 * SECOND));
        give(START + 2 * SECOND);
        assertNull(numbers.due(START + 2 * SECOND));
        assertNotNull(numbers.due(START + 3 * SECOND));
        assertNotNull(numbers.due(START + 5 * SECOND));

        numbers.restart(START + 6 * SECOND);
        assertNull(numbers.due(START + 6 * SECOND));
        assertNotNull(numbers.due(START + 7 * SECOND));
        assertNotNull(numbers.due(START + 9 * SECOND));
    }

    @Test
    void theLastMarkIsOwedUntilOneWithTheLastNumberWasSent() {
        assertNull(numbers.untold(START));
        give(START);
        assertNotNull(numbers.untold(START));
        numbers.told(1);
        assertNull(numbers.untold(START));
        give(START);
        numbers.told(1);
        assertNotNull(numbers.untold(START));
        assertNull(numbers.untold(START + 601 * SECOND));
    }

    @Test
    void withALongHeartbeatThePausesDoNotOverflow() {
        Numbers rare = new Numbers(TimeUnit.HOURS.toNanos(1));
        rare.give(message("00"), Notes.numbering(2), START);
        for (int i = 0; i < 100; i++) {
            assertNull(rare.due(START + (i + 1) * SECOND));
        }
    }

    @Test
    void aClockBelowZeroIsAClockLikeAnyOther() {
        long start = Long.MIN_VALUE + SECOND;
        give(start);
        assertNull(numbers.due(start));
        assertNotNull(numbers.due(start + SECOND));
        give(start + 2 * SECOND);
        assertNotNull(numbers.due(start + 3 * SECOND));
    }

    private void give(long now) {
        numbers.give(message("00"), Notes.numbering(2), now);
    }
}

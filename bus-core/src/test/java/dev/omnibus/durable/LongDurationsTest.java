package dev.omnibus.durable;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No duration, however long, leads to an overflow: it is refused at once where it is given, or there is room for it.
 */
class LongDurationsTest {

    private static final Duration EVER = Duration.ofSeconds(Long.MAX_VALUE);

    private static Arguments option(String name, Duration longest, Consumer<Duration> given) {
        return Arguments.of(name, longest, given);
    }

    static Stream<Arguments> options() {
        Duration year = Duration.ofDays(365);
        Duration century = Duration.ofDays(36_500);
        return Stream.of(
                option("timeout", year, value -> PublishOptions.defaults().withTimeout(value)),
                option("maxDelay", year, value -> GroupOptions.defaults().withRetries(1, Duration.ZERO, value)),
                option("maxDelay", year, value -> GroupOptions.defaults().withRetries(1, value, value)),
                option("maxAge", century, value -> Retention.untilAcknowledged().withMaxAge(value)),
                option("maxAge", century, value -> Retention.forDays(36_500).withMaxAge(value)),
                option("keep", century, value -> {
                    Retention one = Retention.forDays(1);
                    Retention unused = new Retention(
                            value, Optional.empty(), one.maxEntries(), one.maxBytes(), false, one.idWindow());
                }),
                option("days", century, value -> Retention.forDays((int) Math.min(Integer.MAX_VALUE, value.toDays()))),
                option(
                        "idWindow",
                        Duration.ofDays(7),
                        value -> Retention.forDays(1).withIdWindow(value)));
    }

    @ParameterizedTest(name = "{0} of at most {1}")
    @MethodSource("options")
    void whatIsTooLongIsRefusedAtOnceAndNamed(String name, Duration longest, Consumer<Duration> given) {
        assertDoesNotThrow(() -> given.accept(longest));
        for (Duration tooLong : new Duration[] {longest.plusDays(1), EVER}) {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> given.accept(tooLong));
            assertTrue(String.valueOf(refused.getMessage()).startsWith(name + " is "), refused::getMessage);
        }
    }

    @Test
    void aTimeThatNoServerKnowsIsTheEarliestOrTheLastOne() {
        assertEquals(Position.EARLIEST, Position.since(Instant.MIN));
        assertEquals(Position.since(Instant.ofEpochMilli(1L << 52)), Position.since(Instant.MAX));
        assertTrue(Position.since(Instant.now()).compareTo(Position.since(Instant.MAX)) < 0);
        assertEquals(StreamId.EARLIEST, StreamId.before(Instant.MIN));
        assertTrue(StreamId.before(Instant.now()).compareTo(StreamId.before(Instant.MAX)) < 0);
    }

    @Test
    void settingsOfAStreamHaveRoomForAnyDuration() {
        StreamSettings settings =
                new StreamSettings(1, 1, EVER, Optional.of(EVER), StreamSettings.WhenFull.REFUSE, Map.of());
        assertEquals(1L << 52, settings.keep().toMillis());
        assertEquals(1L << 52, settings.maxAge().orElseThrow().toMillis());
    }
}

package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Test;

class BusBuilderTest {

    private static final Duration LONGEST = Duration.ofDays(365);

    private final BusBuilder builder = Bus.builder(new InMemoryNetwork().open());

    @Test
    void timesOutOfRangeAreMistakesOfTheProgram() {
        for (Duration wrong : List.of(Duration.ofMillis(-1), ChronoUnit.FOREVER.getDuration())) {
            assertThrows(IllegalArgumentException.class, () -> builder.outboxWait(wrong));
            assertThrows(IllegalArgumentException.class, () -> builder.holdWhileAway(wrong));
            assertThrows(IllegalArgumentException.class, () -> builder.drainTimeout(wrong));
            assertThrows(IllegalArgumentException.class, () -> builder.heartbeat(wrong));
        }
        assertEquals(
                "heartbeat is PT0.009S; it must be between PT0.01S and PT1M",
                assertThrows(IllegalArgumentException.class, () -> builder.heartbeat(Duration.ofMillis(9)))
                        .getMessage());
    }

    @Test
    void theLongestTimesAreTaken() {
        try (Bus bus = builder.outboxWait(LONGEST)
                .holdWhileAway(LONGEST)
                .drainTimeout(LONGEST)
                .heartbeat(Duration.ofMinutes(1))
                .build()) {
            assertEquals(0, bus.publish("n", 1).join());
        }
    }
}

package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class BusBuilderTest {

    private static final Duration LONGEST = Duration.ofDays(365);

    private final BusBuilder builder = Bus.builder(new InMemoryNetwork().open());

    /** What handlers run on, as Java itself says it: of a virtual thread, {@code VirtualThread[#29,omnibus-1]/…}. */
    private static String threadOfHandlers(BusBuilder builder) {
        CompletableFuture<String> thread = new CompletableFuture<>();
        try (Bus bus = builder.build()) {
            bus.subscribe(
                            "topic",
                            Integer.class,
                            event -> thread.complete(Thread.currentThread().toString()))
                    .ready()
                    .join();
            bus.publish("topic", 1);
            return thread.orTimeout(20, TimeUnit.SECONDS).join();
        }
    }

    @Test
    void handlersRunOnVirtualThreadsFromJdk24OnUnlessTheProgramSaysOtherwise() {
        boolean virtual = Runtime.version().feature() >= 24;
        assertEquals(virtual, threadOfHandlers(builder).startsWith("VirtualThread"));
        BusBuilder platform = Bus.builder(new InMemoryNetwork().open()).virtualThreads(false);
        assertTrue(threadOfHandlers(platform).startsWith("Thread"));
    }

    @Test
    void virtualThreadsCanBeChosenFromJdk21OnAndAreRefusedBefore() {
        if (Runtime.version().feature() >= 21) {
            assertTrue(threadOfHandlers(builder.virtualThreads(true)).startsWith("VirtualThread"));
        } else {
            String problem = assertThrows(IllegalArgumentException.class, () -> builder.virtualThreads(true))
                    .getMessage();
            assertEquals("virtualThreads is true; Java 17 has none, JDK 21 and newer ones have", problem);
        }
    }

    @Test
    void aRedisThatIsAwayIsWaitedForAsLongAsIsSaidAndARefusalEndsThat() {
        InMemoryNetwork network = new InMemoryNetwork();
        AtomicInteger attempts = new AtomicInteger();
        Function<Duration, Transport> away = within -> {
            if (attempts.incrementAndGet() < 3) {
                throw new TransportException(TransportException.Kind.CONNECTION_LOST, true, "away", null);
            }
            return network.open();
        };
        Bus.builder(away).connectWithin(Duration.ofMinutes(1)).build().close();
        assertEquals(3, attempts.get());
        attempts.set(0);
        assertThrows(ConnectionException.class, () -> Bus.builder(away).build());
        Function<Duration, Transport> refusing = within -> {
            throw new TransportException(TransportException.Kind.REFUSED, true, "no", null);
        };
        BusBuilder patient = Bus.builder(refusing).connectWithin(Duration.ofMinutes(1));
        assertThrows(ConnectionException.class, patient::build);
    }

    @Test
    void aPatientBusConnectsAgainWhereTheServerGoesAwayWhileItOpens() {
        InMemoryNetwork network = new InMemoryNetwork();
        AtomicInteger attempts = new AtomicInteger();
        Function<Duration, Transport> shaky = within -> {
            network.up();
            Transport opened = network.open();
            if (attempts.incrementAndGet() < 3) {
                network.down();
            }
            return opened;
        };
        Bus.builder(shaky).connectWithin(Duration.ofMinutes(1)).build().close();
        assertEquals(3, attempts.get());
        attempts.set(0);
        assertThrows(ConnectionException.class, () -> Bus.builder(shaky).build());
        network.up();
    }

    @Test
    void aPatientBusConnectsAgainWhereItsOwnMessagesDoNotComeBackAtFirst() {
        InMemoryNetwork network = new InMemoryNetwork();
        AtomicInteger attempts = new AtomicInteger();
        Function<Duration, Transport> silent = within -> {
            boolean swallowed = attempts.incrementAndGet() < 2;
            network.tamper((channel, frame) -> swallowed ? List.of() : List.of(frame));
            return network.open();
        };
        Bus.builder(silent).connectWithin(Duration.ofMinutes(1)).build().close();
        assertEquals(2, attempts.get());
    }

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

package dev.omnibus.internal.event;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Event;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a listener that is slow, or gone, may cost. */
class ListenerNotifierTest {

    private static final int EVENT_BYTES = 1 << 20;

    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<String> told = new ArrayList<>(); // by one thread, and read after its end
    private final EventCounters counters = new EventCounters();

    private final BusListener slow = new BusListener() {
        @Override
        public void onHandlerFailed(Event<?> event, Throwable failure) {
            told.add(event.id());
        }

        @Override
        public void onBadMessage(String channel, String problem) {
            told.add(channel);
        }

        @Override
        public void onInterrupted(String topic) {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    };

    private final ListenerNotifier listener =
            new ListenerNotifier(List.of(slow), counters, executor, (delay, task) -> {});

    @AfterEach
    void end() {
        gate.countDown();
        executor.shutdown();
    }

    private static Event<String> event(int id) {
        return new Event<>(String.valueOf(id), "/s", "T", "n", Instant.EPOCH, 0, Map.of(), "data");
    }

    @Test
    void largeEventsWhoseHandlerFailsDoNotFillTheMemoryWhileTheListenerIsSlow() throws Exception {
        listener.onInterrupted("n"); // does not return
        for (int i = 0; i < 1_000; i++) {
            listener.onHandlerFailed(event(i), EVENT_BYTES, new IllegalStateException("on purpose"));
        }
        gate.countDown();
        listener.close().get(5, SECONDS);
        assertEquals(2, told.size(), "32 MiB of events, with what they weigh as objects");
        assertEquals(1_000, counters.handlerFailures.sum());
    }

    @Test
    void exceptionsThatQuoteMuchDoNotFillTheMemoryWhileTheListenerIsSlow() throws Exception {
        listener.onInterrupted("n");
        String document = "x".repeat(1_000_000);
        for (int i = 0; i < 1_000; i++) {
            Exception cause = new IllegalArgumentException(document);
            listener.onHandlerFailed(event(i), 100, new IllegalStateException("on purpose", cause));
        }
        gate.countDown();
        listener.close().get(5, SECONDS);
        assertTrue(told.size() > 10 && told.size() < 20, told.size() + " were told");
        assertEquals(1_000, counters.handlerFailures.sum());
    }

    @Test
    void longNamesOfChannelsDoNotFillTheMemoryWhileTheListenerIsSlow() throws Exception {
        listener.onInterrupted("n");
        String channel = "c".repeat(100_000);
        for (int i = 0; i < 1_000; i++) {
            listener.onBadMessage(channel, "it is bad");
        }
        gate.countDown();
        listener.close().get(5, SECONDS);
        assertTrue(told.size() > 100 && told.size() < 200, told.size() + " were told");
        assertEquals(1_000, counters.badMessages.sum());
    }

    @Test
    void theEndOfTheBusIsNoSlowListener() throws Exception {
        listener.close().get(5, SECONDS);
        String log = logOf(() -> listener.onGap("n", "/s", 1, 2));
        assertTrue(log.contains("Lost 2 events"), log);
        assertEquals(1, log.lines().count(), log);
    }

    @Test
    void nothingFromTheWireWritesALineOfItsOwnOrTurnsTheLogAround() {
        String evil = "a\r\nERROR forged\u001b[2J\u2028\u202e\u0085ü";
        String log = logOf(() -> {
            listener.onBadMessage(evil, evil);
            listener.onGap(evil, evil, 1, 2);
            listener.onDuplicate(evil, evil, evil);
            listener.onDeadEvent(evil, evil);
        });
        assertEquals(4, log.lines().count(), log);
        assertTrue(log.contains("a??ERROR forged?[2J???ü"), log);
        assertTrue(log.chars().noneMatch(c -> c == 0x1b || c == 0x202e), log);
    }

    @Test
    void aLongTextFromTheWireIsCutInTheLogAndWhereItIsTold() throws Exception {
        String log = logOf(() -> listener.onBadMessage("c".repeat(1_000_000), "p".repeat(1_000_000)));
        assertTrue(log.length() < 5_000, log.length() + " characters");
        listener.close().get(5, SECONDS);
        assertEquals(2_001, told.get(0).length());
    }

    @Test
    void aFloodFromTheWireDoesNotKeepAFailedHandlerOutOfTheLog() {
        String log = logOf(() -> {
            for (int i = 0; i < 1_000; i++) {
                listener.onBadMessage("c", "it is bad");
            }
            listener.onHandlerFailed(event(17), 1, new IllegalStateException("on purpose"));
        });
        assertTrue(log.contains("A handler of topic n failed at event 17 of /s"), log);
        assertTrue(log.lines().count() < 200, log);
    }

    /** The simple logger writes to the stream of this name. */
    private static String logOf(Runnable what) {
        PrintStream before = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            what.run();
        } finally {
            System.setErr(before);
        }
        return written.toString(StandardCharsets.UTF_8);
    }
}

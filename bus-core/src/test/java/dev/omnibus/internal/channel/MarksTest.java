package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Marks as lanes send them; when they are due is the matter of {@link SequenceNumbersTest}. */
class MarksTest {

    private static final Duration QUICK = Duration.ofMillis(150);

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();
    private final List<String> frames = new CopyOnWriteArrayList<>();

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    private Channels open(Duration heartbeat, long outboundBytes) {
        return Channels.open(
                transport,
                "here",
                new ChannelNames("bus"),
                Notes.limits(heartbeat, outboundBytes, Duration.ZERO, Duration.ZERO),
                executor,
                Notes.TIMER,
                new Notes.Listener());
    }

    private void completeAtOnce() {
        transport.onPublish = publication -> {
            frames.add(text(publication));
            publication.outcome().published(1, 0);
        };
    }

    @Test
    void aSilentLaneTellsItsLastNumberAgainAndAgain() {
        completeAtOnce();
        try (Channels channels = open(QUICK, 1 << 20)) {
            number(channels, "c");
            number(channels, "c");
            await().until(() -> frames.size() >= 5);
            assertEquals(List.of("{\"m\":\"01\"}", "{\"m\":\"02\"}", mark(2), mark(2), mark(2)), frames.subList(0, 5));
            await().until(() -> channels.stats().markersSent() >= 3);
            assertEquals(2, channels.stats().messagesSent());
            number(channels, "c");
            await().until(() -> frames.contains(mark(3)));
            assertTrue(frames.lastIndexOf("{\"m\":\"03\"}") < frames.indexOf(mark(3)));
        }
    }

    @Test
    void aLaneWithoutNumbersOrWithSomethingUnderWaySendsNone() {
        try (Channels channels = open(QUICK, 1 << 20)) {
            channels.send("plain", message("x"), ReceiverCount.NO, SendCallback.UNNOTICED);
            number(channels, "busy");
            int beats = transport.beats.get();
            await().until(() -> transport.beats.get() > beats + 10);
            assertEquals(2, transport.held.size());
            assertEquals(0, channels.stats().markersSent());
        }
    }

    @Test
    void aFullOutboxLetsMarksThrough() {
        completeAtOnce();
        try (Channels channels = open(QUICK, 100)) {
            number(channels, "c");
            transport.onPublish = publication -> {
                if (publication.channel().equals("full")) {
                    transport.held.add(publication);
                } else {
                    frames.add(text(publication));
                    publication.outcome().published(1, 0);
                }
            };
            channels.send("full", message("x".repeat(200)), ReceiverCount.NO, SendCallback.UNNOTICED);
            int before = frames.size();
            await().until(() -> frames.size() > before && frames.contains(mark(1)));
        }
    }

    @Test
    void aFailedMarkIsNotHeldButSentAgainWithTheNextHeartbeats() {
        completeAtOnce();
        try (Channels channels = Channels.open(
                transport,
                "here",
                new ChannelNames("bus"),
                Notes.limits(QUICK, 1 << 20, Duration.ZERO, Duration.ofSeconds(60)),
                executor,
                Notes.TIMER,
                new Notes.Listener())) {
            number(channels, "c");
            List<String> failed = new CopyOnWriteArrayList<>();
            transport.onPublish = publication -> {
                failed.add(text(publication));
                publication.outcome().failed(new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null));
            };
            await().until(() -> failed.size() >= 5); // the pauses would be 30 times as long by now
            assertEquals(0, channels.stats().outboxBytes());
            assertEquals(0, channels.stats().messagesFailed());
            failed.forEach(frame -> assertEquals(mark(1), frame));
        }
    }

    @Test
    void aThousandSilentLanesAllSendTheirMarks() {
        completeAtOnce();
        try (Channels channels = open(QUICK, 1 << 20)) {
            IntStream.range(0, 1_000).forEach(i -> number(channels, "c" + i));
            await().until(() -> channels.stats().markersSent() >= 1_000);
            assertEquals(1_001, channels.stats().lanes()); // and the inbox
        }
    }

    @Test
    void flushingSendsALastMarkBehindEverythingUnlessItWasToldAlready() throws Exception {
        completeAtOnce();
        try (Channels channels = open(Notes.NEVER, 1 << 20)) {
            channels.send("plain", message("x"), ReceiverCount.NO, SendCallback.UNNOTICED);
            number(channels, "c");
            number(channels, "d");
            frames.clear();
            assertTrue(channels.flush(Duration.ofSeconds(10)));
            assertEquals(List.of(mark(1), mark(1)), frames);
            assertTrue(channels.flush(Duration.ofSeconds(10)));
            assertEquals(2, frames.size());

            transport.onPublish = transport.held::add;
            number(channels, "c");
            number(channels, "c");
            channels.flush(Duration.ZERO);
            assertEquals(List.of("{\"m\":\"02\"}"), transport.completeHeld());
            assertEquals(List.of("[{\"m\":\"03\"}," + mark(3) + "]"), transport.completeHeld());
            assertTrue(channels.flush(Duration.ofSeconds(10)));
            assertEquals(List.of(), transport.held);
        }
    }

    private static String mark(int number) {
        return "{\"m\":\"mark 0" + number + "\"}";
    }

    private static String text(Publication publication) {
        return new String(publication.frame(), StandardCharsets.UTF_8);
    }

    private static void number(Channels channels, String channel) {
        channels.sendNumbered(channel, message("00"), Notes.numbering(2), SendCallback.UNNOTICED);
    }
}

package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How often a lane is checked, which is when it asks for its route, on a clock of the test's own. */
class RestingLanesTest {

    private static final Duration HEARTBEAT = Duration.ofSeconds(1);

    private final AtomicLong clock = new AtomicLong(System.nanoTime());
    private final HandTransport transport = new HandTransport();
    private final AtomicInteger checks = new AtomicInteger();
    private final List<String> frames = new ArrayList<>();
    private Outbox outbox = outbox(64 << 20);

    private Outbox outbox(long bytes) {
        transport.routes = channel -> {
            checks.incrementAndGet();
            return transport;
        };
        transport.onPublish = publication -> {
            frames.add(new String(publication.frame(), StandardCharsets.UTF_8));
            publication.outcome().published(1, 0);
        };
        AdmissionControl admission = new AdmissionControl(
                Notes.limits(HEARTBEAT, bytes, Duration.ZERO, Duration.ZERO), Runnable::run, new Counters());
        return new Outbox(transport, admission, HEARTBEAT, () -> false, failure -> {}, clock::get);
    }

    @Test
    void aThousandLanesAtRestAreCheckedOnlyWhenTheirMarkersAreDue() {
        IntStream.range(0, 1_000).forEach(i -> number("c" + i));
        List<Integer> each = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            each.add(checksOf(1));
        }
        // With the first and the fifth the markers are sent, after which a lane is in use for a moment.
        assertEquals(List.of(1_000, 1_000, 0, 0, 1_000, 1_000, 0, 0), each);
        assertTrue(checksOf(400) < 20_000);
        assertEquals(0, outbox.count());
        assertEquals(0, checksOf(400));
    }

    @Test
    void markersAreDueAfter1And4And16And64And256Heartbeats() {
        number("c");
        assertEquals(List.of(1, 5, 21, 85, 341), heartbeatsWith(frame -> frame.contains("mark 01"), 400));
    }

    @Test
    void alsoIfHeartbeatsAreLateAllMarkersAreSent() {
        number("c");
        List.of(2, 5, 20, 70, 260).forEach(this::heartbeat);
        assertEquals(6, frames.size());
    }

    @Test
    void whatIsPublishedAfterALongRestIsAnnouncedWithTheNextHeartbeat() {
        number("c");
        heartbeatsWith(frame -> true, 90); // the next marker would be due 251 heartbeats later
        frames.clear();
        number("c");
        assertEquals(List.of(1, 5), heartbeatsWith(frame -> frame.contains("mark 02"), 6));
    }

    @Test
    void aLaneWithoutNumbersIsCheckedWhenItMayRetireAndNotBefore() {
        outbox.send("c", OutboundMessage.plain(message("x"), ReceiverCount.NO, new Outcome()));
        heartbeat(1);
        assertEquals(0, checksOf(8));
        assertEquals(1, outbox.count());
        heartbeat(1);
        heartbeat(1);
        assertEquals(0, outbox.count());
    }

    @Test
    void aLaneInUseIsCheckedWithEachHeartbeat() {
        transport.onPublish = transport.held::add;
        number("c");
        for (int i = 0; i < 20; i++) {
            assertEquals(1, checksOf(1));
        }
    }

    @Test
    void aLaneThatWasAtRestTakesAnotherRouteWithItsNextMessage() {
        number("c");
        heartbeatsWith(frame -> true, 3);
        transport.onPublish = transport.held::add;
        IntStream.range(0, 4).forEach(i -> number("frozen" + i)); // as many writes as go side by side
        number("d");
        assertEquals(4, transport.held.size());

        transport.routes = channel -> "another";
        number("c");

        assertEquals(5, transport.held.size());
    }

    @Test
    void aLaneThatWasAtRestTakesRoomOnItsOwnRoute() {
        outbox = outbox(8_000);
        transport.routes = channel -> "one";
        number("c");
        heartbeatsWith(frame -> true, 3);
        transport.onPublish = transport.held::add;
        Outcome full = number("frozen");
        for (int i = 0; i < 100 && !full.receivers.isDone(); i++) {
            full = number("frozen");
        }
        assertEquals(Kind.OUTBOX_FULL, full.failure().kind());

        transport.routes = channel -> "another";
        number("c");

        assertEquals("c", transport.held.get(transport.held.size() - 1).channel());
    }

    private int checksOf(int heartbeats) {
        int before = checks.get();
        IntStream.range(0, heartbeats).forEach(i -> heartbeat(1));
        return checks.get() - before;
    }

    /** Which of so many heartbeats have such a frame sent. */
    private List<Integer> heartbeatsWith(Predicate<String> frame, int heartbeats) {
        List<Integer> with = new ArrayList<>();
        for (int i = 1; i <= heartbeats; i++) {
            frames.clear();
            heartbeat(1);
            if (frames.stream().anyMatch(frame)) {
                with.add(i);
            }
        }
        return with;
    }

    private void heartbeat(int periods) {
        outbox.tick(clock.addAndGet(periods * HEARTBEAT.toNanos()));
    }

    private Outcome number(String channel) {
        Outcome outcome = new Outcome();
        outbox.send(channel, OutboundMessage.numbered(message("00"), Notes.numbering(2), outcome));
        return outcome;
    }
}

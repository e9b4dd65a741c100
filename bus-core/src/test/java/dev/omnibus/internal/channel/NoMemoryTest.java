package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Where there is no memory to note that a lane has something to send, the next heartbeat makes up for it. */
class NoMemoryTest {

    private static final Duration HEARTBEAT = Duration.ofSeconds(1);

    private final HandTransport transport = new HandTransport();
    private final AdmissionControl admission = new AdmissionControl(
            Notes.limits(Notes.NEVER, 1 << 20, Duration.ZERO, Duration.ofSeconds(10)), Runnable::run, new Counters());
    private final AtomicLong clock = new AtomicLong(System.nanoTime());
    private final Outbox outbox = new Outbox(transport, admission, HEARTBEAT, () -> true, failure -> {}, clock::get) {
        @Override
        Route make(Object key) {
            return new Route(key, transport, admission.room(), noMemory, clock::get) {
                @Override
                void add(Lane lane, boolean beats) {
                    demand();
                    super.add(lane, beats);
                }
            };
        }

        @Override
        void hold(Lane lane) {
            demand();
            super.hold(lane);
        }

        @Override
        void leave(Route left) {
            demand();
            super.leave(left);
        }
    };
    private boolean exhausted;

    private void demand() {
        if (exhausted) {
            throw new OutOfMemoryError("on purpose");
        }
    }

    @Test
    void whatIsSentGoesWithTheNextHeartbeat() {
        exhausted = true;
        Outcome first = send("1");
        exhausted = false;
        Outcome second = send("2");
        assertEquals(List.of(), transport.held);
        tick(HEARTBEAT);
        assertEquals(List.of("[{\"m\":\"1\"},{\"m\":\"2\"}]"), transport.completeHeld());
        assertEquals(1, first.receivers.join());
        assertEquals(1, second.receivers.join());
        assertGoesOn();
    }

    @Test
    void whatGathersBehindAPublicationGoesWithTheNextHeartbeatAndItsOutcomeIsToldAtOnce() {
        Outcome first = send("1");
        Outcome second = send("2");
        exhausted = true;
        transport.completeHeld();
        assertEquals(1, first.receivers.join());
        assertFalse(second.receivers.isDone());
        exhausted = false;
        tick(HEARTBEAT);
        transport.completeHeld();
        assertEquals(1, second.receivers.join());
        assertGoesOn();
    }

    @Test
    void aBeatGoesWithTheNextOne() {
        exhausted = true;
        outbox.send("c", OutboundMessage.heartbeat(message("beat 1"), ReceiverCount.NO, SendCallback.UNNOTICED));
        tick(HEARTBEAT);
        exhausted = false;
        outbox.send(
                "c",
                OutboundMessage.heartbeat(
                        message("beat 2"), ReceiverCount.NO, SendCallback.UNNOTICED)); // finds the lane ready
        assertEquals(List.of("[{\"m\":\"beat 1\"},{\"m\":\"beat 2\"}]"), transport.completeHeld());
        assertGoesOn();
    }

    @Test
    void whatWaitsForTheLinkIsTriedAgain() {
        Outcome first = number();
        Outcome second = number();
        exhausted = true;
        transport
                .held
                .remove(0)
                .outcome()
                .failed(new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null));
        exhausted = false;
        outbox.retry();
        assertEquals(List.of(), transport.held); // it knows nothing of them
        tick(HEARTBEAT);
        assertEquals(List.of("[{\"m\":\"01\"},{\"m\":\"02\"}]"), transport.completeHeld());
        assertEquals(1, first.receivers.join());
        assertEquals(1, second.receivers.join());
        assertGoesOn();
    }

    @Test
    void whatWaitsForTheLinkIsGivenUpInTime() {
        Outcome first = number();
        exhausted = true;
        transport
                .held
                .remove(0)
                .outcome()
                .failed(new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null));
        tick(Duration.ofSeconds(11));
        assertEquals(Kind.CONNECTION_LOST, first.failure().kind());
        exhausted = false;
        assertGoesOn();
    }

    @Test
    @Timeout(value = 20, threadMode = ThreadMode.SEPARATE_THREAD)
    void aLaneThatCouldNotBeForgottenWhenItRetiredTakesNothingAndHoldsUpNobody() {
        retireWithoutMemory();
        assertGoesOn();
    }

    @Test
    void aLaneThatCouldNotBeForgottenWhenItRetiredIsWithTheNextHeartbeat() {
        retireWithoutMemory();
        tick(HEARTBEAT);
        assertEquals(0, outbox.count());
    }

    private void retireWithoutMemory() {
        send("1");
        transport.completeHeld();
        exhausted = true;
        assertThrows(OutOfMemoryError.class, () -> tick(Duration.ofMinutes(1)));
        exhausted = false;
        assertEquals(1, outbox.count());
    }

    private void tick(Duration later) {
        outbox.tick(clock.addAndGet(later.toNanos()));
    }

    private void assertGoesOn() {
        assertEquals(0, admission.room().taken());
        send("last");
        assertEquals(List.of("{\"m\":\"last\"}"), transport.completeHeld());
    }

    private Outcome send(String text) {
        Outcome outcome = new Outcome();
        outbox.send("c", OutboundMessage.plain(message(text), ReceiverCount.NO, outcome));
        return outcome;
    }

    private Outcome number() {
        Outcome outcome = new Outcome();
        outbox.send("c", OutboundMessage.numbered(message("00"), Notes.numbering(2), outcome));
        return outcome;
    }
}

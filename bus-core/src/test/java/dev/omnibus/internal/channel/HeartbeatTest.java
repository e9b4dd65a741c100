package dev.omnibus.internal.channel;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeartbeatTest {

    private static final Duration QUICK = Duration.ofMillis(150);

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();
    private final Notes.Listener listener = new Notes.Listener();

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    private Channels open(Channels.Limits limits) {
        return Channels.open(transport, "here", new ChannelNames("bus"), limits, executor, Notes.TIMER, listener);
    }

    @Test
    void missedBeatsLeadToReconnectsAndToOneDownAndOneUp() {
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.hearsItself = false;
            await().until(() -> transport.reconnects.get() >= 3); // each tried again while nothing comes back
            assertEquals(List.of("down"), listener.told);
            transport.hearsItself = true;
            await().until(() -> listener.told.equals(List.of("down", "up")));
            assertEquals("here", channels.node());
        }
    }

    @Test
    void aReconnectThatCannotEvenBeginIsTriedAgain() {
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.onReconnect = () -> {
                throw new OutOfMemoryError("on purpose");
            };
            transport.hearsItself = false;
            await().until(() -> transport.reconnects.get() >= 3);
            transport.onReconnect = () -> {};
            transport.hearsItself = true;
            await().until(() -> listener.told.equals(List.of("down", "up")));
            assertEquals("here", channels.node());
        }
    }

    /** Its thread has died, for instance. */
    @Test
    void aReconnectOfWhichNothingIsHeardIsGivenUpAndTheNextOneBegins() {
        CompletableFuture<Void> forgotten = new CompletableFuture<>();
        try (Channels channels = open(Notes.limits(QUICK))) {
            channels.heartbeat().reconnectEnds(QUICK.multipliedBy(3));
            transport.reconnected = forgotten;
            transport.onReconnect = () -> {
                if (transport.reconnects.get() == 2) {
                    transport.reconnected = CompletableFuture.completedFuture(null);
                    transport.hearsItself = true;
                }
            };
            transport.hearsItself = false;
            await().until(() -> listener.told.equals(List.of("down", "up")));
            assertEquals(2, transport.reconnects.get());
            assertTrue(forgotten.isCancelled()); // or the transport would go on waiting for it
        }
    }

    @Test
    void whereTwoMessagesInARowFindNoConnectionTheLinkIsDownBeforeAnyBeatIsMissed() {
        transport.onPublish = publication -> publication
                .outcome()
                .failed(new TransportException(Kind.CONNECTION_LOST, true, "refused, on purpose", null));
        try (Channels channels = open(Notes.limits(Notes.NEVER))) {
            transport.hearsItself = false;
            transport.beatsFailWith = new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null);
            channels.send("c", Notes.message("one of several connections"), ReceiverCount.NO, SendCallback.UNNOTICED);
            assertEquals(List.of(), listener.told);

            transport.canSend = false;
            transport.beatsFailWith = null;
            channels.send("c", Notes.message("the next one goes"), ReceiverCount.NO, SendCallback.UNNOTICED);
            assertEquals(List.of(), listener.told);

            transport.beatsFailWith = new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null);
            channels.send("c", Notes.message("none stands"), ReceiverCount.NO, SendCallback.UNNOTICED);
            assertEquals(List.of("down"), listener.told);
            assertEquals(1, transport.reconnects.get());

            transport.canSend = true;
            transport.hearsItself = true;
            transport.beatsFailWith = null;
            transport.reconnect();
        }
    }

    @Test
    void aLinkThatIsBehindIsAliveWhileItCarriesAnythingBothWays() {
        AtomicLong bytes = new AtomicLong();
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.arrived = bytes::incrementAndGet;
            transport.hearsItself = false;
            int before = transport.beats.get();
            await().until(() -> transport.beats.get() > before + 8);
            assertEquals(0, transport.reconnects.get());
            assertEquals(List.of(), listener.told);
            transport.hearsItself = true;
            int later = transport.beats.get();
            await().until(() -> transport.beats.get() > later + 3);
            transport.hearsItself = false;
            transport.arrived = () -> 0; // silence, and no beats
            await().until(() -> transport.reconnects.get() == 1);
            assertEquals("here", channels.node());
        }
    }

    @Test
    void whenThisProcessStoodStillItsBeatsHaveAnotherChance() {
        List<Runnable> stalled = new CopyOnWriteArrayList<>();
        AtomicInteger periods = new AtomicInteger();
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.onTogether = stalled::add;
            await().until(() -> !stalled.isEmpty());
            channels.every(QUICK, periods::incrementAndGet);
            await().until(() -> periods.get() > 5);
            transport.hearsItself = false; // what has come meanwhile is not read yet
            int held = transport.beats.get();
            stalled.forEach(Runnable::run);
            assertEquals(held + 1, transport.beats.get(), "what was missed is not made up for");
            transport.hearsItself = true;
            transport.onTogether = Runnable::run;
            int before = transport.beats.get();
            await().until(() -> transport.beats.get() > before + 3);
            assertEquals(0, transport.reconnects.get());
            assertEquals(List.of(), listener.told);
        }
    }

    @Test
    void aWayOutThatIsDeadIsSeenWhateverArrives() {
        AtomicLong bytes = new AtomicLong();
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.arrived = bytes::incrementAndGet;
            transport.hearsItself = false;
            transport.answersBeats = false;
            await().until(() -> transport.reconnects.get() >= 1);
            assertEquals("here", channels.node());
        }
    }

    @Test
    void anInboxThatRedisKnowsNoMoreIsSeenWhateverArrives() {
        AtomicLong bytes = new AtomicLong();
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.arrived = bytes::incrementAndGet;
            transport.hearsItself = false;
            transport.beatCount = 0;
            await().until(() -> transport.reconnects.get() >= 1);
            assertEquals("here", channels.node());
        }
    }

    @Test
    void afterAReconnectABeatIsSentAtOnceAndItIsCounted() {
        transport.reconnected = new CompletableFuture<>();
        try (Channels channels = open(Notes.limits(QUICK))) {
            transport.hearsItself = false;
            await().until(() -> transport.reconnects.get() == 1);
            assertEquals(0, channels.stats().reconnects());
            int before = transport.beats.get();
            await().until(() -> transport.beats.get() > before + 3); // the old connection may still recover
            int beats = transport.beats.get();
            transport.reconnected.complete(null);
            assertTrue(transport.beats.get() > beats);
            assertEquals(1, channels.stats().reconnects());
        }
    }

    @Test
    void whileAReconnectIsUnderWayABeatThatComesBackIsEnough() {
        transport.reconnected = new CompletableFuture<>();
        try (Channels channels = open(Notes.limits(Duration.ofMillis(200)))) {
            transport.hearsItself = false;
            await().until(() -> listener.told.equals(List.of("down")));
            transport.hearsItself = true;
            await().until(() -> listener.told.equals(List.of("down", "up")));
            assertEquals(1, transport.reconnects.get());
            assertEquals(0, channels.stats().reconnects());
        }
    }

    @Test
    void aFullOutboxIsNoDeadLink() {
        try (Channels channels = open(Notes.limits(QUICK, 10, Duration.ZERO, Duration.ZERO))) {
            channels.send("c", Notes.message("fills the outbox"), ReceiverCount.NO, SendCallback.UNNOTICED);
            int before = transport.beats.get();
            await().until(() -> transport.beats.get() > before + 5);
            assertEquals(0, transport.reconnects.get());
            assertEquals(List.of(), listener.told);
        }
    }

    @Test
    void countsAreNotTrustedWhenAMessageArrivesThatWasCountedAsReceivedByNobody() {
        transport.beatCount = 0;
        try (Channels channels = open(Notes.limits(QUICK))) {
            await().until(() -> !channels.countsTrusted());
            transport.beatCount = 1;
            await().until(channels::countsTrusted);
        }
    }

    @Test
    void aPlainCountThatMayHaveCountedAnObserverDoesNotMakeCountsTrusted() {
        try (Channels channels = open(Notes.limits(QUICK))) {
            await().until(() -> transport.beats.get() > 32); // most of them are not counted exactly, some are
            assertTrue(transport.countedBeats.get() >= 2);
            assertTrue(transport.countedBeats.get() < transport.beats.get() / 2);
            transport.beatCount = 0;
            await().until(() -> !channels.countsTrusted());
            int plain = transport.beats.get() - transport.countedBeats.get();
            await().until(() -> transport.beats.get() > plain + 20);
            assertTrue(transport.beats.get() - transport.countedBeats.get() <= plain + 1, "each is counted exactly");
        }
    }

    @Test
    void aBeatThatGotLostSaysNothingAboutTheCounts() {
        try (Channels channels = open(Notes.limits(QUICK))) {
            await().until(channels::countsTrusted);
            transport.hearsItself = false;
            transport.beatCount = 0;
            await().until(() -> {
                assertTrue(channels.countsTrusted());
                return transport.reconnects.get() >= 3;
            });
            assertTrue(channels.countsTrusted());
        }
    }

    @Test
    void openingFailsInTimeWhenTheOwnMessageDoesNotComeBack() {
        transport.hearsItself = false;
        Channels.Limits limits =
                new Channels.Limits(1024, 1024, Duration.ZERO, Duration.ZERO, 1024, QUICK, Duration.ofMillis(200));
        TransportException failure = assertThrows(TransportException.class, () -> open(limits));
        assertEquals(Kind.CONNECTION_LOST, failure.kind());
        assertEquals(
                "Connected, but a message to the own inbox did not come back within 200 ms; does Redis stand still, or"
                        + " has it, or this process, too little processor time?",
                failure.getMessage());
        assertTrue(transport.closed);
    }

    @Test
    void openingFailsAtOnceWithTheReasonWhenTheOwnMessageIsRefused() {
        transport.hearsItself = false;
        transport.beatsFailWith = new TransportException(Kind.REFUSED, true, "NOPERM on purpose", null);
        Channels.Limits limits =
                new Channels.Limits(1024, 1024, Duration.ZERO, Duration.ZERO, 1024, Notes.NEVER, Duration.ofMinutes(1));
        TransportException failure = assertThrows(TransportException.class, () -> open(limits));
        assertEquals(Kind.REFUSED, failure.kind());
        assertTrue(String.valueOf(failure.getMessage()).startsWith("NOPERM on purpose"), failure::getMessage);
        assertTrue(transport.closed);
    }

    @Test
    void closingTwiceJoinsTheFirstAndNothingThatArrivesMeanwhileIsDropped() {
        try (Channels channels = open(Notes.limits(Notes.NEVER))) {
            Notes.Received received = new Notes.Received();
            Channels.Subscription listening = channels.listen("c", received);
            transport.unsubscribed = new CompletableFuture<>();
            CompletableFuture<Void> first = listening.close();
            CompletableFuture<Void> second = listening.close();

            transport.deliver("c", Notes.message("arrived"));
            await().until(() -> received.messages.equals(List.of("{\"m\":\"arrived\"}")));
            assertFalse(second.isDone());

            transport.unsubscribed.complete(null);
            first.join();
            second.join();
        }
    }

    @Test
    void whatArrivesAfterClosingIsNotReportedAsTooMuch() {
        try (Channels channels = open(Notes.limits(Notes.NEVER))) {
            Channels.Subscription listening = channels.listen("c", new Notes.Received());
            transport.unsubscribed = CompletableFuture.failedFuture(
                    new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null));
            listening.close().join();
            transport.deliver("c", Notes.message("late"));
            assertEquals(List.of(), listener.told);
        }
    }

    @Test
    void tooMuchThatWaitsToBeReadIsReported() {
        try (Channels channels =
                open(new Channels.Limits(1024, 1024, Duration.ZERO, Duration.ZERO, 10, Notes.NEVER, Notes.OPENING))) {
            CompletableFuture<Void> admission = new CompletableFuture<>();
            channels.listen("c", (channel, messages, next) -> admission.join());
            transport.deliver("c", Notes.message("first"));
            transport.deliver("c", Notes.message("second"));
            transport.deliver("c", Notes.message("third"));
            assertEquals(List.of("dropping c"), listener.told);
            assertEquals(2, channels.stats().framesDropped());
            admission.complete(null);
            await().until(() -> listener.told.equals(List.of("dropping c", "dropped c: 2")));
        }
    }

    @Test
    void framesOfNoBytesAreBoundedToo() {
        try (Channels channels = open(
                new Channels.Limits(1024, 1024, Duration.ZERO, Duration.ZERO, 4_096, Notes.NEVER, Notes.OPENING))) {
            CompletableFuture<Void> admission = new CompletableFuture<>();
            channels.listen("c", (channel, messages, next) -> admission.join());
            transport.deliver("c", Notes.message("first"));
            for (int i = 0; i < 100; i++) {
                transport.deliver("c", new byte[0]);
            }
            assertTrue(channels.stats().framesDropped() > 50);
            admission.complete(null);
        }
    }

    @Test
    void aListenerThatFailsDoesNotKeepTheLinkFromBeingMadeAnew() {
        Channels.Listener failing = new Channels.Listener() {
            @Override
            public void onBadFrame(String channel, String problem) {}

            @Override
            public void onFramesDropping(String channel) {}

            @Override
            public void onFramesDropped(String channel, long frames) {}

            @Override
            public void onDisconnected() {
                throw new OutOfMemoryError("on purpose; its trace belongs to this test");
            }

            @Override
            public void onConnected() {}
        };
        try (Channels channels = Channels.open(
                transport, "here", new ChannelNames("bus"), Notes.limits(QUICK), executor, Notes.TIMER, failing)) {
            transport.hearsItself = false;
            await().until(() -> transport.reconnects.get() >= 2);
            assertEquals("here", channels.node());
        }
    }
}

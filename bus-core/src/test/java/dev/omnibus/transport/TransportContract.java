package dev.omnibus.transport;

import static dev.omnibus.transport.Outcomes.publish;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.Outcomes.Published;
import dev.omnibus.transport.Outcomes.Recording;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every transport must do. Run against Redis and in memory alike. */
abstract class TransportContract {

    private final String channel = "test-" + UUID.randomUUID();
    private Transport here;
    private Transport there;

    /** One more connection to the same network. */
    abstract Transport connect();

    /** Takes the network away. */
    abstract void takeDown();

    /** Gives it back. */
    abstract void bringUp();

    @BeforeEach
    void connectBoth() {
        here = connect();
        there = connect();
    }

    @AfterEach
    void closeBoth() {
        here.close();
        there.close();
    }

    @Test
    void whatIsPublishedIsReceivedByEverySubscriber() {
        Recording first = subscribe(here, channel);
        Recording second = subscribe(there, channel);

        assertEquals(2, publish(here, channel, "hello", false).join().receivers());

        await().until(() -> first.frames.equals(List.of("hello")) && second.frames.equals(List.of("hello")));
        assertEquals(List.of(channel), first.channels);
    }

    @Test
    void withoutASubscriberTheCountIsZero() {
        assertEquals(0, publish(here, channel, "hello", false).join().receivers());
        Published counted = publish(here, channel, "hello", true).join();
        assertEquals(0, counted.receivers());
        assertTrue(counted.toldApart());
    }

    @Test
    void aPatternSubscriberIsNotCountedAmongTheReceivers() {
        subscribe(here, channel);
        Recording patternSubscriber = new Recording();
        there.subscribePattern(channel.substring(0, 20) + "*", patternSubscriber)
                .join();

        Published counted = publish(here, channel, "counted", true).join();
        assertEquals(new Published(1, 1), counted);
        Published plain = publish(here, channel, "plain", false).join();
        assertFalse(plain.toldApart());
        // In a cluster the pattern subscriber is on the server of its pattern, and seen only by publishes to that
        // server.
        assertTrue(plain.receivers() == 1 || plain.receivers() == 2, plain::toString);

        await().until(() -> patternSubscriber.frames.equals(List.of("counted", "plain")));
        assertEquals(List.of(channel, channel), patternSubscriber.channels);
    }

    @Test
    void aPatternReceivesOnlyWhatItMatches() {
        Recording recording = new Recording();
        here.subscribePattern(channel + ".*.end", recording).join();

        publish(there, channel + ".a.end", "one", false).join();
        publish(there, channel + ".a.stop", "none", false).join();
        publish(there, channel + ".b.end", "two", false).join();

        await().until(() -> recording.frames.equals(List.of("one", "two")));
    }

    @Test
    void oneChannelKeepsItsOrderWhenEachFrameWaitsForTheOneBefore() {
        Recording recording = subscribe(here, channel);
        List<String> sent = IntStream.range(0, 500).mapToObj(Integer::toString).toList();

        sent.forEach(frame -> publish(there, channel, frame, false).join());

        await().until(() -> recording.frames.equals(sent));
    }

    @Test
    void framesForManyChannelsGoTogetherAndEachLearnsItsOwnCount() {
        subscribe(there, channel + "-1");
        subscribe(there, channel + "-3");
        List<CompletableFuture<Published>> outcomes = new ArrayList<>();
        List<Publication> together = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            outcomes.add(new CompletableFuture<>());
            together.add(Outcomes.publication(channel + "-" + i, "frame", i >= 2, outcomes.get(i)));
        }

        here.publish(together);

        List<Published> told = outcomes.stream().map(CompletableFuture::join).toList();
        assertEquals(
                List.of(0L, 1L, 0L, 1L), told.stream().map(Published::receivers).toList());
        assertEquals(
                List.of(false, false, true, true),
                told.stream().map(Published::toldApart).toList());
    }

    @Test
    void afterUnsubscribingNothingIsReceivedAndNobodyCounted() {
        Recording recording = subscribe(here, channel);
        here.unsubscribe(channel).join();

        await().until(() -> publish(there, channel, "gone", true).join().receivers() == 0);
        assertEquals(List.of(), recording.frames);
    }

    @Test
    void aChannelCanBeSubscribedAgainAfterItWasUnsubscribed() {
        subscribe(here, channel);
        here.unsubscribe(channel).join();
        Recording again = subscribe(here, channel);

        publish(there, channel, "hello", false).join();

        await().until(() -> again.frames.equals(List.of("hello")));
    }

    @Test
    void aSecondListenerForTheSameChannelIsAMistakeOfTheProgram() {
        subscribe(here, channel);
        assertThrows(IllegalStateException.class, () -> here.subscribe(channel, new Recording()));
    }

    @Test
    void reconnectingKeepsTheSubscriptionsAndReportsTheInterruption() {
        Recording exact = subscribe(here, channel);
        Recording pattern = new Recording();
        here.subscribePattern(channel + "*", pattern).join();

        here.reconnect().join();

        assertEquals(1, publish(there, channel, "after", true).join().receivers());
        await().until(() -> exact.frames.equals(List.of("after")) && pattern.frames.equals(List.of("after")));
        await().until(() -> exact.interruptions == 1 && pattern.interruptions == 1);
    }

    @Test
    void withoutANetworkPublishingFailsAtOnceAndNothingWasSent() {
        takeDown();
        try {
            TransportException failure = await().atMost(10, SECONDS)
                    .until(() -> failure(publish(here, channel, "lost", false)), TransportException::notSent);
            assertEquals(Kind.CONNECTION_LOST, failure.kind(), () -> String.valueOf(failure.getCause()));
            assertTrue(failure(publish(here, channel, "lost", true)).notSent());
        } finally {
            bringUp();
        }
        await().atMost(10, SECONDS)
                .until(() -> !publish(here, channel, "back", false)
                        .handle((done, lost) -> lost != null)
                        .join());
    }

    @Test
    void subscriptionsStandAgainAfterTheNetworkWasAway() {
        Recording recording = subscribe(here, channel);
        takeDown();
        bringUp();

        await().atMost(15, SECONDS).until(() -> recording.interruptions >= 1);
        await().atMost(15, SECONDS).until(() -> {
            publish(there, channel, "again", false).handle((done, lost) -> null).join();
            return recording.frames.contains("again");
        });
    }

    @Test
    void subscribingWhileReconnectingSubscribesOnce() throws Exception {
        for (int i = 0; i < 10; i++) {
            CompletableFuture<Void> reconnected = here.reconnect();
            Recording early = new Recording();
            Recording late = new Recording();
            CompletableFuture<Void> first = here.subscribe(channel + "-early-" + i, early);
            reconnected.get(10, SECONDS);
            here.subscribe(channel + "-late-" + i, late).get(10, SECONDS);
            first.get(10, SECONDS);

            for (String kind : List.of("-early-", "-late-")) {
                assertEquals(
                        1,
                        publish(there, channel + kind + i, "once", true).join().receivers());
                publish(there, channel + kind + i, "last", false).join();
            }
            await().until(() -> early.frames.contains("last") && late.frames.contains("last"));
            assertEquals(List.of("once", "last"), early.frames);
            assertEquals(List.of("once", "last"), late.frames);
        }
    }

    @Test
    void unsubscribingWhileReconnectingLeavesNoSubscriptionBehind() throws Exception {
        for (int i = 0; i < 10; i++) {
            Recording recording = subscribe(here, channel);
            CompletableFuture<Void> reconnected = here.reconnect();
            here.unsubscribe(channel).get(10, SECONDS);
            reconnected.get(10, SECONDS);

            await().until(() -> publish(there, channel, "gone", true).join().receivers() == 0);
            assertEquals(List.of(), recording.frames);
        }
    }

    @Test
    void closingWhileReconnectingEndsTheReconnect() throws Exception {
        subscribe(here, channel);
        CompletableFuture<Void> reconnected = here.reconnect();
        here.close();
        reconnected.handle((done, failure) -> null).get(10, SECONDS);
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("omnibus-reconnect")));
    }

    @Test
    void aClosedTransportRefusesAndClosingTwiceIsHarmless() {
        here.close();
        here.close();

        TransportException late = failure(publish(here, channel, "late", false));
        assertTrue(late.notSent());
        assertEquals(Kind.CLOSED, late.kind());
        for (CompletableFuture<?> asked : List.of(
                here.subscribe(channel, new Recording()),
                here.renewLease("index", "key", new byte[0], Duration.ofSeconds(1)),
                here.endLease("index", "key"),
                here.leases("index", 0))) {
            ExecutionException e = assertThrows(ExecutionException.class, () -> asked.get(5, SECONDS));
            assertEquals(
                    Kind.CLOSED,
                    assertInstanceOf(TransportException.class, e.getCause()).kind());
        }
        assertInstanceOf(
                TransportException.class,
                assertThrows(ExecutionException.class, () -> here.reconnect().get())
                        .getCause());
    }

    private static Recording subscribe(Transport transport, String channel) {
        Recording recording = new Recording();
        transport.subscribe(channel, recording).join();
        return recording;
    }

    private static TransportException failure(CompletableFuture<Published> publishing) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> publishing.get(5, SECONDS));
        return assertInstanceOf(TransportException.class, e.getCause());
    }
}

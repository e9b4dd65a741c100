package dev.omnibus.internal.durable;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.PublishException;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server has lost, and how its publishers find that out. */
class DurableLossTest extends DurableTimeFixture {

    private final StreamKeys keys = BusRuntime.of(here.bus).channels().names().stream(TOPIC.name());
    private final Streams streams = there.runtime.streams();

    private final OpenTopic<Integer> open = (OpenTopic<Integer>) here.topic;
    private CompletableFuture<Void> end = new CompletableFuture<>();

    DurableLossTest() throws Exception {}

    private void publish(int... events) throws Exception {
        for (int event : events) {
            here.topic.publish(event).get(10, SECONDS);
        }
    }

    /** What a replica says of a publisher when it has got only the first event. */
    private void haveOnlyTheFirst() throws Exception {
        String epoch = streams.describe(keys).get(10, SECONDS).orElseThrow().epoch();
        network.advance(Duration.ofMinutes(11)); // so that this publisher is forgotten
        byte[] first = "{}".getBytes(UTF_8);
        streams.append(
                        keys,
                        new Append(epoch, here.bus.node(), 1, true, false, List.of(first), first, Optional.empty()))
                .get(10, SECONDS);
    }

    private void awaitReported(String... what) throws Exception {
        await().until(() -> {
            here.second();
            return !reported.isEmpty();
        });
        assertEquals(List.of(what), reported());
    }

    @Test
    void aFailoverAfterNineMinutesWithoutAnAnswerIsRepairedAsAnyOther() throws Exception {
        publish(1, 2, 3);
        haveOnlyTheFirst();
        here.timing.pass(Duration.ofSeconds(570));
        awaitReported("repaired 2");
    }

    @Test
    void aFailoverAfterNineMinutesIsFoundByThePublishThatComesNext() throws Exception {
        publish(1, 2, 3);
        haveOnlyTheFirst();
        here.timing.pass(Duration.ofSeconds(570));
        publish(4);
        await().until(() -> reported.equals(List.of("repaired 2")));
    }

    @Test
    void whoWasCutOffForSoLongThatItIsForgottenAppendsAgainWhatMayBeLost() throws Exception {
        publish(1, 2, 3);
        network.advance(Duration.ofMinutes(11));
        here.timing.pass(Duration.ofMinutes(11));
        awaitReported("repaired 3");
        List<Integer> log = new CopyOnWriteArrayList<>();
        publish(4);
        ready(there.topic.follow(Position.EARLIEST, (event, position) -> log.add(event.data())));
        await().until(() -> log.contains(4));
        assertEquals(List.of(1, 2, 3, 4), log); // the doubled ones are recognised
    }

    @Test
    void whatWasRepairedIsRepairedAgainIfTheNextServerIsLostToo() throws Exception {
        publish(1, 2);
        seconds(6);
        network.forget();
        seconds(6);
        network.forget(); // 12 seconds after they were published, and 6 after they were repaired
        seconds(6);
        assertEquals(List.of("reset", "repaired 2", "reset", "repaired 2"), reported());
    }

    @Test
    void whoHasPublishedNothingForLongHasLostNothing() throws Exception {
        publish(1, 2, 3);
        seconds(40);
        network.advance(Duration.ofMinutes(11));
        here.timing.pass(Duration.ofMinutes(11));
        seconds(130);
        publish(4, 5);
        seconds(130);
        assertEquals(List.of(), reported());
        assertEquals(5, here.topic.status().get(10, SECONDS).entries());
    }

    @Test
    void aLossIsReportedOnce() throws Exception {
        publish(1, 2, 3);
        seconds(40);
        network.forget();
        seconds(200);
        assertEquals(List.of("reset", "lost  3"), reported());
        publish(4);
        seconds(200);
        assertEquals(List.of("reset", "lost  3"), reported());
    }

    @Test
    void whatMayHaveBeenStoredBeforeAFailoverSaysThatItMayHaveRun() throws Exception {
        List<String> ran = new CopyOnWriteArrayList<>();
        network.loseAnswers(true);
        CompletableFuture<Position> published = here.topic.publish(1);
        here.settle();
        network.loseAnswers(false);
        network.forget(); // it had been stored, and perhaps handled
        ready(there.topic.subscribe("g", (event, delivery) -> ran.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> {
            seconds(1);
            return published.isDone() && !ran.isEmpty();
        });
        assertEquals(List.of("1 true"), ran);
    }

    @Test
    void aTopicThatAnotherProcessHasReopenedOtherwiseRefusesAtOnceAndUntilThatIsMended() throws Exception {
        publish(1);
        network.forget();
        try (Bus other = Bus.builder(network.open()).build()) {
            DurableTopics.on(other).topic(TOPIC, Retention.forDays(7)).ready().get(10, SECONDS);
        }
        for (int i = 2; i < 4; i++) {
            CompletableFuture<Position> publishing = here.topic.publish(i);
            ExecutionException failure = assertThrows(ExecutionException.class, () -> publishing.get(10, SECONDS));
            PublishException refused = assertInstanceOf(PublishException.class, failure.getCause());
            assertEquals(PublishException.Reason.REFUSED, refused.reason());
            assertTrue(String.valueOf(refused.getMessage()).contains("another retention"), refused::getMessage);
        }
        await().until(() -> !reported.isEmpty());
        assertTrue(reported.get(0).startsWith("unsent Another process"), reported.get(0));
        network.forget(); // the wrong description is removed
        CompletableFuture<Position> last = here.topic.publish(4);
        await().until(() -> {
            here.second(); // it opens the topic again after some seconds
            return reported.size() >= 3;
        });
        last.handle((position, refused) -> position).get(10, SECONDS);
        assertEquals(List.of("reset", "repaired 1"), reported.subList(1, reported.size()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatComesAgainAfterAFailoverSaysSoAlsoOnANodeThatHasStartedSince(boolean othersLive) throws Exception {
        publish(1, 2);
        for (int i = 0; i < 3; i++) {
            here.second(); // it has compared the history
        }
        if (!othersLive) {
            here.bus.close();
            there.bus.close();
        }
        network.failOver();
        Node later = new Node();
        try {
            List<String> ran = new CopyOnWriteArrayList<>();
            later.topic.publish(3).get(10, SECONDS);
            ready(later.topic.subscribe("g", (event, delivery) -> ran.add(event.data() + " " + delivery.mayHaveRun())));
            await().until(() -> {
                later.second();
                return ran.size() == 3;
            });
            assertEquals(List.of("1 true", "2 true"), ran.subList(0, 2));
        } finally {
            later.bus.close();
        }
    }

    /** Redis is emptied, and closing begins, before the second event is answered. */
    private CompletableFuture<Position> endWhileRedisWasEmptied() throws Exception {
        publish(1);
        here.faults.hold("append");
        network.forget();
        CompletableFuture<Position> publishing = here.topic.publish(2);
        end = open.end();
        here.faults.heal("append");
        return publishing;
    }

    @Test
    void aBusThatClosesWhenRedisWasEmptiedStillAppendsWhatItHas() throws Exception {
        CompletableFuture<Position> publishing = endWhileRedisWasEmptied();
        end.get(10, SECONDS);
        publishing.get(10, SECONDS); // it is completed on the executor
        await().until(() -> reported.equals(List.of("reset", "repaired 1")));
        assertEquals(2, there.topic.status().get(10, SECONDS).entries());
    }

    @Test
    void whatIsGivenUpWhenRedisWasEmptiedIsReportedAndCertainlyNotStored() throws Exception {
        here.faults.refuse("open", Kind.CONNECTION_LOST);
        CompletableFuture<Position> publishing = endWhileRedisWasEmptied();
        await().until(() -> {
            here.timing.pass(Duration.ofSeconds(1));
            here.timing.run(false);
            return here.faults.asked("open") >= 3; // it goes on trying
        });
        assertFalse(end.isDone());
        open.abandon();
        end.get(10, SECONDS);
        ExecutionException failure = assertThrows(ExecutionException.class, () -> publishing.get(10, SECONDS));
        PublishException refused = assertInstanceOf(PublishException.class, failure.getCause());
        assertEquals(PublishException.Outcome.NOT_SENT, refused.outcome());
        await().until(() -> reported.equals(List.of("lost  1")));
    }
}

package dev.omnibus.internal.durable;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What is reported of durable topics on a bad day, and what is not. */
class DurableReportsTest extends DurableTimeFixture {

    DurableReportsTest() throws Exception {}

    @Test
    void acknowledgementsWhoseAnswerIsLostAreNoDoubling() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        Subscription subscription = here.topic.subscribe("g", event -> {
            started.countDown();
            gate.await();
            handled.add(event.data());
        });
        ready(subscription);
        for (int i = 1; i <= 5; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending() == 5);
        here.faults.refuse("turn", Kind.CONNECTION_LOST);
        gate.countDown();
        await().until(() -> handled.size() == 5 && subscription.stats().waiting() == 0);
        here.faults.heal("turn");
        network.loseAnswers(true);
        here.timing.pass(Duration.ofMillis(100));
        here.timing.run(false); // all are acknowledged, and nobody knows
        here.settle();
        network.loseAnswers(false);
        assertEquals(0, pending());
        network.failOver();
        seconds(3);
        assertEquals(List.of(1, 2, 3, 4, 5), handled);
        assertEquals(List.of(), reported());
    }

    @Test
    void anEventWhoseReleaseHasNoAnswerIsNotRunHereBesideTheNodeThatHasItNow() throws Exception {
        List<String> ran = new CopyOnWriteArrayList<>();
        GroupOptions options = GroupOptions.defaults().withRetries(5, Duration.ofSeconds(1), Duration.ofSeconds(1));
        ready(here.topic.subscribe("g", options, (event, delivery) -> {
            ran.add("here");
            throw new IllegalStateException("on purpose");
        }));
        here.faults.lose("release");
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return here.faults.asked("release") > 0; // it is anyone's
        });
        ready(there.topic.subscribe("g", options, (event, delivery) -> ran.add("there")));
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            there.second();
            return pending() == 0;
        });
        here.faults.heal("release");
        seconds(5);
        assertEquals(List.of("here", "here", "here", "there"), ran);
        assertEquals(List.of(), reported());
    }

    private void fillDeadLetters() throws Exception {
        StreamKeys keys = BusRuntime.of(here.bus).channels().names().stream(TOPIC.name());
        Streams streams = there.runtime.streams();
        String epoch = streams.describe(keys).get(10, SECONDS).orElseThrow().epoch();
        byte[] event = "{}".getBytes(UTF_8);
        streams.createGroup(keys, "g", StreamId.EARLIEST).get(10, SECONDS);
        Streams.Consumer filler = new Streams.Consumer(keys, "g", "filler");
        for (int first = 1; first < Streams.MAX_DEAD_LETTERS; first += 1_000) {
            List<byte[]> entries = Collections.nCopies(1_000, event);
            streams.append(keys, new Append(epoch, "filler", first, true, false, entries, event, Optional.empty()))
                    .get(10, SECONDS);
            for (StreamEntry entry :
                    streams.turn(filler, List.of(), 1_000).get(10, SECONDS).entries()) {
                streams.bury(filler, entry.id(), Attempts.NONE, "on purpose");
            }
        }
    }

    @Test
    void whatIsRejectedWhileTheDeadLettersAreFullSaysOnAnotherNodeThatItMayHaveRun() throws Exception {
        fillDeadLetters();
        Subscription subscription =
                here.topic.subscribe("g", GroupOptions.defaults(), (event, delivery) -> delivery.reject("on purpose"));
        ready(subscription);
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> !reported.isEmpty()); // there is no room for it
        subscription.close();
        subscription.closed().get(10, SECONDS);
        List<String> ran = new CopyOnWriteArrayList<>();
        ready(there.topic.subscribe("g", (event, delivery) -> ran.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> {
            seconds(1);
            return !ran.isEmpty();
        });
        assertEquals(List.of("1 true"), ran);
    }

    @Test
    void whatRanTwiceIsReportedAlsoIfItIsRejected() throws Exception {
        ready(here.topic.subscribe("g", GroupOptions.defaults(), (event, delivery) -> {
            started.countDown();
            gate.await();
            delivery.reject("on purpose");
        }));
        here.topic.publish(1).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
        network.advance(Duration.ofSeconds(4)); // while here nothing is done
        here.timing.pass(Duration.ofSeconds(4));
        ready(there.topic.subscribe("g", event -> {}));
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            there.second();
            return pending() == 0;
        });
        gate.countDown();
        await().until(() -> {
            here.second();
            return !reported.isEmpty();
        });
        assertEquals(List.of("doubled g"), reported());
    }

    @Test
    void whatCannotBeWrittenOfAnEventIsNotTriedAnyMoreOnceTheEventIsGone() throws Exception {
        AtomicBoolean failed = new AtomicBoolean();
        ready(here.topic.subscribe("g", event -> {
            if (failed.compareAndSet(false, true)) {
                throw new IllegalStateException("on purpose");
            }
        }));
        here.faults.refuse("attempted", Kind.CONNECTION_LOST);
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return here.faults.asked("attempted") > 1;
        });
        network.forget();
        await().until(() -> {
            seconds(1);
            return here.faults.asked("createGroup") == 2;
        });
        seconds(1);
        int asked = here.faults.asked("attempted");
        seconds(3);
        assertEquals(asked, here.faults.asked("attempted"));
    }

    @Test
    void aHandlerIsNotRunAgainWhileTheDeadLettersAreFull() throws Exception {
        fillDeadLetters();
        List<Integer> ran = new CopyOnWriteArrayList<>();
        ready(here.topic.subscribe("g", GroupOptions.defaults(), (event1, delivery) -> {
            ran.add(event1.data());
            delivery.reject("on purpose");
        }));
        for (int i = 1; i <= 2; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        await().until(() -> ran.size() == 2);
        seconds(150);
        assertEquals(List.of(1, 2), ran);
        assertEquals(1, reported().size(), reported::toString);
        for (DeadLetter<Integer> letter : here.topic.deadLetters("g").list(2).get(10, SECONDS)) {
            assertTrue(here.topic.deadLetters("g").discard(letter.id()).get(10, SECONDS));
        }
        seconds(65);
        await().until(() -> pending() == 0);
        assertEquals(List.of(1, 2), ran);
    }

    @Test
    void aGroupThatIsForgottenWhileItIsConsumedIsCreatedAgainAndNothingIsSaidOfRedis() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        ready(here.topic.subscribe("g", event -> handled.add(event.data())));
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> handled.equals(List.of(1)) && pending() == 0);
        assertTrue(there.topic.forget("g").get(10, SECONDS));
        here.topic.publish(2).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return handled.contains(2);
        });
        seconds(15);
        assertEquals(1, reported().size(), reported::toString);
        assertTrue(reported.get(0).startsWith("unsent Consumer group g was removed"), reported.get(0));
    }

    @Test
    void anEmptiedRedisIsReportedOnceByANodeHoweverManyGroupsItConsumes() throws Exception {
        ready(here.topic.subscribe("g", event -> {}));
        ready(here.topic.subscribe("h", event -> {}));
        network.forget();
        await().until(() -> {
            seconds(1);
            return here.faults.asked("createGroup") >= 4;
        });
        seconds(15);
        assertEquals(List.of("reset"), reported());
    }

    @Test
    void whatRunsWhenAnEmptiedRedisIsFoundIsNotHandledOnceMore() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        ready(here.topic.subscribe("g", GroupOptions.defaults().withConcurrency(4), (event, delivery) -> {
            handled.add(event.data());
            gate.await();
        }));
        here.faults.refuse("append", Kind.CONNECTION_LOST); // so that its group finds out first
        network.forget();
        seconds(1);
        there.topic.publish(1);
        await().until(() -> {
            seconds(1);
            return !handled.isEmpty();
        });
        here.faults.heal("append");
        seconds(15);
        assertEquals(List.of(1), handled);
        gate.countDown();
        await().until(() -> {
            seconds(1);
            return pending() == 0;
        });
        assertEquals(List.of(1), handled);
    }
}

package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** No loss is silent, and nothing is called a loss that is none: with a network that loses, doubles and reorders. */
public class LossTest extends BusFixture {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }

    @Override
    public BusBuilder builder() {
        return super.builder().heartbeat(Duration.ofMillis(400)); // a mark follows the last event so much later
    }

    @Test
    void theLossOfTheLastEventsIsRevealed() throws Exception {
        List<Integer> seen = subscribe("n");
        publish("n", 0, 5);
        lose(frame -> data(frame) >= 3);
        publish("n", 5, 3);
        await().until(() -> listener.told.equals(List.of("gap n 6-8")));
        assertEquals(List.of(0, 1, 2, 3, 4), seen);
        assertEquals(3, there.stats().lost());
        assertEquals(1, there.stats().gaps());
    }

    @Test
    void theLossOfTheLastEventsOfAPublisherThatLeavesIsRevealed() throws Exception {
        subscribe("n");
        publish("n", 0, 2);
        lose(frame -> data(frame) >= 2);
        publish("n", 2, 2);
        network.tamper((channel, frame) -> List.of(frame));
        here.close();
        await().until(() -> listener.told.equals(List.of("gap n 3-4")));
    }

    @Test
    void marksOfAllEventsThatArrivedAreNoLoss() throws Exception {
        List<Integer> seen = subscribe("n");
        AtomicLong marks = new AtomicLong();
        network.tamper((channel, frame) -> {
            marks.addAndGet(text(frame).contains(EventCodec.MARKER) ? 1 : 0);
            return List.of(frame);
        });
        publish("n", 0, 5);
        await().until(() -> marks.get() >= 3); // they come again, in case that one gets lost
        assertEquals(5, seen.size());
        there.close(); // its reports have been handed over then
        assertEquals(List.of(), listener.told);
        assertEquals(5, here.stats().published());
    }

    @Test
    void whoComesAfterTheLastEventIsToldOfNoLoss() throws Exception {
        ready(here.subscribe("n.*", Integer.class, event -> {})); // or there would be no marks
        publish("n.a", 0, 5);
        AtomicLong marks = new AtomicLong();
        network.tamper((channel, frame) -> {
            marks.addAndGet(text(frame).contains(EventCodec.MARKER) ? 1 : 0);
            return List.of(frame);
        });
        List<Integer> exact = subscribe("n.a");
        List<Integer> pattern = subscribe("n.*");
        await().until(() -> marks.get() >= 2);
        publish("n.a", 5, 1);
        await().until(() -> exact.equals(List.of(5)) && pattern.equals(List.of(5)));
        there.close();
        assertEquals(List.of(), listener.told);
    }

    @Test
    void whoComesBackToATopicThatNobodyFollowedMeanwhileIsToldOfNoLoss() throws Exception {
        List<Integer> flat = subscribe("n.*"); // keeps the Redis subscription, and does not match what follows
        List<Integer> seen = new CopyOnWriteArrayList<>();
        Subscription deep = there.subscribe("n.**", Integer.class, event -> seen.add(event.data()));
        ready(deep);
        publish("n.a.b", 0, 2);
        await().until(() -> seen.size() == 2);
        deep.close();
        deep.closed().get(5, SECONDS);
        publish("n.a.b", 2, 3);
        publish("n.end", 0, 1);
        await().until(() -> flat.size() == 1); // then those before it have been read as well
        List<Integer> again = subscribe("n.**");
        publish("n.a.b", 5, 1);
        await().until(() -> again.equals(List.of(5)));
        lose(frame -> data(frame) == 6);
        publish("n.a.b", 6, 2);
        await().until(() -> again.equals(List.of(5, 7)));
        there.close(); // its reports have been handed over then
        assertEquals(List.of("gap n.a.b 7-7"), listener.told);
    }

    @Test
    void whatThePublisherCouldNotSendIsNoLossOfTheSubscribersBeforeAndAfterItIsNoticed() throws Exception {
        List<Integer> seen = subscribe("n");
        publish("n", 0, 3);
        await().until(() -> seen.size() == 3);
        network.down();
        for (int i = 0; i < 3; i++) {
            assertNotSent(i);
        }
        await().until(() -> here.state() == BusState.DOWN);
        for (int i = 3; i < 6; i++) {
            assertNotSent(i);
        }
        network.up();
        await().until(() -> here.state() == BusState.UP && there.state() == BusState.UP);
        publish("n", 3, 3);
        await().until(() -> seen.equals(List.of(0, 1, 2, 3, 4, 5)));
        assertEquals(0, there.stats().lost());
    }

    private void assertNotSent(int number) {
        ExecutionException failure = assertThrows(
                ExecutionException.class, () -> here.publish("n", number).get(5, SECONDS));
        PublishException cause = assertInstanceOf(PublishException.class, failure.getCause());
        assertEquals(PublishException.Outcome.NOT_SENT, cause.outcome());
    }

    @Test
    void aPublisherThatStartsAnewIsToldFromTheOneBefore() throws Exception {
        List<Integer> seen = subscribe("n");
        publish("n", 0, 3);
        here.close();
        here = builder().name("here").build();
        publish("n", 3, 3);
        await().until(() -> seen.size() == 6);
        there.close();
        assertEquals(List.of(), listener.told);
    }

    @Test
    void anEventWithoutANumberIsKnownByItsSourceAndId() throws Exception {
        List<Integer> seen = subscribe("n");
        for (String source : List.of("/a", "/a", "/b")) {
            raw("n", "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"" + source + "\",\"type\":\"T\",\"data\":1}");
        }
        await().until(() -> seen.size() == 2);
        await().until(() -> listener.told.equals(List.of("duplicate n 7")));
        assertEquals(1, there.stats().duplicates());
    }

    /** What the handler did not get is what was reported, whatever the network does, event by event and at the end. */
    @Test
    void theSumOfTheReportedGapsIsWhatIsMissing() throws Exception {
        for (long seed = 1; seed <= 10; seed++) {
            lossyRound(seed);
        }
    }

    private void lossyRound(long seed) throws Exception {
        Random random = new Random(seed);
        String topic = "round-" + seed;
        List<Integer> seen = subscribe(topic);
        publish(topic, 0, 1); // from here on it is no late joiner
        await().until(() -> seen.size() == 1);
        List<byte[]> late = new ArrayList<>();
        network.tamper((channel, frame) -> {
            if (!channel.endsWith(topic) || text(frame).contains(EventCodec.MARKER)) {
                return List.of(frame);
            }
            return switch (random.nextInt(10)) {
                case 0 -> List.of();
                case 1 -> List.of(frame, frame);
                case 2 -> {
                    late.add(frame); // overtaken by the next one
                    yield List.of();
                }
                default -> {
                    List<byte[]> now = new ArrayList<>(List.of(frame));
                    now.addAll(late);
                    late.clear();
                    yield now;
                }
            };
        });
        long lostBefore = there.stats().lost();
        int events = 500;
        publish(topic, 1, events);
        await().atMost(10, SECONDS).until(() -> there.stats().lost() - lostBefore + seen.size() == events + 1);
        List<Integer> sorted = seen.stream().sorted().distinct().toList();
        assertEquals(sorted, seen, "seed " + seed); // in order, none twice
        assertTrue(seen.size() < events, "seed " + seed);
        network.tamper((channel, frame) -> List.of(frame));
    }

    private List<Integer> subscribe(String topic) throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe(topic, Integer.class, event -> seen.add(event.data())));
        return seen;
    }

    private void publish(String topic, int from, int events) throws Exception {
        for (int i = from; i < from + events; i++) {
            here.publish(topic, i).get(5, SECONDS);
        }
    }

    private void lose(Predicate<byte[]> lost) {
        network.tamper((channel, frame) -> lost.test(frame) ? List.of() : List.of(frame));
    }

    /** -1 for what is no event. */
    private static int data(byte[] frame) {
        String text = text(frame);
        int at = text.indexOf("\"data\":");
        return at < 0 ? -1 : Integer.parseInt(text.substring(at + 7, text.length() - 1));
    }

    private void raw(String topic, String event) throws Exception {
        CompletableFuture<Long> done = RawFrames.publish(here, topic, event);
        done.get(5, SECONDS);
    }

    private static String text(byte[] frame) {
        return new String(frame, StandardCharsets.UTF_8);
    }
}

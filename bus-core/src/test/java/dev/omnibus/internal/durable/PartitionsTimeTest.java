package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Partitions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.durable.log.Partition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which node has which partition, as nodes come, go, die and are paused. An event is the number of its partition. */
class PartitionsTimeTest extends DurableTimeFixture {

    private static final int COUNT = 6;
    private static final List<String> KEYS = keys();
    private static final Topic<Integer> PARTED = Topic.of("parted", Integer.class);
    private static final Partitions<Integer> SIX = Partitions.by(COUNT, event -> KEYS.get(event % 100));
    private static final GroupOptions ORDERED =
            GroupOptions.defaults().withConcurrency(COUNT).withSingleActiveConsumer();

    /** A key for each partition. */
    private static List<String> keys() {
        Partitions<String> same = Partitions.by(COUNT, key -> key);
        return IntStream.range(0, COUNT)
                .mapToObj(partition -> IntStream.iterate(0, i -> i + 1)
                        .mapToObj(i -> "key-" + i)
                        .filter(key -> same.partitionOf(key) == partition)
                        .findFirst()
                        .orElseThrow())
                .toList();
    }

    private final DurableTopic<Integer> parted;
    private final DurableTopic<Integer> partedThere;
    private final List<String> handled = new CopyOnWriteArrayList<>(); // node, event and whether it may have run
    private final Map<Integer, CompletableFuture<Void>> held = new ConcurrentHashMap<>(); // until the test ends them

    PartitionsTimeTest() throws Exception {
        parted = DurableTopics.on(here.bus).topic(PARTED, Retention.untilAcknowledged(), SIX);
        partedThere = DurableTopics.on(there.bus).topic(PARTED, Retention.untilAcknowledged(), SIX);
        parted.ready().get(10, SECONDS);
        partedThere.ready().get(10, SECONDS);
    }

    private Subscription subscribe(Node node) throws Exception {
        String name = node == here ? "here" : "there";
        Subscription subscription = (node == here ? parted : partedThere)
                .subscribeAsync("g", ORDERED, (event, delivery) -> {
                    handled.add(name + " " + event.data() + (delivery.mayHaveRun() ? " again" : ""));
                    return held.getOrDefault(event.data(), CompletableFuture.completedFuture(null));
                });
        ready(subscription);
        return subscription;
    }

    /** The partitions that a node is to have while both are there. */
    private Set<Integer> shareOf(Node node) {
        List<String> both = List.of(here.bus.node(), there.bus.node());
        return IntStream.range(0, COUNT)
                .filter(number -> new Partition(number, COUNT).owner(both).equals(node.bus.node()))
                .boxed()
                .collect(Collectors.toSet());
    }

    private void publish(int hundreds) throws Exception {
        for (int partition = 0; partition < COUNT; partition++) {
            parted.publish(hundreds * 100 + partition).get(10, SECONDS);
        }
    }

    private static List<String> of(String node, int hundreds, Set<Integer> partitions) {
        return partitions.stream()
                .map(partition -> node + " " + (hundreds * 100 + partition))
                .toList();
    }

    private static Set<Integer> all() {
        return IntStream.range(0, COUNT).boxed().collect(Collectors.toSet());
    }

    private void awaitPendingOf(int count) throws Exception {
        await().until(() -> {
            seconds(1);
            return parted.status().get(10, SECONDS).groups().get(0).pending() == count;
        });
    }

    private void awaitHandled(List<String> what) throws Exception {
        await().until(() -> {
            seconds(1);
            return handled.containsAll(what);
        });
    }

    @Test
    void aNodeThatJoinsGetsItsShareWhenTheOneBeforeHasEndedWhatItWasHandling() throws Exception {
        subscribe(here);
        all().forEach(partition -> held.put(partition, new CompletableFuture<>()));
        publish(0);
        awaitHandled(of("here", 0, all()));
        publish(1); // waits behind those
        subscribe(there);
        for (int i = 0; i < 60; i++) {
            seconds(1); // a handler of a minute is not taken away
        }
        assertEquals(COUNT, handled.size());
        int first = shareOf(there).iterator().next();
        Objects.requireNonNull(held.get(first)).complete(null);
        awaitHandled(List.of("there " + (100 + first)));
        assertEquals(COUNT + 1, handled.size());
        held.values().forEach(end -> end.complete(null));
        awaitHandled(of("here", 1, shareOf(here)));
        awaitHandled(of("there", 1, shareOf(there)));
        publish(2);
        awaitHandled(of("here", 2, shareOf(here)));
        awaitHandled(of("there", 2, shareOf(there)));
        assertEquals(3 * COUNT, handled.size()); // none twice, and so none that may have run
        assertEquals(COUNT / 2, shareOf(there).size());
        assertEquals(List.of(), reported());
    }

    @Test
    void aNodeThatLeavesGivesItsShareBack() throws Exception {
        subscribe(here);
        Subscription leaving = subscribe(there);
        seconds(5);
        publish(0);
        awaitHandled(of("there", 0, shareOf(there)));
        leaving.close();
        await().until(() -> {
            seconds(1);
            return leaving.closed().isDone();
        });
        publish(1);
        awaitHandled(of("here", 1, all()));
        assertEquals(2 * COUNT, handled.size());
        assertEquals(List.of(), reported());
    }

    @Test
    void whatANodeHadThatDiesIsHandledFirstByTheNextOne() throws Exception {
        subscribe(here);
        subscribe(there);
        seconds(5);
        shareOf(there).forEach(partition -> held.put(partition, new CompletableFuture<>()));
        publish(0);
        awaitHandled(of("there", 0, shareOf(there)));
        publish(1); // read there, and so it may have run there, too
        awaitPendingOf(2 * shareOf(there).size());
        held.clear();
        there.timing.pass(Duration.ofHours(1)); // nothing is done there any more
        publish(2);
        List<String> last = of("here", 2, all());
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            here.second();
            return handled.containsAll(last);
        });
        for (int partition : shareOf(there)) {
            List<String> ofPartition = handled.stream()
                    .filter(one -> one.startsWith("here ") && one.matches("here (1|2)?0?" + partition + "( again)?"))
                    .toList();
            assertEquals(
                    List.of("here " + partition + " again", "here 10" + partition + " again", "here 20" + partition),
                    ofPartition);
        }
    }

    @Test
    void aNodeThatWasPausedStartsNothingOfWhatAnotherOneHasTakenOver() throws Exception {
        subscribe(here);
        subscribe(there);
        seconds(5);
        there.timing.pass(Duration.ofSeconds(10)); // paused, while its connection is not
        for (int i = 0; i < 10; i++) {
            network.advance(Duration.ofSeconds(1));
            here.second();
        }
        publish(0);
        awaitHandled(of("here", 0, shareOf(here)));
        await().until(() -> handled.containsAll(of("here", 0, all())) || handled.size() == COUNT);
        seconds(10); // it is back, and gets its share again
        publish(1);
        awaitHandled(of("there", 1, shareOf(there)));
        awaitHandled(of("here", 1, shareOf(here)));
        assertEquals(2 * COUNT, handled.size());
    }

    @Test
    void aNodeThatClosesWhileAHandlerRunsKeepsNothingElse() throws Exception {
        Subscription closing = subscribe(here);
        held.put(0, new CompletableFuture<>());
        seconds(2);
        publish(0);
        awaitHandled(of("here", 0, all()));
        subscribe(there);
        closing.close();
        publish(1);
        awaitHandled(of("there", 1, Set.of(1, 2, 3, 4, 5)));
        seconds(30);
        assertEquals(2 * COUNT - 1, handled.size()); // 100 waits for the end of 0
        held.get(0).complete(null);
        awaitHandled(List.of("there 100"));
        await().until(() -> {
            seconds(1);
            return closing.closed().isDone();
        });
        assertEquals(2 * COUNT, handled.size());
    }

    @Test
    void aGroupOfOneNodeLosesNothingWhenRedisIsEmptied() throws Exception {
        subscribe(here);
        seconds(3);
        publish(0);
        awaitHandled(of("here", 0, all()));
        network.forget();
        await().until(() -> {
            seconds(1);
            return reported.stream().filter("repaired 1"::equals).count() == COUNT;
        });
        publish(1);
        awaitHandled(of("here", 1, all()));
        assertEquals(2 * COUNT, handled.size()); // what is there again is known to be handled
    }
}

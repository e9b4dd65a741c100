package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;

/** Nodes with durable topics, in a time of their own. */
abstract class DurableTimeFixture implements BusListener {

    static final Topic<Integer> TOPIC = Topic.of("n", Integer.class);

    /** A node of which the test says when its time goes by. */
    final class Node {

        final ManualTiming timing = new ManualTiming();
        final Faults faults = new Faults();
        final Bus bus = Bus.builder(faults.around(network.open()))
                .name("node")
                .drainTimeout(Duration.ofSeconds(2))
                .listener(DurableTimeFixture.this)
                .build();
        final DurableRuntime runtime =
                BusRuntime.of(bus).layer(DurableRuntime.class, inside -> new DurableRuntime(inside, timing));
        final DurableTopic<Integer> topic = DurableTopics.on(bus).topic(TOPIC, Retention.untilAcknowledged());

        Node() throws Exception {
            topic.ready().get(10, SECONDS);
        }

        /** Has a second go by, and waits until Redis' answers were read. */
        void second() throws Exception {
            timing.pass(Duration.ofSeconds(1));
            timing.run(true);
            settle();
        }

        void settle() throws Exception {
            CompletableFuture<Void> read = new CompletableFuture<>();
            runtime.streams()
                    .describe(BusRuntime.of(bus).channels().names().stream(TOPIC.name()))
                    .whenComplete((any, failure) -> read.complete(null));
            read.get(10, SECONDS);
        }
    }

    final InMemoryNetwork network = new InMemoryNetwork();
    final List<String> reported = new CopyOnWriteArrayList<>();
    private final Map<String, CompletableFuture<Void>> passed = new ConcurrentHashMap<>();
    final CountDownLatch gate = new CountDownLatch(1);
    final CountDownLatch started = new CountDownLatch(1);
    final Node here = new Node();
    final Node there = new Node();

    DurableTimeFixture() throws Exception {}

    @AfterEach
    void close() {
        gate.countDown();
        here.bus.close();
        there.bus.close();
    }

    @Override
    public void onDoubled(String topic, String group, String position) {
        reported.add("doubled " + group);
    }

    @Override
    public void onLost(String topic, String reader, long events, String which) {
        reported.add("lost " + reader + " " + events);
    }

    @Override
    public void onRepaired(String topic, long events) {
        reported.add("repaired " + events);
    }

    @Override
    public void onReset(String topic) {
        CompletableFuture<Void> marker = passed.get(topic);
        if (marker == null) {
            reported.add("reset");
        } else {
            marker.complete(null);
        }
    }

    @Override
    public void onUnsent(String channel, String problem) {
        reported.add("unsent " + problem);
    }

    void seconds(int seconds) throws Exception {
        for (int i = 0; i < seconds; i++) {
            network.advance(Duration.ofSeconds(1));
            here.second();
            there.second();
        }
    }

    /** Returns what was reported until now; a thread of the listener's own passes it on. */
    List<String> reported() throws Exception {
        for (Node node : List.of(here, there)) {
            if (node.bus.state() != BusState.CLOSED) {
                String marker = "marker " + UUID.randomUUID();
                CompletableFuture<Void> before = new CompletableFuture<>();
                passed.put(marker, before);
                ((OpenTopic<Integer>) node.topic).reports().onReset(marker);
                before.get(10, SECONDS);
            }
        }
        return reported;
    }

    static void ready(Subscription subscription) throws Exception {
        subscription.ready().get(10, SECONDS);
    }

    long pending() throws Exception {
        return here.topic.status().get(10, SECONDS).groups().stream()
                .mapToLong(DurableTopicStatus.Group::pending)
                .sum();
    }
}

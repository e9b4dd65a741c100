package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Events with ids on a bad day, in a time of their own. */
class PublishIdTest {

    private static final Topic<String> TOPIC = Topic.of("n", String.class);
    private static final Duration WINDOW = Duration.ofMinutes(2);

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final List<String> reported = new CopyOnWriteArrayList<>();
    private final ManualTiming timing = new ManualTiming();
    private final List<Bus> nodes = List.of(node(), node());
    private final DurableTopic<String> here = topic(0);
    private final DurableTopic<String> there = topic(1);

    @AfterEach
    void close() {
        nodes.forEach(Bus::close);
    }

    private Bus node() {
        Bus bus = Bus.builder(network.open())
                .listener(new BusListener() {
                    @Override
                    public void onRepaired(String topic, long events) {
                        reported.add("repaired " + events);
                    }
                })
                .build();
        DurableRuntime unused =
                BusRuntime.of(bus).layer(DurableRuntime.class, inside -> new DurableRuntime(inside, timing));
        return bus;
    }

    private DurableTopic<String> topic(int node) {
        return DurableTopics.on(nodes.get(node))
                .topic(TOPIC, Retention.untilAcknowledged().withIdWindow(WINDOW));
    }

    private static CompletableFuture<Position> publish(DurableTopic<String> topic, String id) {
        return topic.publish(id, PublishOptions.defaults().withId(id));
    }

    private void second() {
        network.advance(Duration.ofSeconds(1));
        timing.pass(Duration.ofSeconds(1));
        timing.run(true);
    }

    private List<String> log(int entries) {
        List<String> log = new CopyOnWriteArrayList<>();
        here.follow(Position.EARLIEST, (event, position) -> log.add(event.data()));
        await().until(() -> {
            second();
            return log.size() >= entries;
        });
        return log;
    }

    @Test
    void itIsStoredOnceWhateverIsRepeatedAndWhoeverPublishesIt() throws Exception {
        Position first = publish(there, "3").get(10, SECONDS);
        network.loseAnswers(true);
        List<CompletableFuture<Position>> publishing = new ArrayList<>();
        List<CompletableFuture<Position>> again = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            publishing.add(publish(here, String.valueOf(i)));
            again.add(publish(there, String.valueOf(i)));
        }
        publishing.add(here.publish("5"));
        second();
        network.loseAnswers(false);
        await().until(() -> {
            second();
            return publishing.stream().allMatch(CompletableFuture::isDone)
                    && again.stream().allMatch(CompletableFuture::isDone);
        });
        assertEquals(first, publishing.get(2).join());
        assertEquals(
                publishing.subList(0, 4).stream().map(CompletableFuture::join).toList(),
                again.stream().map(CompletableFuture::join).toList());
        assertEquals(List.of("3", "1", "2", "4", "5"), log(5));
        assertEquals(5, here.status().get(10, SECONDS).entries());
    }

    @Test
    void whatAnEmptiedServerHasLostIsRepairedOnceThoughTwoHavePublishedIt() throws Exception {
        for (String id : List.of("1", "2", "3")) {
            assertEquals(publish(here, id).get(10, SECONDS), publish(there, id).get(10, SECONDS));
        }
        network.forget();
        await().until(() -> {
            second();
            return reported.equals(List.of("repaired 3", "repaired 3"));
        });
        assertEquals(List.of("1", "2", "3"), log(3));
        assertEquals(3, here.status().get(10, SECONDS).entries());
    }

    @Test
    void itIsForgottenWhenItsWindowIsOver() throws Exception {
        Position first = publish(here, "1").get(10, SECONDS);
        network.advance(WINDOW.minusSeconds(1));
        assertEquals(first, publish(there, "1").get(10, SECONDS));
        network.advance(WINDOW.multipliedBy(2));
        publish(there, "1").get(10, SECONDS);
        assertEquals(2, here.status().get(10, SECONDS).entries());
    }
}

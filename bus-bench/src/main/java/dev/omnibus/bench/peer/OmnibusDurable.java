package dev.omnibus.bench.peer;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A durable topic of Omnibus. */
final class OmnibusDurable implements DurableClient {

    /** More than is published in a measurement; the other libraries have no limits. */
    private static final Retention RETENTION =
            Retention.untilAcknowledged().withMaxEntries(100_000_000).withMaxBytes(64L << 30);

    private final Bus bus;
    private final DurableTopic<Order> topic;

    OmnibusDurable(Bus bus) {
        this.bus = bus;
        this.topic = DurableTopics.on(bus).topic(Topic.of(TOPIC, Order.class), RETENTION);
    }

    @Override
    public void create() throws Exception {
        topic.ready().get(10, TimeUnit.SECONDS);
    }

    @Override
    public CompletionStage<?> publish(Order order) {
        return topic.publish(order);
    }

    @Override
    public void consume(String group, Consumer<Order> handler) throws Exception {
        topic.subscribe(group, event -> handler.accept(event.data())).ready().get(10, TimeUnit.SECONDS);
    }

    @Override
    public void follow(Consumer<Order> handler) throws Exception {
        topic.follow(Position.EARLIEST, (event, position) -> handler.accept(event.data()))
                .ready()
                .get(10, TimeUnit.SECONDS);
    }

    @Override
    public long kept() {
        return topic.status().join().entries();
    }

    @Override
    public long unacknowledged(String group) {
        return topic.status().join().groups().stream()
                .filter(each -> each.name().equals(group))
                .mapToLong(each -> each.lag().orElseThrow() + each.pending())
                .sum();
    }

    @Override
    public void close() {
        bus.close();
    }
}

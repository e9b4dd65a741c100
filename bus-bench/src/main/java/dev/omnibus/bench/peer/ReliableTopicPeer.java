package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.redisson.api.RReliableTopic;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.ByteArrayCodec;

/** Redisson's RReliableTopic: each listener is a group of its own, and gets what comes after it was added. */
public final class ReliableTopicPeer implements Peer {

    @Override
    public String name() {
        return "rreliable";
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.DURABLE);
    }

    @Override
    public DurableClient durable(Addresses addresses) {
        return new Client(RedissonPeer.connect(addresses));
    }

    private static final class Client implements DurableClient {

        private final RedissonClient client;
        private final RReliableTopic topic;

        Client(RedissonClient client) {
            this.client = client;
            this.topic = client.getReliableTopic(TOPIC, ByteArrayCodec.INSTANCE);
        }

        @Override
        public CompletionStage<?> publish(Order order) {
            return topic.publishAsync(Json.write(order));
        }

        @Override
        public void consume(String group, Consumer<Order> handler) {
            follow(handler);
        }

        @Override
        public void follow(Consumer<Order> handler) {
            topic.addListener(byte[].class, (channel, event) -> handler.accept(Json.readOrder(event)));
        }

        @Override
        public long kept() {
            return topic.size();
        }

        /** Its groups have random names, so nobody can ask. */
        @Override
        public long unacknowledged(String group) {
            return 0;
        }

        @Override
        public void close() {
            client.shutdown();
        }
    }
}

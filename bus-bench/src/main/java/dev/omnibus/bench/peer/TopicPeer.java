package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.redisson.api.RTopic;
import org.redisson.api.RedissonClient;

/** Redisson's RTopic, bare: no envelope, no numbers, no timeouts. A call is a message there and a message back. */
public final class TopicPeer implements Peer {

    private static final String QUESTIONS = "bench:questions";
    private static final String ANSWERS = "bench:answers";

    private final boolean tuned;

    /** With its client as it is by default, or with the client settings that Omnibus uses. */
    public TopicPeer(boolean tuned) {
        this.tuned = tuned;
    }

    private RedissonClient connect(Addresses addresses) {
        return tuned ? RedissonPeer.connectTuned(addresses) : RedissonPeer.connect(addresses);
    }

    @Override
    public String name() {
        return tuned ? "rtopic-tuned" : "rtopic";
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.CALL, Ability.EVENT);
    }

    @Override
    public Caller caller(Addresses addresses, int nodes) {
        Closing opened = new Closing();
        for (int i = 0; i < nodes; i++) {
            RedissonClient server = connect(addresses);
            opened.add(server::shutdown);
            RTopic answers = server.getTopic(ANSWERS);
            server.getTopic(QUESTIONS)
                    .addListener(
                            byte[].class,
                            (channel, question) -> answers.publishAsync(
                                    Json.write(Json.readOrder(question).receipt())));
        }
        RedissonClient client = connect(addresses);
        opened.add(client::shutdown);
        return new Calling(client, opened);
    }

    private static final class Calling implements Caller {

        private final Map<Long, CompletableFuture<Receipt>> pending = new ConcurrentHashMap<>();
        private final RTopic questions;
        private final Closing opened;

        Calling(RedissonClient client, Closing opened) {
            this.questions = client.getTopic(QUESTIONS);
            this.opened = opened;
            client.getTopic(ANSWERS).addListener(byte[].class, (channel, answer) -> answered(answer));
        }

        private void answered(byte[] answer) {
            Receipt receipt = Json.readReceipt(answer);
            CompletableFuture<Receipt> waiting = pending.remove(receipt.id());
            if (waiting != null) {
                waiting.complete(receipt);
            }
        }

        @Override
        public Receipt call(Order order) throws Exception {
            return callAsync(order).toCompletableFuture().get(5, TimeUnit.SECONDS);
        }

        @Override
        public CompletionStage<Receipt> callAsync(Order order) {
            CompletableFuture<Receipt> future = new CompletableFuture<>();
            pending.put(order.id(), future);
            questions.publishAsync(Json.write(order));
            return future;
        }

        @Override
        public void close() {
            opened.close();
        }
    }

    @Override
    public Publisher publisher(Addresses addresses, List<String> names) {
        RedissonClient client = connect(addresses);
        List<RTopic> topics = names.stream().map(client::getTopic).toList();
        return new Publisher() {

            @Override
            public void publish(int topic, Order order) {
                topics.get(topic).publishAsync(Json.write(order));
            }

            @Override
            public void close() {
                client.shutdown();
            }
        };
    }

    @Override
    public Closing subscribe(Addresses addresses, List<String> topics, Consumer<Order> handler) {
        RedissonClient client = connect(addresses);
        for (String topic : topics) {
            client.getTopic(topic)
                    .addListener(byte[].class, (channel, message) -> handler.accept(Json.readOrder(message)));
        }
        Closing opened = new Closing();
        opened.add(client::shutdown);
        return opened;
    }
}

package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.redisson.api.RStream;
import org.redisson.api.RedissonClient;
import org.redisson.api.stream.StreamCreateGroupArgs;
import org.redisson.api.stream.StreamMessageId;
import org.redisson.api.stream.StreamReadArgs;
import org.redisson.api.stream.StreamReadGroupArgs;
import org.redisson.client.RedisException;
import org.redisson.client.codec.ByteArrayCodec;

/**
 * Redisson's RStream, appended to, read and acknowledged in batches. What to do when an answer is lost, a consumer dies
 * or a handler fails is left to its user, and so not done here.
 */
public final class StreamPeer implements Peer {

    @Override
    public String name() {
        return "rstream";
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.DURABLE, Ability.GROUP);
    }

    @Override
    public DurableClient durable(Addresses addresses) {
        return new Client(RedissonPeer.connect(addresses));
    }

    private static final class Client implements DurableClient {

        private static final Duration POLL = Duration.ofMillis(500);

        private final RedissonClient client;
        private final RStream<byte[], byte[]> stream;
        private final StreamBatches batches;
        private final Closing readers = new Closing();
        private volatile boolean closed;

        Client(RedissonClient client) {
            this.client = client;
            this.stream = client.getStream(TOPIC, ByteArrayCodec.INSTANCE);
            this.batches = new StreamBatches(client);
        }

        @Override
        public CompletionStage<?> publish(Order order) {
            return batches.add(Json.write(order));
        }

        @Override
        public void consume(String group, Consumer<Order> handler) {
            try {
                stream.createGroup(StreamCreateGroupArgs.name(group)
                        .id(StreamMessageId.ALL)
                        .makeStream());
            } catch (RedisException e) {
                if (!String.valueOf(e.getMessage()).startsWith("BUSYGROUP")) { // another consumer was first
                    throw e;
                }
            }
            String name = UUID.randomUUID().toString();
            StreamReadGroupArgs next =
                    StreamReadGroupArgs.neverDelivered().count(BATCH).timeout(POLL);
            start(() -> {
                Map<StreamMessageId, Map<byte[], byte[]>> entries = stream.readGroup(group, name, next);
                handle(entries, handler);
                if (!entries.isEmpty()) {
                    stream.ack(group, entries.keySet().toArray(StreamMessageId[]::new));
                }
            });
        }

        @Override
        public void follow(Consumer<Order> handler) {
            start(new Runnable() {
                private StreamMessageId last = StreamMessageId.ALL;

                @Override
                public void run() {
                    Map<StreamMessageId, Map<byte[], byte[]>> entries = stream.read(
                            StreamReadArgs.greaterThan(last).count(BATCH).timeout(POLL));
                    handle(entries, handler);
                    entries.keySet().forEach(id -> last = id);
                }
            });
        }

        private static void handle(Map<StreamMessageId, Map<byte[], byte[]>> entries, Consumer<Order> handler) {
            entries.values().forEach(fields -> fields.values().forEach(event -> handler.accept(Json.readOrder(event))));
        }

        private void start(Runnable turn) {
            Thread thread = new Thread(
                    () -> {
                        while (!closed) {
                            turn.run();
                        }
                    },
                    "reader");
            readers.add(thread::join);
            thread.start();
        }

        @Override
        public long kept() {
            return stream.size();
        }

        @Override
        public long unacknowledged(String group) {
            return stream.listGroups().stream()
                    .filter(each -> each.getName().equals(group))
                    .mapToLong(each -> (long) each.getLag() + each.getPending())
                    .sum();
        }

        @Override
        public void close() {
            closed = true;
            readers.close();
            client.shutdown();
        }
    }
}

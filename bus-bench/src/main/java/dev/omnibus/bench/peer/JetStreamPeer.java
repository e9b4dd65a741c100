package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import io.nats.client.Connection;
import io.nats.client.ConsumeOptions;
import io.nats.client.JetStream;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.StreamContext;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.OrderedConsumerConfiguration;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** NATS JetStream with its official client: published asynchronously, pulled, and acknowledged one by one. */
public final class JetStreamPeer implements Peer {

    private static final String STREAM = "bench";

    private final StorageType storage;

    /** With a stream in files, or in memory. */
    public JetStreamPeer(boolean inFiles) {
        this.storage = inFiles ? StorageType.File : StorageType.Memory;
    }

    @Override
    public String name() {
        return storage == StorageType.File ? "jetstream-file" : "jetstream-memory";
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.DURABLE, Ability.GROUP);
    }

    @Override
    public boolean needsNats() {
        return true;
    }

    @Override
    public DurableClient durable(Addresses addresses) throws Exception {
        Connection connection =
                Nats.connect(Options.builder().server(addresses.nats()).build());
        return new Client(connection, storage);
    }

    private static final class Client implements DurableClient {

        private final Connection connection;
        private final StorageType storage;
        private final JetStream jetStream;

        Client(Connection connection, StorageType storage) throws Exception {
            this.connection = connection;
            this.storage = storage;
            this.jetStream = connection.jetStream();
        }

        @Override
        public void create() throws Exception {
            connection
                    .jetStreamManagement()
                    .addStream(StreamConfiguration.builder()
                            .name(STREAM)
                            .subjects(TOPIC)
                            .storageType(storage)
                            .build());
        }

        @Override
        public void delete() throws Exception {
            connection.jetStreamManagement().deleteStream(STREAM);
        }

        @Override
        public CompletionStage<?> publish(Order order) {
            return jetStream.publishAsync(TOPIC, Json.write(order));
        }

        @Override
        public void consume(String group, Consumer<Order> handler) throws Exception {
            stream()
                    .createOrUpdateConsumer(ConsumerConfiguration.builder()
                            .durable(group)
                            .ackPolicy(AckPolicy.Explicit)
                            .build())
                    .consume(ConsumeOptions.builder().batchSize(BATCH).build(), message -> {
                        handler.accept(Json.readOrder(message.getData()));
                        message.ack();
                    });
        }

        @Override
        public void follow(Consumer<Order> handler) throws Exception {
            stream()
                    .createOrderedConsumer(new OrderedConsumerConfiguration())
                    .consume(
                            ConsumeOptions.builder().batchSize(BATCH).build(),
                            message -> handler.accept(Json.readOrder(message.getData())));
        }

        private StreamContext stream() throws Exception {
            return jetStream.getStreamContext(STREAM);
        }

        @Override
        public long kept() throws Exception {
            return stream().getStreamInfo().getStreamState().getMsgCount();
        }

        @Override
        public long unacknowledged(String group) throws Exception {
            ConsumerInfo consumer = stream().getConsumerInfo(group);
            return consumer.getNumPending() + consumer.getNumAckPending();
        }

        @Override
        public void close() {
            try {
                connection.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

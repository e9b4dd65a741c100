package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.Subscription;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** NATS core with its official client. */
public final class NatsPeer implements Peer {

    public static final String NAME = "nats";

    private static final String SUBJECT = "bench.desk";
    private static final String GROUP = "desk";
    private static final String ALL = "bench.desk.all";
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** How long a scatter-gather waits for one more answer; what NATS' own tools do, within usual values. */
    private static final Duration STALL = Duration.ofMillis(100);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.CALL, Ability.BROADCAST, Ability.EVENT);
    }

    @Override
    public boolean needsNats() {
        return true;
    }

    private static Connection connect(Addresses addresses) throws Exception {
        return connect(addresses.nats());
    }

    private static Connection connect(String url) throws Exception {
        return Nats.connect(Options.builder().server(url).build());
    }

    @Override
    public Caller caller(Addresses addresses, int nodes) throws Exception {
        Closing opened = new Closing();
        for (int i = 0; i < nodes; i++) {
            Connection server = opened.add(connect(addresses));
            server.createDispatcher(message -> answer(server, message))
                    .subscribe(SUBJECT, GROUP)
                    .subscribe(ALL);
            server.flush(TIMEOUT);
        }
        return new Calling(opened.add(connect(addresses)), opened);
    }

    private static void answer(Connection server, Message message) {
        Order order = Json.readOrder(message.getData());
        server.publish(message.getReplyTo(), Json.write(order.receipt()));
    }

    /** A client of a server that runs already. */
    public static Caller client(String url) throws Exception {
        Closing opened = new Closing();
        return new Calling(opened.add(connect(url)), opened);
    }

    private static final class Calling implements Caller {

        private final Connection connection;
        private final Closing opened;

        Calling(Connection connection, Closing opened) {
            this.connection = connection;
            this.opened = opened;
        }

        @Override
        public Receipt call(Order order) throws Exception {
            Message reply = connection.request(SUBJECT, Json.write(order), TIMEOUT);
            if (reply == null) {
                throw new IllegalStateException("no answer within " + TIMEOUT);
            }
            return Json.readReceipt(reply.getData());
        }

        @Override
        public CompletionStage<Receipt> callAsync(Order order) {
            return connection
                    .requestWithTimeout(SUBJECT, Json.write(order), TIMEOUT)
                    .thenApply(reply -> Json.readReceipt(reply.getData()));
        }

        @Override
        public int broadcast(Order order) throws Exception {
            String inbox = connection.createInbox();
            Subscription replies = connection.subscribe(inbox);
            connection.publish(ALL, inbox, Json.write(order));
            int answers = 0;
            Message reply = replies.nextMessage(TIMEOUT);
            while (reply != null) {
                answers += Json.readReceipt(reply.getData()).isFor(order) ? 1 : 0;
                reply = replies.nextMessage(STALL);
            }
            replies.unsubscribe();
            return answers;
        }

        @Override
        public void close() {
            opened.close();
        }
    }

    @Override
    public Publisher publisher(Addresses addresses, List<String> topics) throws Exception {
        Closing opened = new Closing();
        Connection connection = opened.add(connect(addresses));
        return new Publisher() {

            @Override
            public void publish(int topic, Order order) {
                connection.publish(topics.get(topic), Json.write(order));
            }

            @Override
            public void close() {
                opened.close();
            }
        };
    }

    @Override
    public Closing subscribe(Addresses addresses, List<String> topics, Consumer<Order> handler) throws Exception {
        Closing opened = new Closing();
        Connection connection = opened.add(connect(addresses));
        var dispatcher = connection.createDispatcher(message -> handler.accept(Json.readOrder(message.getData())));
        topics.forEach(dispatcher::subscribe);
        connection.flush(Duration.ofSeconds(30));
        return opened;
    }
}

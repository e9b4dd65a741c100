package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.Topic;
import dev.omnibus.rpc.CallQueue;
import dev.omnibus.rpc.QueueOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Omnibus, with its defaults; Netty's native transport is on the class path. */
public final class OmnibusPeer implements Peer {

    public static final String NAME = "omnibus";

    private static final long MEETING_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** Results stay in Redis for so long, and a measurement makes hundreds of thousands. */
    private static final Duration RETENTION = Duration.ofSeconds(10);

    /** JVMs that have just been started have little processor time for their connections. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final boolean onCluster;

    /** On one Redis, or on the cluster. */
    public OmnibusPeer(boolean onCluster) {
        this.onCluster = onCluster;
    }

    @Override
    public String name() {
        return onCluster ? NAME + "-cluster" : NAME;
    }

    @Override
    public boolean needsCluster() {
        return onCluster;
    }

    private BusBuilder bus(Addresses addresses) {
        BusBuilder bus = onCluster ? RedissonPeer.busOnCluster(addresses) : Bus.builder(addresses.redis());
        return bus.connectWithin(PATIENCE);
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.values());
    }

    @Override
    public Caller caller(Addresses addresses, int nodes) throws Exception {
        return caller(addresses, nodes, Observing.NOBODY);
    }

    /** The same with observers at all ends. */
    public Caller caller(Addresses addresses, int nodes, Observing observing) throws Exception {
        Closing opened = new Closing();
        BusObserver observer = observing.observer();
        for (int i = 0; i < nodes; i++) {
            Bus server = opened.add(Observing.observed(bus(addresses), observer)
                    .name("server-" + i)
                    .build());
            RpcServer.on(server).serve(Desk.class, Order::receipt).ready().get(10, TimeUnit.SECONDS);
            RpcServer.on(server).serve(Desk.Quick.class, Order::receipt).ready().get(10, TimeUnit.SECONDS);
        }
        Bus bus = opened.add(
                Observing.observed(bus(addresses), observer).name("client").build());
        Calling calling = new Calling(RpcClient.on(bus), opened);
        long deadline = System.nanoTime() + MEETING_NANOS;
        while (calling.broadcast(Order.of(0, "")) < nodes) { // until the client has heard of all of them
            if (System.nanoTime() - deadline > 0) {
                opened.close();
                throw new IllegalStateException("Not all of " + nodes + " nodes answered within 10 s");
            }
        }
        return calling;
    }

    @Override
    public Caller queue(Addresses addresses) throws Exception {
        Closing opened = new Closing();
        Bus server = opened.add(bus(addresses).name("server").build());
        RpcServer.on(server)
                .serve(Desk.class, Order::receipt, ServiceOptions.defaults().withQueued())
                .ready()
                .get(10, TimeUnit.SECONDS);
        Bus bus = opened.add(bus(addresses).name("client").build());
        QueueOptions options = QueueOptions.defaults().withRetention(RETENTION);
        return new Queueing(RpcClient.on(bus).queue(Desk.class, options), opened);
    }

    private record Queueing(CallQueue<Desk> desk, Closing opened) implements Caller {

        @Override
        public Receipt call(Order order) throws Exception {
            return result(order).get(10, TimeUnit.SECONDS);
        }

        @Override
        public CompletionStage<Receipt> callAsync(Order order) {
            return result(order);
        }

        private CompletableFuture<Receipt> result(Order order) {
            return desk.enqueue(each -> each.place(order)).result();
        }

        @Override
        public void close() {
            opened.close();
        }
    }

    private static final class Calling implements Caller {

        private final Desk desk;
        private final Desk.Quick quick;
        private final Desk.Async async;
        private final RpcClient client;
        private final Closing opened;

        Calling(RpcClient client, Closing opened) {
            this.desk = client.proxy(Desk.class);
            this.quick = client.proxy(Desk.Quick.class);
            this.async = client.proxy(Desk.Async.class);
            this.client = client;
            this.opened = opened;
        }

        @Override
        public Receipt call(Order order) {
            return desk.place(order);
        }

        @Override
        public Receipt callQuick(Order order) {
            return quick.place(order);
        }

        @Override
        public CompletionStage<Receipt> callAsync(Order order) {
            return async.place(order);
        }

        @Override
        public int broadcast(Order order) {
            return client.broadcast(Desk.class, each -> each.place(order))
                    .ask()
                    .values()
                    .size();
        }

        @Override
        public void close() {
            opened.close();
        }
    }

    @Override
    public Publisher publisher(Addresses addresses, List<String> names) {
        Bus bus = bus(addresses).build();
        List<Topic<Order>> topics =
                names.stream().map(name -> Topic.of(name, Order.class)).toList();
        return new Publisher() {

            @Override
            public void publish(int topic, Order order) {
                bus.publish(topics.get(topic), order);
            }

            @Override
            public void close() {
                bus.close();
            }
        };
    }

    @Override
    public Closing subscribe(Addresses addresses, List<String> topics, Consumer<Order> handler) throws Exception {
        Closing opened = new Closing();
        Bus bus = opened.add(bus(addresses).build());
        CompletableFuture<?>[] ready = topics.stream()
                .map(topic -> bus.subscribe(topic, Order.class, event -> handler.accept(event.data()))
                        .ready())
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(ready).get(30, TimeUnit.SECONDS);
        return opened;
    }

    @Override
    public DurableClient durable(Addresses addresses) {
        return new OmnibusDurable(bus(addresses).build());
    }
}

package dev.omnibus.examples;

import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.EventHandler;
import dev.omnibus.bus.GuavaBridge;
import dev.omnibus.bus.OnTopic;
import dev.omnibus.bus.Overflow;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.examples.Listings.WarehouseStock;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.memory.InMemoryNetwork;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.redisson.config.Config;

/** What the how-to pages show. Tests run each listing. */
public final class HowTo {

    private HowTo() {}

    // tag::handle-failures
    static Optional<Integer> leftIfKnown(Stock stock, String sku) {
        try {
            return Optional.of(stock.left(sku));
        } catch (RpcFault fault) {
            return Optional.empty(); // the service itself said no, with fault.code()
        } catch (RpcException e) {
            if (e.reason() == Reason.OVERLOADED || e.reason() == Reason.DRAINING) {
                return Optional.empty(); // e.notExecuted() is true: a retry is safe, a little later
            }
            throw e; // its message says what, where, for how long and why
        }
    }
    // end::handle-failures

    // tag::test-in-memory
    static int leftInMemory() {
        InMemoryNetwork network = new InMemoryNetwork();
        try (Bus warehouse = Bus.builder(network.open()).build();
                Bus shop = Bus.builder(network.open()).build()) {
            RpcServer.on(warehouse)
                    .serve(Stock.class, new WarehouseStock(Map.of("sku-1", 12)))
                    .ready()
                    .join();
            return RpcClient.on(shop).proxy(Stock.class).left("sku-1");
        }
    }
    // end::test-in-memory

    // tag::test-with-redis
    static long nobodyListens() {
        try (RedisServer redis = RedisServer.obtain();
                Bus bus = Bus.connect(redis.url())) {
            return bus.publish("orders.placed", "o-17").join();
        }
    }
    // end::test-with-redis

    static Bus connectWithPrefix(String address) {
        // tag::connect-with-prefix
        Bus bus = Bus.builder(address).name("shop").prefix("staging").build();
        // end::connect-with-prefix
        return bus;
    }

    static Bus connectToSentinel(String masterName, String... sentinels) {
        // tag::connect-to-sentinel
        Config config = new Config(); // org.redisson.config.Config
        config.useSentinelServers().setMasterName(masterName).addSentinelAddress(sentinels);
        Bus bus = Bus.builder(RedissonTransport.connect(config)).build();
        // end::connect-to-sentinel
        return bus;
    }

    static Bus connectInBackground(String address, BusListener listener) {
        // tag::connect-in-background
        Bus bus = Bus.builder(address)
                .name("shop")
                .connectInBackground()
                .listener(listener)
                .build();
        // end::connect-in-background
        return bus;
    }

    static void drain(Bus bus) throws InterruptedException, ExecutionException, TimeoutException {
        // tag::drain-a-node
        RpcServer.on(bus).drain().get(30, TimeUnit.SECONDS); // no call is lost, and none is executed twice
        bus.publish("desk.closed", bus.node());
        bus.close();
        // end::drain-a-node
    }

    record Placed(String customer, int pieces) {}

    static Subscription inOrderPerCustomer(Bus bus, EventHandler<Placed> ship) {
        // tag::tune-a-subscription
        SubscribeOptions options = SubscribeOptions.defaults()
                .withConcurrency(16) // at a time,
                .withOrderingKey(event -> ((Placed) event.data()).customer()) // each customer in order
                .withMailbox(10_000, 16 * 1024 * 1024)
                .withOverflow(Overflow.DROP_OLDEST)
                .withRetries(3, Duration.ofMillis(50));
        Subscription subscription = bus.subscribe("orders.*", Placed.class, options, ship);
        // end::tune-a-subscription
        return subscription;
    }

    static Bus patientPublisher(String address) {
        // tag::tune-publishing
        Bus bus = Bus.builder(address)
                .outboxBytes(16 * 1024 * 1024)
                .outboxWait(Duration.ofSeconds(2)) // publish() blocks while the outbox is full
                .holdWhileAway(Duration.ofSeconds(10)) // a restart of Redis costs time, not events
                .build();
        // end::tune-publishing
        return bus;
    }

    // tag::watch-a-bus
    static final class Watch implements BusListener {

        final AtomicLong lost = new AtomicLong();

        @Override
        public void onGap(String topic, String source, long from, long to) {
            lost.addAndGet(to - from + 1);
        }

        @Override
        public void onState(BusState state) {
            System.out.println("the bus is " + state);
        }
    }
    // end::watch-a-bus

    // tag::guava-methods
    static final class OrderDesk {

        final List<String> shipped = new CopyOnWriteArrayList<>();

        @Subscribe
        @OnTopic("orders.*")
        void ship(Placed order) {
            shipped.add(order.customer());
        }
    }
    // end::guava-methods

    static void registerDesk(Bus bus, OrderDesk desk) {
        // tag::guava-register
        bus.register(desk).join();
        // end::guava-register
    }

    static GuavaBridge bridge(Bus bus, EventBus local) {
        // tag::guava-bridge
        GuavaBridge bridge = GuavaBridge.between(bus, local)
                .forward(Placed.class, Topic.of("orders.placed", Placed.class)); // what is posted is published
        bridge.receive("stock.low", String.class).ready().join(); // what is published is posted
        // end::guava-bridge
        return bridge;
    }
}

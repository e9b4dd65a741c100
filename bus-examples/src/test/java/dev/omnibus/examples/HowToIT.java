package dev.omnibus.examples;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.eventbus.EventBus;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.Subscription;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

@WithRedis
class HowToIT {

    private final RedisServer redis;

    HowToIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void aFaultOfTheServiceIsAnAnswerAndNoServerIsNot() {
        try (Bus bus = Bus.builder(redis.url()).prefix("how-to").build()) {
            Stock stock = RpcClient.on(bus).proxy(Stock.class);
            assertThrows(RpcException.class, () -> HowTo.leftIfKnown(stock, "sku-1"));

            RpcServer.on(bus).serve(Stock.class, HowToIT::left).ready().join();

            assertEquals(Optional.of(12), HowTo.leftIfKnown(stock, "sku-1"));
            assertEquals(Optional.empty(), HowTo.leftIfKnown(stock, "sku-2"));
        }
    }

    private static int left(String sku) {
        if (sku.equals("sku-1")) {
            return 12;
        }
        throw new RpcFault(404, "no such sku");
    }

    @Test
    void aProgramIsTestedInMemory() {
        assertEquals(12, HowTo.leftInMemory());
    }

    @Test
    void aProgramIsTestedWithRedis() {
        assertEquals(0, HowTo.nobodyListens());
    }

    @Test
    void aBusHasItsOwnPrefix() {
        try (Bus bus = HowTo.connectWithPrefix(redis.url())) {
            assertTrue(bus.node().startsWith("shop-"));
            assertEquals("staging", BusRuntime.of(bus).channels().names().prefix());
        }
    }

    @Test
    void aBusRunsOnSentinel() throws Exception {
        try (RedisSentinels sentinels = RedisSentinels.start(1);
                Bus bus = HowTo.connectToSentinel(
                        sentinels.masterName(), sentinels.urls().toArray(String[]::new))) {
            assertEquals(0, bus.publish("orders.placed", "o-17").get(5, SECONDS));
        }
    }

    @Test
    void aBusConnectsInTheBackground() {
        BusListener listener = new BusListener() {};
        try (Bus bus = HowTo.connectInBackground(redis.url(), listener)) {
            await().atMost(20, SECONDS).until(() -> bus.state() == BusState.UP);
        }
    }

    @Test
    void aNodeIsDrained() throws Exception {
        Bus bus = Bus.connect(redis.url());
        RpcServer.on(bus).serve(Stock.class, sku -> 12).ready().get(5, SECONDS);
        HowTo.drain(bus);
        assertEquals(BusState.CLOSED, bus.state());
    }

    @Test
    void aSubscriptionIsTuned() throws Exception {
        try (Bus bus = HowTo.patientPublisher(redis.url())) {
            List<String> customers = new CopyOnWriteArrayList<>();
            Subscription subscription = HowTo.inOrderPerCustomer(
                    bus, event -> customers.add(event.data().customer()));
            subscription.ready().get(5, SECONDS);
            bus.publish("orders.placed", new HowTo.Placed("ada", 1)).get(5, SECONDS);
            subscription.close();
            subscription.closed().get(5, SECONDS);
            assertEquals(List.of("ada"), customers);
        }
    }

    @Test
    void aListenerSeesTheBusComeUp() {
        HowTo.Watch watch = new HowTo.Watch();
        Bus.builder(redis.url()).listener(watch).build().close();
        assertEquals(0, watch.lost.get());
    }

    @Test
    void guavaMethodsAndAGuavaBusTakePart() throws Exception {
        EventBus local = new EventBus();
        HowTo.OrderDesk desk = new HowTo.OrderDesk();
        try (Bus bus = Bus.builder(redis.url()).prefix("guava").build()) {
            HowTo.registerDesk(bus, desk);
            HowTo.bridge(bus, local);
            local.post(new HowTo.Placed("ada", 1));
            await().until(() -> desk.shipped.equals(List.of("ada")));
            bus.unregister(desk).get(5, SECONDS);
        }
    }
}

package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.common.eventbus.AsyncEventBus;
import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two programs with an event bus each, and a topic between them. */
public class GuavaBridgeTest extends BusFixture {

    enum Light {
        GREEN,
        RED
    }

    record Placed(String id) {}

    private static final class Listener {

        private final List<Object> seen = new CopyOnWriteArrayList<>();

        @Subscribe
        void on(Placed order) {
            seen.add(order);
        }

        @Subscribe
        void on(Light light) {
            seen.add(light);
        }
    }

    private static final Topic<Placed> PLACED = Topic.of("orders.placed", Placed.class);
    private static final Topic<Light> LIGHT = Topic.of("light", Light.class);

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final Listener hereSaw = new Listener();
    private final Listener thereSaw = new Listener();

    @Override
    public Transport connect() {
        return network.open();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsPostedOnOneSideArrivesOnceOnEachAndDoesNotCircle(boolean async) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(2);
        EventBus left = async ? new AsyncEventBus(executor) : new EventBus();
        EventBus right = async ? new AsyncEventBus(executor) : new EventBus();
        GuavaBridge a = bridge(here, left, hereSaw);
        GuavaBridge b = bridge(there, right, thereSaw);
        try {
            left.post(new Placed("a"));
            await().until(() -> thereSaw.seen.contains(new Placed("a")));
            right.post(new Placed("b"));
            await().until(() -> hereSaw.seen.contains(new Placed("b")));
            left.post(Light.RED); // the same object everywhere in a JVM
            await().until(() -> thereSaw.seen.contains(Light.RED));
            right.post(Light.RED);
            await().until(() -> hereSaw.seen.stream().filter(Light.RED::equals).count() == 2);
            left.post(Light.GREEN);
            await().until(() -> thereSaw.seen.contains(Light.GREEN));
            assertEquals(5, here.stats().published() + there.stats().published());
            assertEquals(5, hereSaw.seen.size());
            assertEquals(5, thereSaw.seen.size());
        } finally {
            a.close();
            b.close();
            executor.shutdown();
        }
    }

    @Test
    void aClosedBridgeForwardsAndPostsNothing() throws Exception {
        EventBus left = new EventBus();
        GuavaBridge bridge = bridge(here, left, hereSaw);
        bridge.close();
        bridge.close();
        left.post(new Placed("local"));
        assertEquals(0, there.publish(PLACED, new Placed("remote")).get(5, SECONDS));
        assertEquals(List.of(new Placed("local")), hereSaw.seen);
        assertEquals(0, here.stats().published());
    }

    @Test
    void whatIsNotForwardedStaysLocal() throws Exception {
        EventBus left = new EventBus();
        left.register(hereSaw);
        GuavaBridge.between(here, left).forward(Placed.class, PLACED);
        left.post(Light.RED);
        left.post(new Placed("a"));
        await().until(() -> here.stats().published() == 1);
        assertEquals(List.of(Light.RED, new Placed("a")), hereSaw.seen);
    }

    private static GuavaBridge bridge(Bus bus, EventBus local, Listener listener) throws Exception {
        local.register(listener);
        GuavaBridge bridge =
                GuavaBridge.between(bus, local).forward(Placed.class, PLACED).forward(Light.class, LIGHT);
        ready(bridge.receive(PLACED.name(), Placed.class));
        ready(bridge.receive(LIGHT.name(), Light.class));
        return bridge;
    }
}

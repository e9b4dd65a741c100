package dev.omnibus.bus;

import com.google.common.eventbus.AllowConcurrentEvents;
import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A bridge between a Guava event bus and topics: publishes chosen events that are posted on the event bus, and posts
 * the events of chosen topics on it. For programs that already use such an event bus and are to run in several
 * processes.
 *
 * <p>There are no loops: what came from a topic is not published again, and what this bridge has published is not
 * posted a second time when it comes back. Events are compared by identity, not by {@code equals}. Use one bridge per
 * event bus: what a second one posts is new to the first.
 *
 * <p>While a bridge forwards, the event bus has no dead events, because the bridge subscribes to everything.
 * Thread-safe.
 */
public final class GuavaBridge implements AutoCloseable {

    private static final String BRIDGED = "omnibusbridge";

    private record Forward<T>(Class<T> type, Topic<T> topic) {}

    private final Bus bus;
    private final EventBus local;
    private final String id;
    private final Forwarder forwarder = new Forwarder();
    private final List<Forward<?>> forwards = new CopyOnWriteArrayList<>();
    private final List<Subscription> subscriptions = new ArrayList<>(); // guarded by this
    private final IdentityHashMap<Object, Integer> arriving = new IdentityHashMap<>(); // guarded by itself
    private boolean forwarding; // guarded by this

    private GuavaBridge(Bus bus, EventBus local) {
        this.bus = bus;
        this.local = local;
        this.id = bus.node() + "-" + Integer.toHexString(System.identityHashCode(this));
    }

    /**
     * Creates a bridge that forwards and receives nothing yet.
     *
     * @param bus the bus with the topics
     * @param local the Guava event bus, which may be an {@code AsyncEventBus}
     * @return the bridge
     */
    public static GuavaBridge between(Bus bus, EventBus local) {
        return new GuavaBridge(bus, local);
    }

    /**
     * Publishes what is posted on the event bus. Failures are reported to the {@link BusListener}; an event that cannot
     * be written as JSON is a mistake of the program, which Guava logs or passes to its own exception handler.
     *
     * @param type the class of the events; its subclasses are published too
     * @param topic where they are published
     * @param <T> the type of the events
     * @return this
     */
    @CanIgnoreReturnValue
    public synchronized <T> GuavaBridge forward(Class<T> type, Topic<T> topic) {
        forwards.add(new Forward<>(type, topic));
        if (!forwarding) {
            forwarding = true;
            local.register(forwarder);
        }
        return this;
    }

    /**
     * Posts the events of a topic on the event bus: their payload, without the envelope.
     *
     * @param topic the topic's name, or a pattern
     * @param type the type of the payload
     * @param <T> the type of the payload
     * @return the subscription, which is established when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if the topic is neither a name nor a pattern
     */
    @CanIgnoreReturnValue
    public synchronized <T> Subscription receive(String topic, Class<T> type) {
        Subscription subscription = bus.subscribe(topic, type, this::post);
        subscriptions.add(subscription);
        return subscription;
    }

    private void post(Event<?> event) {
        if (id.equals(event.headers().get(BRIDGED))) {
            return; // published by this bridge
        }
        Object data = event.data();
        if (forwards.stream().anyMatch(forward -> forward.type().isInstance(data))) {
            synchronized (arriving) {
                arriving.merge(data, 1, Integer::sum); // not a set: a constant may be under way more than once
            }
        }
        try {
            local.post(data);
        } catch (Error e) { // Guava rethrows errors of subscribers, and may not have reached the forwarder
            boolean unused = forwarder.cameFromATopic(data);
            throw e;
        }
    }

    /** Stops both directions. Events that have arrived are still posted. Idempotent. */
    @Override
    public synchronized void close() {
        if (forwarding) {
            forwarding = false;
            forwards.clear();
            local.unregister(forwarder);
        }
        subscriptions.forEach(Subscription::close);
        subscriptions.clear();
    }

    /**
     * The subscriber that Guava calls. It takes every object, because a class that is known only at run time cannot be
     * the type of a parameter.
     */
    private final class Forwarder {

        @Subscribe
        @AllowConcurrentEvents
        public void on(Object event) {
            if (cameFromATopic(event)) {
                return;
            }
            for (Forward<?> forward : forwards) {
                forward(forward, event);
            }
        }

        private <T> void forward(Forward<T> forward, Object event) {
            if (forward.type().isInstance(event)) {
                bus.publish(forward.topic(), forward.type().cast(event), Map.of(BRIDGED, id));
            }
        }

        private boolean cameFromATopic(Object event) {
            synchronized (arriving) {
                Integer times = arriving.remove(event);
                if (times != null && times > 1) {
                    arriving.put(event, times - 1);
                }
                return times != null;
            }
        }
    }
}

package dev.omnibus.spring.test;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A test probe: a node beside the application, which has seen every event that was published since the last
 * {@link #clear()}, and can publish, call and serve as other processes do. Thread-safe.
 */
public final class BusProbe implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Bus bus;
    private final List<Event<JsonNode>> seen = new ArrayList<>(); // guarded by itself

    BusProbe(InMemoryNetwork network) {
        bus = Bus.builder(network.open()).name("probe").build();
        bus.subscribe("**", JsonNode.class, this::record).ready().join();
    }

    private void record(Event<JsonNode> event) {
        synchronized (seen) {
            seen.add(event);
            seen.notifyAll();
        }
    }

    /**
     * Returns the bus of the probe.
     *
     * @return a node of its own, for {@code publish} and for what is built on it
     */
    public Bus bus() {
        return bus;
    }

    /**
     * Returns an object that calls the application from outside, as another process does.
     *
     * @param contract the interface
     * @param <S> the interface
     * @return the proxy
     * @throws IllegalArgumentException if the interface cannot be a contract
     */
    public <S> S proxy(Class<S> contract) {
        return RpcClient.on(bus).proxy(contract);
    }

    /**
     * Serves what the application calls, in place of another process; returns when it can be called.
     *
     * @param contract the interface
     * @param implementation answers
     * @param <S> the interface
     * @throws IllegalArgumentException if the interface cannot be a contract
     */
    public <S> void serve(Class<S> contract, S implementation) {
        RpcServer.on(bus).serve(contract, implementation).ready().join();
    }

    /**
     * Waits for an event, which may have been published before, and takes it: each event is given once.
     *
     * @param topic the topic's name
     * @param type the type of the data
     * @param <T> the type of the data
     * @return the first one of this topic that was not taken yet
     * @throws AssertionError if there is none within 10 seconds, or its data does not fit; the message says what was
     *     seen
     */
    public <T> Event<T> await(String topic, Class<T> type) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        synchronized (seen) {
            while (true) {
                for (Iterator<Event<JsonNode>> events = seen.iterator(); events.hasNext(); ) {
                    Event<JsonNode> event = events.next();
                    if (event.topic().equals(topic)) {
                        events.remove();
                        return read(event, type);
                    }
                }
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionError(
                            "No event on " + topic + " within " + PATIENCE.toSeconds() + " s; there were " + topics());
                }
                waitFor(left);
            }
        }
    }

    private void waitFor(long millis) {
        try {
            seen.wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while waiting for an event", e);
        }
    }

    private <T> Event<T> read(Event<JsonNode> event, Class<T> type) {
        try {
            T data = BusRuntime.of(bus).json().treeToValue(event.data(), type); // as the application reads it
            return new Event<>(
                    event.id(),
                    event.source(),
                    event.type(),
                    event.topic(),
                    event.time(),
                    event.sequence(),
                    event.headers(),
                    data);
        } catch (JsonProcessingException e) {
            throw new AssertionError(
                    "The event on " + event.topic() + " is no " + type.getName() + ": " + event.data(), e);
        }
    }

    /**
     * Returns what was published and not taken yet.
     *
     * @return the topics, one for each event, in the order in which they came
     */
    public List<String> topics() {
        synchronized (seen) {
            return seen.stream().map(Event::topic).toList();
        }
    }

    /** Forgets all events that were seen: the tests of a class share one application. */
    public void clear() {
        synchronized (seen) {
            seen.clear();
        }
    }

    /** Closes the bus of the probe; Spring does it. */
    @Override
    public void close() {
        bus.close();
    }
}

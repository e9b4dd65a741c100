package dev.omnibus.durable;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.internal.durable.DurableRuntime;
import dev.omnibus.internal.runtime.BusRuntime;
import java.util.Objects;
import java.util.Optional;

/**
 * The durable topics of a bus: topics whose events Redis keeps, so that consumer groups get every one of them, also
 * those that are published while no node of the group is up.
 *
 * <p>Redis 7.0 or later is needed. Thread-safe.
 */
public final class DurableTopics {

    private final DurableRuntime runtime;

    private DurableTopics(BusRuntime bus) {
        runtime = bus.layer(DurableRuntime.class, DurableRuntime::new);
    }

    /**
     * Returns the durable topics of a bus.
     *
     * @param bus the bus
     * @return its one registry of them
     * @throws IllegalStateException if the bus is closed
     * @throws UnsupportedOperationException if the transport of the bus keeps nothing
     */
    public static DurableTopics on(Bus bus) {
        return BusRuntime.of(bus).layer(DurableTopics.class, DurableTopics::new);
    }

    /**
     * Opens a durable topic, and creates it if no process has done so. From then on {@link Bus#publish} refuses the
     * topic in this process, so that nothing goes past the log by mistake; {@link Bus#subscribe} still hears what is
     * published, at most once.
     *
     * @param topic the topic
     * @param retention how long its events are kept; the same in every process
     * @param <T> the type of the payload
     * @return the topic, which may be used at once
     * @throws IllegalArgumentException if nothing could be decoded as its type
     * @throws IllegalStateException if this process has opened it with another type or another retention, or the bus is
     *     closed
     */
    public <T> DurableTopic<T> topic(Topic<T> topic, Retention retention) {
        Objects.requireNonNull(retention, "A durable topic needs a retention");
        return runtime.topic(topic, retention, Optional.empty());
    }

    /**
     * Opens a durable topic that consists of partitions, otherwise as {@link #topic(Topic, Retention)}: events with
     * equal keys are in one partition, and so in order. What the retention allows is shared equally among them.
     *
     * @param topic the topic
     * @param retention how long its events are kept; the same in every process
     * @param partitions how many partitions there are, and the key of an event; the same in every process
     * @param <T> the type of the payload
     * @return the topic, which may be used at once
     * @throws IllegalArgumentException if nothing could be decoded as its type
     * @throws IllegalStateException if this process has opened it with another type, another retention or another
     *     number of partitions, or the bus is closed
     */
    public <T> DurableTopic<T> topic(Topic<T> topic, Retention retention, Partitions<T> partitions) {
        Objects.requireNonNull(retention, "A durable topic needs a retention");
        return runtime.topic(topic, retention, Optional.of(partitions));
    }
}

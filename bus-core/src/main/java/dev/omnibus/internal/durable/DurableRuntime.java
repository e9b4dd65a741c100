package dev.omnibus.internal.durable;

import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.Events;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.transport.Streams;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The runtime of durable topics: all that a bus has opened, and what they have in common. Thread-safe. */
public final class DurableRuntime implements Layer {

    private static final Logger LOG = LoggerFactory.getLogger(DurableTopics.class); // which is the name that users know

    private final BusRuntime bus;
    private final Events events;
    private final EventCodec codec;
    private final Streams streams;
    private final Timing timing;
    private final Future<?> ticking;
    private final Map<String, OpenTopic<?>> topics = new HashMap<>(); // guarded by this
    private boolean closed; // guarded by this

    public DurableRuntime(BusRuntime bus) {
        this(bus, Timing.of(bus.channels()));
    }

    DurableRuntime(BusRuntime bus, Timing timing) {
        this.bus = bus;
        this.timing = timing;
        this.events = Events.of(bus);
        this.codec = events.codec().of("durable");
        this.streams = bus.channels().transport().streams();
        this.ticking = timing.periodically(this::tick);
    }

    BusRuntime bus() {
        return bus;
    }

    Events events() {
        return events;
    }

    Streams streams() {
        return streams;
    }

    Timing timing() {
        return timing;
    }

    /** Opens a topic. */
    public synchronized <T> DurableTopic<T> topic(Topic<T> topic, Retention retention) {
        if (closed) {
            throw new IllegalStateException("The bus of node " + bus.node() + " is closed");
        }
        OpenTopic<?> open = topics.get(topic.name());
        if (open == null) {
            EventFormat<T> format = new EventFormat<>(events.payloads(), codec, events.envelopeCache(), topic);
            OpenTopic<T> opened = new OpenTopic<>(this, format, retention);
            topics.put(topic.name(), opened);
            events.refuse(
                    topic.name(),
                    "The topic " + topic.name() + " is durable here: publish with DurableTopic.publish, so that it is"
                            + " kept");
            return opened;
        }
        if (!open.format().topic().equals(topic) || !open.retention().equals(retention)) {
            throw new IllegalStateException("This process has opened the durable topic " + topic.name() + " as "
                    + open.format().topic() + " with " + open.retention() + ", and not as " + topic + " with "
                    + retention);
        }
        @SuppressWarnings("unchecked") // it is of the same type
        OpenTopic<T> same = (OpenTopic<T>) open;
        return same;
    }

    /** Begins to publish what an outbox has. */
    public static <T> OutboxRelay relay(DurableTopic<T> topic, OutboxSource<T> source) {
        Objects.requireNonNull(source, "source");
        if (topic instanceof OpenTopic<T> open) {
            return open.relay(source);
        }
        throw new IllegalArgumentException("The topic is none that DurableTopics has opened: " + topic);
    }

    private void tick() {
        open().forEach(OpenTopic::tick);
    }

    private synchronized List<OpenTopic<?>> open() {
        return List.copyOf(topics.values());
    }

    @Override
    public void close(Duration drainTimeout) {
        synchronized (this) {
            closed = true;
        }
        try {
            CompletableFuture.allOf(open().stream().map(OpenTopic::end).toArray(CompletableFuture[]::new))
                    .get(drainTimeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            FailureLog.safely(() -> LOG.warn(
                    "What is handled or published on durable topics did not end within {}; events that were not"
                            + " acknowledged are delivered again",
                    drainTimeout));
        } catch (ExecutionException e) {
            LOG.debug("A durable topic did not close cleanly", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            ticking.cancel(false);
            open().forEach(OpenTopic::abandon);
            streams.close();
        }
    }
}

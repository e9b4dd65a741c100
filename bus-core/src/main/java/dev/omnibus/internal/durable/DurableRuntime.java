package dev.omnibus.internal.durable;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Partitions;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.durable.log.EventFormat;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.Partition;
import dev.omnibus.internal.durable.log.Timing;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.Events;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.TraceContext;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.internal.runtime.ServerWarnings;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The runtime of durable topics: all that a bus has opened, and what they have in common. Thread-safe. */
public final class DurableRuntime implements Layer {

    private static final Logger LOG = LoggerFactory.getLogger(DurableTopics.class); // which is the name that users know

    private final BusRuntime bus;
    private final ServerWarnings warnings;
    private final Events events;
    private final Streams streams;
    private final Timing timing;
    private final Future<?> ticking;
    private final Map<String, TopicFacade<?>> topics = new HashMap<>(); // guarded by this
    private boolean closed; // guarded by this

    public DurableRuntime(BusRuntime bus) {
        this(bus, Timing.of(bus.channels()));
    }

    DurableRuntime(BusRuntime bus, Timing timing) {
        this.bus = bus;
        this.timing = timing;
        this.warnings = ServerWarnings.of(bus);
        this.events = Events.of(bus);
        this.streams = bus.channels().transport().streams();
        this.ticking = timing.periodically(this::tick);
    }

    BusRuntime bus() {
        return bus;
    }

    Events events() {
        return events;
    }

    ServerWarnings warnings() {
        return warnings;
    }

    Streams streams() {
        return streams;
    }

    Timing timing() {
        return timing;
    }

    /** Runs a task as soon as the bus has connected for the first time, or another one if it is closed before. */
    void whenConnected(Runnable task, Consumer<TransportException> otherwise) {
        CompletableFuture<Void> unused = bus.channels().opened().whenComplete((done, failure) -> {
            if (failure == null) {
                task.run();
            } else {
                otherwise.accept(Failures.of(failure));
            }
        });
    }

    /** Opens a topic, with partitions if it has some. */
    public synchronized <T> DurableTopic<T> topic(
            Topic<T> topic, Retention retention, Optional<Partitions<T>> partitions) {
        if (closed) {
            throw new IllegalStateException("The bus of node " + bus.node() + " is closed");
        }
        int count = partitions.map(Partitions::count).orElse(0);
        TopicFacade<?> open = topics.get(topic.name());
        if (open == null) {
            TopicFacade<T> opened = open(topic, retention, partitions);
            topics.put(topic.name(), opened);
            events.refuse(
                    topic.name(),
                    "The topic " + topic.name() + " is durable here: publish with DurableTopic.publish, so that it is"
                            + " kept");
            return opened;
        }
        if (!open.isOpenedAs(topic, retention, count)) {
            throw new IllegalStateException("This process has opened the durable topic " + open + ", and not "
                    + TopicFacade.text(topic, retention, count));
        }
        @SuppressWarnings("unchecked") // it is of the same type
        TopicFacade<T> same = (TopicFacade<T>) open;
        return same;
    }

    private <T> TopicFacade<T> open(Topic<T> topic, Retention retention, Optional<Partitions<T>> partitions) {
        if (partitions.isPresent()) {
            int count = partitions.get().count();
            return new PartitionedTopic<>(
                    this,
                    topic,
                    retention,
                    partitions.get(),
                    number -> log(topic, retention, new Partition(number, count)));
        }
        OpenTopic<T> whole = log(topic, retention, Partition.WHOLE);
        whenConnected(whole::open, whole::notOpened);
        return whole;
    }

    private <T> OpenTopic<T> log(Topic<T> topic, Retention retention, Partition partition) {
        EventFormat<T> format = new EventFormat<>(
                events.payloads(), events.codec().of(partition.publisher()), events.envelopeCache(), topic);
        return new OpenTopic<>(this, format, retention, partition);
    }

    /** Publishes an event, with the trace of what this thread is handling. */
    <T> CompletableFuture<Position> publish(TopicFacade<T> topic, T data, PublishOptions options) {
        Map<String, String> own = topic.keyed(data, options.headers());
        Map<String, String> traced = EventCodec.fitting(TraceContext.passedOn(own), own);
        Observers observers = bus.observers();
        if (observers == null) {
            return topic.append(data, traced, options);
        }
        Observed observed = observers.start(Kind.PUBLISH, topic.name(), traced);
        try {
            Map<String, String> used = EventCodec.fitting(observed.headers(), traced);
            CompletableFuture<Position> done = topic.append(data, used, options);
            done.whenComplete((position, failure) -> ended(observed, failure));
            return done;
        } catch (RuntimeException | Error e) {
            observed.end(Observed.FAULT, e, 0, true);
            throw e;
        } finally {
            observed.leave();
        }
    }

    private static void ended(Observed observed, @Nullable Throwable failure) {
        if (failure == null) {
            observed.end();
        } else if (failure instanceof PublishException e) {
            observed.end(e.reason().name(), e, 0, e.outcome() == Outcome.NOT_SENT);
        } else {
            observed.end(Observed.FAULT, failure, 0, false);
        }
    }

    /** Begins to publish what an outbox has. */
    public static <T> OutboxRelay relay(DurableTopic<T> topic, OutboxSource<T> source) {
        Objects.requireNonNull(source, "source");
        if (topic instanceof TopicFacade<T> open) {
            return open.relay(source);
        }
        throw new IllegalArgumentException("The topic is none that DurableTopics has opened: " + topic);
    }

    private void tick() {
        open().forEach(OpenTopic::tick);
    }

    private synchronized List<OpenTopic<?>> open() {
        List<OpenTopic<?>> all = new ArrayList<>();
        topics.values().forEach(topic -> all.addAll(topic.logs()));
        return all;
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

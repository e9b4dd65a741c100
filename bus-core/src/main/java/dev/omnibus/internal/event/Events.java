package dev.omnibus.internal.event;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusStats;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.EventHandler;
import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.SubscribeException;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.channel.SequenceNumbers;
import dev.omnibus.internal.concurrent.BusThreads;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.concurrent.TaskSeries;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.TraceContext;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.TransportException;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event layer: publishes events, and keeps one {@link EventReader} for each topic or pattern that this process is
 * subscribed to. Thread-safe.
 */
public final class Events {

    private static final Logger LOG = LoggerFactory.getLogger(Events.class);
    private static final Logger EVENTS = LoggerFactory.getLogger(Event.class);

    private static final int MAX_PREPARED = 8_192;
    private static final Duration PREPARED_FOR = Duration.ofMinutes(1); // at least, since the last event

    /** The memory for what is known of other publishers, on all topics together. */
    private static final long REMEMBERED_BYTES = 32L * 1024 * 1024;

    private record PreparedKey(String topic, String eventType, Type type) {}

    /** The part that is the same for all events of one type on one topic. */
    private record Prepared(
            String channel, byte[] prefix, SequenceNumbers.Format numbering, ValueWriter writer, LongAdder published) {}

    private final BusRuntime bus;
    private final Channels channels;
    private final Payloads payloads;
    private final EventCodec codec;
    private final Executor executor;
    private final Executor awaited;
    private final ListenerNotifier listener;
    private final EventCounters counters;
    private final @Nullable Observers observers;
    private final MemoryBudget remembered = new MemoryBudget(REMEMBERED_BYTES);
    private volatile Map<PreparedKey, Prepared> prepared = new ConcurrentHashMap<>();
    private volatile Map<PreparedKey, Prepared> preparedBefore = Map.of();
    private final Map<String, String> refused = new ConcurrentHashMap<>(); // topics that are not published so, and why
    private final Map<String, EventReader> readers = new HashMap<>(); // guarded by this
    private final List<EventSubscription<?>> open = new ArrayList<>(); // guarded by this

    public Events(
            BusRuntime bus, EventCodec codec, Payloads payloads, ListenerNotifier listener, EventCounters counters) {
        this.bus = bus;
        this.channels = bus.channels();
        this.codec = codec;
        this.payloads = payloads;
        this.executor = bus.executor();
        this.awaited = new CallerRunsExecutor(BusThreads.awaited(bus.executor()));
        this.listener = listener;
        this.counters = counters;
        this.observers = bus.observers();
        Future<?> unused = channels.every(PREPARED_FOR, this::agePrepared);
    }

    /** Returns the event layer of a bus, for layers whose messages are events too. */
    public static Events of(BusRuntime bus) {
        return bus.layer(Events.class, any -> {
            throw new IllegalStateException("A bus has its events from the start");
        });
    }

    /**
     * Refuses to publish a topic from now on.
     *
     * @param why what the exception says
     */
    public void refuse(String topic, String why) {
        refused.put(topic, why);
        agePrepared();
        agePrepared(); // what was prepared before is not asked about it
    }

    /**
     * Starts a new generation; entries of the previous one that are not used until the next call are forgotten then.
     */
    private synchronized void agePrepared() {
        preparedBefore = prepared;
        prepared = new ConcurrentHashMap<>();
    }

    /**
     * Makes room in a full cache: a program with that many topics rarely publishes on most of them. Of several threads
     * that find it full, one does.
     */
    private synchronized void makeRoomForPrepared() {
        if (prepared.size() >= MAX_PREPARED) {
            agePrepared();
        }
    }

    /** Publishes an event whose type is the name of its class. */
    public CompletableFuture<Long> publish(String topic, @Nullable Object data, Map<String, String> headers) {
        if (data == null) {
            throw Payloads.nothing(topic, "null");
        }
        return publish(topic, EventTypes.of(data.getClass()), Object.class, headers, data);
    }

    public CompletableFuture<Long> publish(
            String topic, String eventType, Type type, Map<String, String> headers, Object data) {
        payloads.require(data, topic);
        Prepared same = prepared(new PreparedKey(topic, eventType, type));
        Payloads.Written written = payloads.write(data, same.writer());
        if (written.isNull()) {
            throw Payloads.nothing(topic, "written as null: " + data.getClass());
        }
        Map<String, String> traced = EventCodec.fitting(TraceContext.passedOn(headers), headers);
        if (observers == null) {
            return publish(topic, eventType, same, traced, written, null);
        }
        Observed observed = observers.start(Kind.PUBLISH, topic, traced);
        try {
            Map<String, String> used = EventCodec.fitting(observed.headers(), traced);
            return publish(topic, eventType, same, used, written, observed);
        } catch (RuntimeException | Error e) {
            observed.end(Observed.FAULT, e, 0, true);
            throw e;
        } finally {
            observed.leave();
        }
    }

    private CompletableFuture<Long> publish(
            String topic,
            String eventType,
            Prepared same,
            Map<String, String> headers,
            Payloads.Written written,
            @Nullable Observed observed) {
        byte[] message = codec.write(same.prefix(), headers, written);
        Publishing publishing = new Publishing(topic, same.published(), observed);
        if (EVENTS.isDebugEnabled()) {
            EVENTS.debug(
                    "Event {} of type {} is published on {}",
                    EventCodec.idOf(message, same.prefix()),
                    eventType,
                    topic);
        }
        channels.sendNumbered(same.channel(), message, same.numbering(), publishing);
        return publishing.done;
    }

    private Prepared prepared(PreparedKey key) {
        Prepared known = prepared.get(key);
        if (known != null) {
            return known;
        }
        Prepared before = preparedBefore.get(key);
        Prepared made = before == null ? prepare(key) : before;
        if (prepared.size() >= MAX_PREPARED) {
            makeRoomForPrepared();
        }
        prepared.put(key, made);
        return made;
    }

    private Prepared prepare(PreparedKey key) {
        TopicPattern.requireTopic(key.topic());
        String why = refused.get(key.topic());
        if (why != null) {
            throw new IllegalStateException(why);
        }
        byte[] prefix = codec.prefix(key.topic(), key.eventType());
        return new Prepared(
                channels.names().event(key.topic()),
                prefix,
                codec.numbering(key.topic(), prefix),
                payloads.writer(key.type()),
                counters.publishedOn(key.topic()));
    }

    /** How many events were published by topic, and all others together. */
    public Map<String, Long> published() {
        return counters.publishedByTopic();
    }

    private final class Publishing implements SendCallback {

        private final String topic;
        private final LongAdder published; // on that topic
        private final CompletableFuture<Long> done = new GuardedFuture<>();
        private final @Nullable Observed observed;

        Publishing(String topic, LongAdder published, @Nullable Observed observed) {
            this.topic = topic;
            this.published = published;
            this.observed = observed;
        }

        @Override
        public boolean mayBlock() {
            return true; // the program may have attached callbacks to the future
        }

        @Override
        public void sent(long receivers, boolean exact) {
            counters.published.increment();
            published.increment();
            if (observed != null) {
                observed.end();
            }
            done.complete(receivers);
        }

        @Override
        public void failed(TransportException failure) {
            PublishException e = new PublishException(failure);
            listener.onPublishFailed(topic, e);
            if (observed != null) {
                observed.end(e.reason().name(), e, 0, e.outcome() == Outcome.NOT_SENT);
            }
            done.completeExceptionally(e);
        }
    }

    public <T> EventSubscription<T> subscribe(
            String topic, Type type, EventHandler<T> handler, SubscribeOptions options) {
        Payloads.Target target = payloads.target(type);
        return subscribe(topic, target.name(), envelope -> envelope.as(payloads, target), handler, options);
    }

    /** Subscribes with a decoder that may return events of several types. */
    synchronized <T> EventSubscription<T> subscribe(
            String topic,
            String typeName,
            EventSubscription.Decoder<T> decoder,
            EventHandler<T> handler,
            SubscribeOptions options) {
        TopicPattern pattern = TopicPattern.parse(topic);
        if (pattern.isWildcard() && channels.names().shardedEvents()) {
            throw new IllegalStateException("This bus was built with shardedEvents(), so it cannot subscribe to the"
                    + " pattern \"" + topic + "\": subscribe to each topic, or build the bus without it");
        }
        String channel = channels.names().event(pattern.toGlob());
        EventReader reader = readers.get(channel);
        if (reader == null) {
            reader = new EventReader(channel, codec, channels, listener, counters, remembered);
        }
        EventSubscription<T> subscription =
                new EventSubscription<>(pattern, reader, typeName, decoder, handler, options, counters, listener, this);
        reader.add(subscription);
        try {
            open.add(subscription);
            bus.keepAlive().begin(subscription);
            if (reader.isUnopened()) {
                readers.put(channel, reader);
                listen(reader, pattern.isWildcard());
            }
            return subscription;
        } catch (RuntimeException | Error e) {
            undo(reader, subscription);
            throw e;
        }
    }

    /** Undoes a subscription that failed half-way. */
    private void undo(EventReader reader, EventSubscription<?> subscription) {
        open.remove(subscription);
        bus.keepAlive().end(subscription);
        reader.remove(subscription);
        if (reader.leave()) {
            readers.remove(reader.channel(), reader);
            if (!reader.isUnopened()) {
                CompletableFuture<Void> unused = reader.listening().close();
            }
        }
    }

    public Payloads payloads() {
        return payloads;
    }

    public EventCodec codec() {
        return codec;
    }

    /** Returns who observes; null if nobody does. */
    public @Nullable Observers observers() {
        return observers;
    }

    public ListenerNotifier listener() {
        return listener;
    }

    /** Returns the timer by which mailboxes retry to get a thread. */
    public DelayedExecutor later() {
        return channels::later;
    }

    /**
     * Returns the executor of handlers. A thread of a user's executor counts as one of the bus while it runs a handler.
     */
    public Executor executor(Optional<Executor> other, Consumer<RuntimeException> refused) {
        if (other.isEmpty()) {
            return executor;
        }
        Executor users = other.get();
        return task -> {
            try {
                users.execute(() -> BusThreads.runAs(bus.bus(), task));
            } catch (RuntimeException e) { // not all executors reject with the specified exception
                refused.accept(e);
                throw e instanceof RejectedExecutionException ? e : new RejectedExecutionException(e);
            }
        };
    }

    private void listen(EventReader reader, boolean wildcard) {
        reader.opened(
                wildcard
                        ? channels.listenPattern(reader.channel(), reader)
                        : channels.listen(reader.channel(), reader));
        reader.listening().ready().whenComplete((done, failure) -> {
            if (failure != null) {
                synchronized (this) {
                    readers.remove(reader.channel(), reader); // the next subscription tries again
                }
                reader.refused();
            }
        });
    }

    CompletableFuture<Void> ready(EventReader reader) {
        CompletableFuture<Void> ready = new GuardedFuture<>();
        reader.listening().ready().whenComplete((done, failure) -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            settle(ready, null, cause instanceof TransportException refused ? new SubscribeException(refused) : cause);
        });
        return ready;
    }

    /** Returns a new cache of envelopes, for one reader. */
    public EnvelopeCache envelopeCache() {
        return new EnvelopeCache(remembered);
    }

    /** Completes futures of the program on the executor, as {@link #settle} does with one: none waits for another. */
    public <T> void settleAll(List<CompletableFuture<T>> futures, List<T> values) {
        new TaskSeries(awaited, futures.size(), i -> futures.get(i).complete(values.get(i))).start();
    }

    /** Completes a future of the program on the executor: its callbacks may block, and this may be an I/O thread. */
    public <T> void settle(CompletableFuture<T> future, @Nullable T value, @Nullable Throwable failure) {
        awaited.execute(failure == null ? () -> future.complete(value) : () -> future.completeExceptionally(failure));
    }

    /**
     * Removes a subscription, and closes the channel with the last one; completes when the subscription has been
     * offered everything that had arrived, and is offered nothing any more.
     */
    CompletableFuture<Void> remove(EventReader reader, EventSubscription<?> subscription) {
        CompletableFuture<Void> served;
        synchronized (this) {
            if (reader.leave()) {
                readers.remove(reader.channel(), reader);
                served = reader.listening().close().whenComplete((done, failure) -> reader.end());
            } else {
                served = reader.listening().caughtUp();
            }
        }
        return served.whenComplete((done, failure) -> reader.remove(subscription));
    }

    /** Notes the end of a subscription; closing the bus waits for it until then. */
    synchronized void ended(EventSubscription<?> subscription) {
        if (open.remove(subscription)) {
            bus.keepAlive().end(subscription);
            counters.dropped.add(subscription.dropped());
        }
    }

    public synchronized BusStats stats() {
        long dropped = open.stream().mapToLong(EventSubscription::dropped).sum();
        long waiting = open.stream().mapToLong(EventSubscription::waiting).sum();
        return counters.snapshot(channels.stats(), dropped, waiting);
    }

    /** Closes all subscriptions. Returns false if a handler did not finish in time; what waits for it is dropped. */
    public boolean close(Duration timeout) throws InterruptedException {
        CompletableFuture<?>[] ended =
                open().stream().map(EventSubscription::end).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(ended).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            LOG.debug("A subscription did not close cleanly", e);
        } finally {
            abandon();
        }
        return true;
    }

    /** Closes subscriptions that are still open, or were opened meanwhile, without waiting for their handlers. */
    public void abandon() {
        open().forEach(EventSubscription::abandon);
    }

    /** The subscriptions that there are. */
    public synchronized List<EventSubscription<?>> open() {
        return List.copyOf(open);
    }
}

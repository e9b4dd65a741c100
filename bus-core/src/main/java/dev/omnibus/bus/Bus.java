package dev.omnibus.bus;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.BusThreads;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.KeepAlive;
import dev.omnibus.internal.concurrent.Timer;
import dev.omnibus.internal.event.AnnotatedSubscribers;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.EventCounters;
import dev.omnibus.internal.event.Events;
import dev.omnibus.internal.event.Lifecycle;
import dev.omnibus.internal.event.ListenerNotifier;
import dev.omnibus.internal.event.Payloads;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layers;
import dev.omnibus.internal.runtime.NodeId;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonOptions;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection of this process to the bus: publishes events, subscribes to them, and is what RPC and other layers are
 * built on.
 *
 * <p>Events are delivered at most once, in order per publisher and topic. Redis keeps nothing for a process that is not
 * subscribed at that moment. Events that are lost on the way are reported to the {@link BusListener}; nothing is lost
 * silently.
 *
 * <p>A program opens one bus and closes it when it ends. {@link #close()} shuts down gracefully: it finishes what has
 * been accepted. Thread-safe.
 */
public final class Bus implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    static {
        BusRuntime.allow(bus -> bus.runtime);
    }

    private final Channels channels;
    private final Timer timer = new Timer("omnibus-timer");
    private final ExecutorService executor;
    private final ListenerNotifier listener;
    private final Lifecycle lifecycle;
    private final Events events;
    private final AnnotatedSubscribers localEvents;
    private final Duration drainTimeout;
    private final KeepAlive keepAlive;
    private final Layers layers = new Layers();
    private final BusRuntime runtime;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile @Nullable Thread shutdownHook;

    Bus(BusBuilder builder) {
        drainTimeout = builder.drainTimeout;
        keepAlive = new KeepAlive(builder.keepAlive);
        executor = BusThreads.create(this, timer, builder.virtualThreads);
        CompletableFuture<ObjectMapper> mapper = Json.mapper(builder.json, builder.maxMessageBytes, executor);
        Executor awaited = BusThreads.awaited(executor);
        EventCounters counters = new EventCounters();
        String node = NodeId.next(builder.name);
        listener = new ListenerNotifier(builder.listeners, counters, executor, timer.on(awaited));
        lifecycle = new Lifecycle(node, listener);
        try {
            ChannelNames names = new ChannelNames(builder.prefix, builder.shardedEvents);
            long deadline = builder.connectDeadline();
            Channels.Limits limits = builder.limits(deadline);
            channels = builder.connectInBackground
                    ? Channels.openInBackground(builder.connectLater(), node, names, limits, awaited, timer, lifecycle)
                    : builder.connect(
                            deadline,
                            transport -> Channels.open(
                                    transport, node, names, builder.limits(deadline), awaited, timer, lifecycle));
        } catch (RuntimeException e) {
            lifecycle.enter(BusState.CLOSED);
            executor.shutdown();
            timer.end();
            throw e instanceof TransportException refused ? new ConnectionException(refused) : e;
        }
        EventCodec codec = new EventCodec(builder.maxMessageBytes, node);
        ObjectMapper json = mapper.join(); // made while the bus connected
        Payloads payloads = new Payloads(json, builder.codec);
        Observers observers = Observers.of(builder.observers);
        runtime = new BusRuntime(this, channels, json, executor, keepAlive, layers, observers);
        events = runtime.layer(Events.class, bus -> new Events(bus, codec, payloads, listener, counters));
        localEvents = new AnnotatedSubscribers(events, listener);
        CompletableFuture<Void> unused = channels.connected().thenRun(lifecycle::connected);
        if (observers != null) {
            observers.opened(this);
        }
        if (builder.announce) {
            Presence.of(runtime).announce();
        }
    }

    /**
     * Connects to Redis with the default options.
     *
     * @param address {@code redis://[user:password@]host:port}, or {@code rediss://…} for TLS
     * @return an open bus
     * @throws ConnectionException if Redis cannot be reached, refuses the login, or does not let this user receive its
     *     own messages
     */
    public static Bus connect(String address) {
        return builder(address).build();
    }

    /**
     * Returns a builder for a bus on a Redis server.
     *
     * @param address {@code redis://[user:password@]host:port}, or {@code rediss://…} for TLS
     * @return a builder
     */
    public static BusBuilder builder(String address) {
        return builder(address, RedissonOptions.defaults());
    }

    /**
     * Returns a builder for a bus on a Redis server that is connected to with options.
     *
     * @param address {@code redis://[user:password@]host:port}, or {@code rediss://…} for TLS
     * @param options how to connect; the time to connect is that of {@link BusBuilder#connectWithin}
     * @return a builder
     */
    public static BusBuilder builder(String address, RedissonOptions options) {
        Objects.requireNonNull(address, "The address of Redis is null; it must be like redis://localhost:6379");
        Objects.requireNonNull(options, "options");
        return new BusBuilder(
                within -> RedissonTransport.connect(address, options.withConnectWithin(within)),
                () -> RedissonTransport.connectLater(address, options),
                true);
    }

    /**
     * Returns a builder for a bus on any transport, for instance one made from a Redisson {@code Config} for Sentinel
     * or a cluster, or an in-memory one.
     *
     * @param transport an open transport, or one that connects later, for {@link BusBuilder#connectInBackground}; the
     *     bus closes it
     * @return a builder
     */
    public static BusBuilder builder(Transport transport) {
        Objects.requireNonNull(transport, "The transport is null");
        return new BusBuilder(within -> transport, () -> transport, false);
    }

    /**
     * Returns a builder for a bus that opens its transport itself, as often as {@link BusBuilder#connectWithin} allows:
     * {@code Bus.builder(within -> RedissonTransport.connect(config,
     * RedissonOptions.defaults().withConnectWithin(within)))}.
     *
     * @param transports opens a transport within the given time, which is positive, or throws a
     *     {@link TransportException}; a new one each time. The bus closes it
     * @return a builder, with which {@link BusBuilder#connectInBackground} has no effect on the first connection: pass
     *     a transport of {@link RedissonTransport#connectLater} for that
     */
    public static BusBuilder builder(Function<Duration, Transport> transports) {
        Objects.requireNonNull(transports, "transports");
        return new BusBuilder(transports, () -> transports.apply(BusBuilder.CONNECT_TIMEOUT), true);
    }

    /**
     * Returns the id of this process on the bus: its name and a random part, new with each start.
     *
     * @return the node id
     */
    public String node() {
        return channels.node();
    }

    /**
     * Returns the state of the bus.
     *
     * @return its state; {@link BusListener#onState} reports each change
     */
    public BusState state() {
        return lifecycle.state();
    }

    /**
     * Returns what the bus has done since it was opened.
     *
     * @return a snapshot of its counters
     */
    public BusStats stats() {
        return events.stats();
    }

    /**
     * Adds a listener, otherwise as {@link BusBuilder#listener}.
     *
     * @param listener receives what is reported from now on, and possibly reports that are waiting already
     */
    public void addListener(BusListener listener) {
        this.listener.add(Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Removes a listener, whether it was added here or by the builder.
     *
     * @param listener receives no further report, except the one that is being delivered at this moment; nothing
     *     happens if it was never added
     */
    public void removeListener(BusListener listener) {
        this.listener.remove(listener);
    }

    /**
     * Publishes an event.
     *
     * <p>It does not block, unless {@link BusBuilder#outboxWait} is set: the event is queued, and sent after those that
     * were published before it on the same topic. The future may be ignored; failures are reported to the
     * {@link BusListener} as well.
     *
     * @param topic the topic's name, such as {@code orders.placed}
     * @param data the payload: anything but null that Jackson can write
     * @return completes with the number of Redis subscriptions that received it, 0 if none did; fails with a
     *     {@link PublishException}. That is not the number of handlers: a process has one Redis subscription for each
     *     topic or pattern, those of monitoring tools count too, and so does a pattern that matches in Redis only,
     *     whose {@code *} also matches dots: {@code orders.*} for {@code orders.eu.placed}
     * @throws IllegalArgumentException if the topic's name is invalid, if there is no data (null, or written as null),
     *     or if it cannot be written as JSON, such as a lambda or a thread
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Long> publish(String topic, Object data) {
        return events.publish(topic, data, Map.of());
    }

    /**
     * Publishes an event on a typed topic, otherwise as {@link #publish(String, Object)}.
     *
     * @param topic the topic
     * @param data the payload
     * @param <T> the type of the payload
     * @return the number of receivers
     */
    @CanIgnoreReturnValue
    public <T> CompletableFuture<Long> publish(Topic<T> topic, T data) {
        return publish(topic, data, Map.of());
    }

    /**
     * Publishes an event with headers, otherwise as {@link #publish(String, Object)}.
     *
     * @param topic the topic's name, such as {@code orders.placed}
     * @param data the payload
     * @param headers additional attributes, see {@link #publish(Topic, Object, Map)}
     * @return the number of receivers
     * @throws IllegalArgumentException if the topic's name or a header's name is invalid, or the data cannot be written
     *     as JSON
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Long> publish(String topic, Object data, Map<String, String> headers) {
        return events.publish(topic, data, headers);
    }

    /**
     * Publishes an event on a typed topic with headers, otherwise as {@link #publish(String, Object)}.
     *
     * <p>On a thread that handles an event or serves a call, the trace of that one, its {@code traceparent} and
     * {@code tracestate}, is passed on by itself, unless a {@code traceparent} is given.
     *
     * @param topic the topic
     * @param data the payload
     * @param headers additional attributes of the envelope, which CloudEvents calls extension attributes: a name has 1
     *     to 20 lower-case letters and digits and begins with a letter; 64 headers at most, with 65,536 characters in
     *     all
     * @param <T> the type of the payload
     * @return the number of receivers
     * @throws IllegalArgumentException if the data cannot be written as JSON, or a header's name is not allowed
     */
    @CanIgnoreReturnValue
    public <T> CompletableFuture<Long> publish(Topic<T> topic, T data, Map<String, String> headers) {
        return events.publish(topic.name(), topic.eventType(), topic.type(), headers, data);
    }

    /**
     * Subscribes to a topic, or to all topics that match a pattern: {@code *} matches one token, {@code **} at the end
     * one or more.
     *
     * @param topic the topic's name or the pattern
     * @param type the type of the payload; an event that does not fit is reported and skipped
     * @param handler handles the events one at a time, in order per publisher and topic
     * @param <T> the type of the payload
     * @return the subscription, which is established when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if the topic is neither a name nor a pattern, or if nothing could be decoded as
     *     this type
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(String topic, Class<T> type, EventHandler<T> handler) {
        return subscribe(topic, type, SubscribeOptions.defaults(), handler);
    }

    /**
     * Subscribes with options, otherwise as {@link #subscribe(String, Class, EventHandler)}.
     *
     * @param topic the topic's name or the pattern
     * @param type the type of the payload; an event that does not fit is reported and skipped
     * @param options how events are queued and handled
     * @param handler handles the events
     * @param <T> the type of the payload
     * @return the subscription, which is established when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if the topic is neither a name nor a pattern, or if nothing could be decoded as
     *     this type
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(String topic, Class<T> type, SubscribeOptions options, EventHandler<T> handler) {
        return events.subscribe(topic, type, handler, options);
    }

    /**
     * Subscribes to events with a generic payload, such as a list, otherwise as {@link #subscribe(String, Class,
     * SubscribeOptions, EventHandler)}.
     *
     * @param topic the topic's name or the pattern
     * @param type the type of the payload, as {@code new TypeReference<List<Order>>() {}}
     * @param options how events are queued and handled
     * @param handler handles the events
     * @param <T> the type of the payload
     * @return the subscription, which is established when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if the topic is neither a name nor a pattern, or if nothing could be decoded as
     *     this type
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(
            String topic, TypeReference<T> type, SubscribeOptions options, EventHandler<T> handler) {
        return events.subscribe(topic, type.getType(), handler, options);
    }

    /**
     * Subscribes to a typed topic.
     *
     * @param topic the topic
     * @param handler handles the events one at a time, in order per publisher
     * @param <T> the type of the payload
     * @return the subscription, which is established when its {@link Subscription#ready()} completes
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(Topic<T> topic, EventHandler<T> handler) {
        return subscribe(topic, SubscribeOptions.defaults(), handler);
    }

    /**
     * Subscribes to a typed topic with options.
     *
     * @param topic the topic
     * @param options how events are queued and handled
     * @param handler handles the events
     * @param <T> the type of the payload
     * @return the subscription, which is established when its {@link Subscription#ready()} completes
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(Topic<T> topic, SubscribeOptions options, EventHandler<T> handler) {
        return events.subscribe(topic.name(), topic.type(), handler, options);
    }

    /**
     * Subscribes the methods of an object that are annotated with Guava's {@code @Subscribe} and {@link OnTopic}.
     * Methods of one topic share a subscription, and are called one after the other, in its order; what they throw is
     * reported to the {@link BusListener}.
     *
     * @param listener the object
     * @return completes when all subscriptions are established; fails with a {@link SubscribeException} if one of them
     *     cannot be, and then the object is not registered
     * @throws IllegalArgumentException if it has no such method, if a method has only one of the two annotations, an
     *     invalid topic, or not exactly one parameter, or if the object is already registered
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Void> register(Object listener) {
        return localEvents.register(listener);
    }

    /**
     * Ends the subscriptions of a {@linkplain #register registered} object. Events that have arrived are still handled.
     *
     * @param listener the object
     * @return completes when the last of its events has been handled
     * @throws IllegalArgumentException if it is not registered
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Void> unregister(Object listener) {
        return localEvents.unregister(listener);
    }

    /**
     * Waits until everything that is in the outbox has been sent or has failed: events, requests and replies. It is for
     * the moment before a process is frozen or handed over, or between two steps of a batch; nothing needs a flush to
     * be sent. A call that has not got as far as the outbox, because it waits for a retry or for the first read of the
     * directory, is not covered.
     *
     * <p>Each topic whose last sequence number was not announced yet gets a marker, as when the bus is closed.
     *
     * @param timeout how long to wait at most
     * @return false if something is still waiting to be sent
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException in a served method that is declared not to block
     */
    @CheckReturnValue
    public boolean flush(Duration timeout) throws InterruptedException {
        return channels.flush(timeout);
    }

    /**
     * Closes the bus gracefully: closes its layers, ends its subscriptions and lets their handlers finish, sends what
     * is queued, and releases every thread. It blocks until that is done, at most for the drain timeout in each of
     * these steps; after that, what waits for a handler is dropped and reported, and the handler is interrupted. A
     * second call waits for the first. Idempotent.
     *
     * <p>Called from a handler, a listener or another task on a thread of this bus, it returns at once and the bus
     * closes in the background: waiting there would be a deadlock. The same holds in a served method that is declared
     * not to block, for any bus.
     */
    @Override
    public void close() {
        boolean inside = BusThreads.isOneOf(this) || channels.areReadingHere() || NonBlockingThread.isCurrent();
        if (!layers.beginClosing()) {
            if (!inside) {
                closed.join();
            }
        } else if (inside) {
            Thread closer = new Thread(this::end, "omnibus-closer");
            closer.start(); // not a daemon: it may be all that keeps the process from exiting too soon
        } else {
            end();
        }
    }

    /** Registers a shutdown hook; called before the bus is published to other threads. */
    void closeOnShutdown() {
        Thread hook = new Thread(this::close, "omnibus-shutdown");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) { // the JVM is shutting down, and would not run the hook any more
            close();
            throw e;
        }
        shutdownHook = hook;
    }

    /** Removes the hook, through which the JVM would hold on to the bus until it exits. */
    private void removeShutdownHook() {
        Thread hook = shutdownHook;
        if (hook == null) {
            return;
        }
        try {
            boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.trace("The shutdown hook runs, or will: the JVM is shutting down", e);
        }
    }

    private void end() {
        boolean interrupted = false;
        try {
            lifecycle.enter(BusState.DRAINING);
            if (channels.isConnecting()) { // there is nothing to wait for
                channels.close();
            }
            layers.close(drainTimeout);
            interrupted = !drain();
            channels.close();
            events.abandon();
            lifecycle.enter(BusState.CLOSED);
            listener.close();
        } finally {
            removeShutdownHook();
            keepAlive.close();
            BusThreads.end(executor, interrupted ? Duration.ZERO : drainTimeout);
            timer.end();
            closed.complete(null);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns the node and the state of the bus, for logs. */
    @Override
    public String toString() {
        return "Bus " + node() + " (" + state() + ")";
    }

    /** Returns false if this thread was interrupted while it waited. */
    private boolean drain() {
        try {
            if (!events.close(drainTimeout)) {
                FailureLog.safely(() -> LOG.warn(
                        "Handlers of node {} did not finish within {}, or the application's executor did not run them;"
                                + " they are abandoned",
                        node(),
                        drainTimeout));
            }
            if (!channels.flush(drainTimeout)) {
                FailureLog.safely(() -> LOG.warn(
                        "The messages queued by node {} were not sent within {} and are discarded",
                        node(),
                        drainTimeout));
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}

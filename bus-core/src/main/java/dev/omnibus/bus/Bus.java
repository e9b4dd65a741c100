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
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layers;
import dev.omnibus.internal.runtime.NodeId;
import dev.omnibus.transport.IoThread;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus of one process: publishes events, subscribes to them, and carries the layers that stand on it.
 *
 * <p>Events are delivered at most once, in order per publisher and topic. Redis keeps nothing for those who are not
 * subscribed at that moment. What is lost in between is reported to the {@link BusListener}; nothing is lost silently.
 *
 * <p>A program makes one bus and closes it at its end. {@link #close()} finishes what has been accepted: it is what
 * makes a graceful end. Thread-safe.
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
        ObjectMapper json = Json.mapper(builder.json, builder.maxMessageBytes);
        drainTimeout = builder.drainTimeout;
        keepAlive = new KeepAlive(builder.keepAlive);
        executor = BusThreads.create(this, timer);
        Executor awaited = BusThreads.awaited(executor);
        EventCounters counters = new EventCounters();
        String node = NodeId.next(builder.name);
        listener = new ListenerNotifier(builder.listeners, counters, executor, timer.on(awaited));
        lifecycle = new Lifecycle(node, listener);
        try {
            ChannelNames names = new ChannelNames(builder.prefix);
            long deadline = builder.connectDeadline();
            Transport transport = builder.openTransport(deadline);
            channels = Channels.open(transport, node, names, builder.limits(deadline), awaited, timer, lifecycle);
        } catch (RuntimeException e) {
            lifecycle.enter(BusState.CLOSED);
            executor.shutdown();
            timer.end();
            throw e instanceof TransportException refused ? new ConnectionException(refused) : e;
        }
        EventCodec codec = new EventCodec(builder.maxMessageBytes, node);
        Payloads payloads = new Payloads(json, builder.codec);
        runtime = new BusRuntime(this, channels, json, executor, keepAlive, layers);
        events = new Events(runtime, codec, payloads, listener, counters);
        localEvents = new AnnotatedSubscribers(events, listener);
        lifecycle.connected();
    }

    /**
     * Connects to Redis with the defaults.
     *
     * @param address {@code redis://[user:password@]host:port}, or {@code rediss://…} for TLS
     * @return an open bus
     * @throws ConnectionException if Redis cannot be reached, refuses the login, or does not let this user hear himself
     */
    public static Bus connect(String address) {
        return builder(address).build();
    }

    /**
     * Prepares a bus on a Redis server.
     *
     * @param address {@code redis://[user:password@]host:port}, or {@code rediss://…} for TLS
     * @return a builder
     */
    public static BusBuilder builder(String address) {
        Objects.requireNonNull(address, "The address of Redis is null; it must be like redis://localhost:6379");
        return new BusBuilder(within -> RedissonTransport.connect(address, within));
    }

    /**
     * Prepares a bus on any transport, for instance one made from a Redisson {@code Config} for Sentinel or a cluster,
     * or one in memory.
     *
     * @param transport an open transport, which the bus closes
     * @return a builder
     */
    public static BusBuilder builder(Transport transport) {
        Objects.requireNonNull(transport, "The transport is null");
        return new BusBuilder(within -> transport);
    }

    /**
     * The id of this process on the bus: its name and a random part, new with each start.
     *
     * @return the node id
     */
    public String node() {
        return channels.node();
    }

    /**
     * What the bus is doing.
     *
     * @return its state; {@link BusListener#onState} tells of each change
     */
    public BusState state() {
        return lifecycle.state();
    }

    /**
     * What the bus has done since it was opened.
     *
     * @return a snapshot of its counters
     */
    public BusStats stats() {
        return events.stats();
    }

    /**
     * Adds a listener, otherwise as {@link BusBuilder#listener}.
     *
     * @param listener is notified of what is reported from now on
     */
    public void addListener(BusListener listener) {
        this.listener.add(Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Removes a listener, wherever it was added.
     *
     * @param listener is not called any more, but for what it is being called with just now; nothing happens if it was
     *     never added
     */
    public void removeListener(BusListener listener) {
        this.listener.remove(listener);
    }

    /**
     * Publishes an event.
     *
     * <p>It does not block, unless {@link BusBuilder#outboxWait} says so: the event is queued and sent in order with
     * those before it on the same topic. The future may be ignored; failures are reported to the {@link BusListener} as
     * well.
     *
     * @param topic the topic's name, such as {@code orders.placed}
     * @param data what the event carries: anything that Jackson can write, and that is not null
     * @return completes with the number of Redis subscriptions that it was given to, 0 if to none; fails with a
     *     {@link PublishException}. That is not how many handlers get it: a process has one Redis subscription for each
     *     topic or pattern, those who only look on count, and so does a pattern that fits for Redis alone, whose
     *     {@code *} takes dots: {@code orders.*} for {@code orders.eu.placed}
     * @throws IllegalArgumentException if the topic's name is not one, if there is no data, or if it cannot be written
     *     as JSON: null, what is written as null, and what holds no data, such as a lambda or a thread
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Long> publish(String topic, Object data) {
        return events.publish(topic, data, Map.of());
    }

    /**
     * Publishes an event on a typed topic, otherwise as {@link #publish(String, Object)}.
     *
     * @param topic the topic
     * @param data what the event carries
     * @param <T> what the event carries
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
     * @param data what the event carries
     * @param headers what is sent along, see {@link #publish(Topic, Object, Map)}
     * @return the number of receivers
     * @throws IllegalArgumentException as there
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Long> publish(String topic, Object data, Map<String, String> headers) {
        return events.publish(topic, data, headers);
    }

    /**
     * Publishes an event on a typed topic with headers, otherwise as {@link #publish(String, Object)}.
     *
     * @param topic the topic
     * @param data what the event carries
     * @param headers what is sent along, in the envelope: CloudEvents calls it extension attributes, so a name has 1 to
     *     20 lower-case letters and digits and begins with a letter; 64 headers at most, with 65,536 characters in all
     * @param <T> what the event carries
     * @return the number of receivers
     * @throws IllegalArgumentException if the data cannot be written as JSON, or a header's name is not allowed
     */
    @CanIgnoreReturnValue
    public <T> CompletableFuture<Long> publish(Topic<T> topic, T data, Map<String, String> headers) {
        return events.publish(topic.name(), topic.eventType(), topic.type(), headers, data);
    }

    /**
     * Subscribes to a topic, or to all topics that match a pattern: {@code *} stands for one token, {@code **} at the
     * end for one or more.
     *
     * @param topic the topic's name or the pattern
     * @param type what the events carry; one that does not fit is reported and skipped
     * @param handler handles the events one at a time, in order per publisher and topic
     * @param <T> what the events carry
     * @return the subscription, which stands when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if it is neither a topic's name nor a pattern, or if nothing could be read as
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
     * @param type what the events carry; one that does not fit is reported and skipped
     * @param options how events are queued and handled
     * @param handler handles the events
     * @param <T> what the events carry
     * @return the subscription, which stands when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if it is neither a topic's name nor a pattern, or if nothing could be read as
     *     this type
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(String topic, Class<T> type, SubscribeOptions options, EventHandler<T> handler) {
        return events.subscribe(topic, type, handler, options);
    }

    /**
     * Subscribes to events that carry something generic, such as a list, otherwise as {@link #subscribe(String, Class,
     * SubscribeOptions, EventHandler)}.
     *
     * @param topic the topic's name or the pattern
     * @param type what the events carry, as {@code new TypeReference<List<Order>>() {}}
     * @param options how events are queued and handled
     * @param handler handles the events
     * @param <T> what the events carry
     * @return the subscription, which stands when its {@link Subscription#ready()} completes
     * @throws IllegalArgumentException if it is neither a topic's name nor a pattern, or if nothing could be read as
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
     * @param <T> what the events carry
     * @return the subscription, which stands when its {@link Subscription#ready()} completes
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
     * @param <T> what the events carry
     * @return the subscription, which stands when its {@link Subscription#ready()} completes
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(Topic<T> topic, SubscribeOptions options, EventHandler<T> handler) {
        return events.subscribe(topic.name(), topic.type(), handler, options);
    }

    /**
     * Subscribes the methods of an object that have Guava's {@code @Subscribe} and {@link OnTopic}. Methods of one
     * topic share a subscription, and are called one after the other in its order; what they throw is reported to the
     * {@link BusListener}.
     *
     * @param listener the object
     * @return completes when all of its topics are subscribed; fails with a {@link SubscribeException} if one of them
     *     is not, and then it is not registered
     * @throws IllegalArgumentException if it has no such method, if one of them lacks one of the two annotations, has
     *     not exactly one parameter or a topic that is none, or if the object is registered already
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Void> register(Object listener) {
        return localEvents.register(listener);
    }

    /**
     * Ends what {@link #register} began. Events that have arrived are still handled.
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
     * Waits until everything that was accepted before, events and calls, has been sent or has failed: before a process
     * is frozen or handed on, or between two steps of a batch. Sending does not need it.
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
     * Ends the bus: closes its layers, ends its subscriptions and lets their handlers finish, sends what is queued, and
     * releases every thread. Takes as long as that takes, at most the drain timeout for each of the steps; after that,
     * what waits for a handler is dropped and reported, and what the handler does is interrupted. A second call waits
     * for the end of the first. Idempotent.
     *
     * <p>Called inside a handler, a listener or another task on a thread of this bus, it returns at once, and the bus
     * ends behind it: waiting there would be waiting for oneself. So it does in a served method that is declared not to
     * block, whatever the bus.
     */
    @Override
    public void close() {
        boolean inside = BusThreads.isOneOf(this) || channels.areReadingHere() || IoThread.isCurrent();
        if (!layers.beginClosing()) {
            if (!inside) {
                closed.join();
            }
        } else if (inside) {
            Thread closer = new Thread(this::end, "omnibus-closer");
            closer.start(); // no daemon: the program may have nothing else left that keeps it from exiting too soon
        } else {
            end();
        }
    }

    /** Before anybody else knows the bus. */
    void closeOnShutdown() {
        Thread hook = new Thread(this::close, "omnibus-shutdown");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) { // it shuts down already, and would not run the hook any more
            close();
            throw e;
        }
        shutdownHook = hook;
    }

    /** The JVM would keep the bus as long as it lives. */
    private void removeShutdownHook() {
        Thread hook = shutdownHook;
        if (hook == null) {
            return;
        }
        try {
            boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.trace("It runs, or will: the JVM shuts down", e);
        }
    }

    private void end() {
        boolean interrupted = false;
        try {
            lifecycle.enter(BusState.DRAINING);
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

    /** The node and what the bus is doing, for logs. */
    @Override
    public String toString() {
        return "Bus " + node() + " (" + state() + ")";
    }

    /** False if this thread was interrupted while it waited. */
    private boolean drain() {
        try {
            if (!events.close(drainTimeout)) {
                FailureLog.safely(() -> LOG.warn(
                        "Handlers of node {} did not finish within {}, or an executor of the program has not run them;"
                                + " they are abandoned",
                        node(),
                        drainTimeout));
            }
            if (!channels.flush(drainTimeout)) {
                FailureLog.safely(() -> LOG.warn(
                        "What node {} had queued was not sent within {} and is given up", node(), drainTimeout));
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}

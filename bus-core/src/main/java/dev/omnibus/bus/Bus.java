package dev.omnibus.bus;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.channel.ChannelNames;
import dev.omnibus.channel.Channels;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;
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

    private final Channels channels;
    private final ObjectMapper json;
    private final ExecutorService executor;
    private final Events events;
    private final Duration drainTimeout;
    private final Layers layers = new Layers();

    private Bus(Builder builder) {
        json = Json.mapper(builder.json, builder.maxMessageBytes);
        drainTimeout = builder.drainTimeout;
        executor = BusThreads.create();
        SafeListener listener = new SafeListener(builder.listener, executor);
        Channels.Limits limits = new Channels.Limits(
                builder.maxMessageBytes,
                builder.outboxBytes,
                Builder.INBOUND_BYTES,
                builder.heartbeat,
                Builder.CONNECT_TIMEOUT);
        try {
            channels = Channels.open(
                    builder.transport.get(),
                    NodeId.next(builder.name),
                    new ChannelNames(builder.prefix),
                    limits,
                    executor,
                    listener);
        } catch (RuntimeException e) {
            executor.shutdown();
            throw e instanceof TransportException refused ? new ConnectionException(refused) : e;
        }
        events = new Events(channels, json, executor, listener);
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
    public static Builder builder(String address) {
        return new Builder(() -> RedissonTransport.connect(address));
    }

    /**
     * Prepares a bus on any transport, for instance one made from a Redisson {@code Config} for Sentinel or a cluster,
     * or one in memory.
     *
     * @param transport an open transport, which the bus closes
     * @return a builder
     */
    public static Builder builder(Transport transport) {
        return new Builder(() -> transport);
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
     * Publishes an event.
     *
     * <p>It never blocks: the event is queued and sent in order with those before it on the same topic. The future may
     * be ignored; failures are reported to the {@link BusListener} as well.
     *
     * @param topic the topic's name, such as {@code orders.placed}
     * @param data what the event carries: anything that Jackson can write
     * @return completes with the number of connections that received it, 0 if nobody did (onlookers by pattern count);
     *     fails with a {@link PublishException}
     * @throws IllegalArgumentException if the topic's name is not one, or the data cannot be written as JSON
     */
    @CanIgnoreReturnValue
    public CompletableFuture<Long> publish(String topic, Object data) {
        return events.publish(topic, data.getClass().getSimpleName(), Map.of(), data);
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
     * Publishes an event with additional attributes in its envelope.
     *
     * @param topic the topic
     * @param data what the event carries
     * @param attributes CloudEvents extension attributes: names of at most 20 lower-case letters and digits
     * @param <T> what the event carries
     * @return the number of receivers, as with {@link #publish(String, Object)}
     * @throws IllegalArgumentException if the data cannot be written as JSON, or an attribute's name is not allowed
     */
    @CanIgnoreReturnValue
    public <T> CompletableFuture<Long> publish(Topic<T> topic, T data, Map<String, String> attributes) {
        return events.publish(topic.name(), topic.eventType(), attributes, data);
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
     * @throws IllegalArgumentException if it is neither a topic's name nor a pattern
     */
    @CanIgnoreReturnValue
    public <T> Subscription subscribe(String topic, Class<T> type, EventHandler<T> handler) {
        Objects.requireNonNull(handler, "handler");
        return events.subscribe(topic, type, handler);
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
        return subscribe(topic.name(), topic.type(), handler);
    }

    /**
     * The layer of a kind, made at the first call. For those who build layers.
     *
     * @param kind its class
     * @param make makes it; layers that it asks for are closed after it
     * @param <L> its class
     * @return the one that this bus has
     * @throws IllegalStateException if the bus is closed
     */
    public <L extends Layer> L layer(Class<L> kind, Function<Bus, L> make) {
        return layers.get(this, kind, make);
    }

    /**
     * The channels below events, for layers.
     *
     * @return the channels
     */
    public Channels channels() {
        return channels;
    }

    /**
     * How JSON is read and written here, for layers. Not to be changed.
     *
     * @return the mapper
     */
    public ObjectMapper json() {
        return json;
    }

    /**
     * Where handlers run, for layers.
     *
     * @return the executor
     */
    public ExecutorService executor() {
        return executor;
    }

    /**
     * Ends the bus: closes its layers, ends its subscriptions and lets their handlers finish, sends what is queued, and
     * releases every thread. Takes as long as that takes, at most the drain timeout for each of the steps. Not to be
     * called inside a handler, for whose end it waits. Idempotent.
     */
    @Override
    public void close() {
        if (!layers.close(drainTimeout)) {
            return;
        }
        boolean interrupted = false;
        try {
            if (!events.close(drainTimeout)) {
                LOG.warn("Handlers of node {} did not finish within {} and are abandoned", node(), drainTimeout);
            }
            if (!channels.flush(drainTimeout)) {
                LOG.warn("What node {} had queued was not sent within {} and is given up", node(), drainTimeout);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        channels.close();
        BusThreads.end(executor, interrupted ? Duration.ZERO : drainTimeout);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Prepares a bus. Confined to one thread; {@link #build()} may be called once. */
    public static final class Builder {

        /** Per channel, for the short time until frames are split. */
        private static final long INBOUND_BYTES = 64L * 1024 * 1024;

        private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

        private final Supplier<Transport> transport;
        private String name = "node";
        private String prefix = "bus";
        private BusListener listener = new BusListener() {};
        private @Nullable ObjectMapper json;
        private int maxMessageBytes = 1024 * 1024;
        private long outboxBytes = 64L * 1024 * 1024;
        private Duration heartbeat = Duration.ofSeconds(1);
        private Duration drainTimeout = Duration.ofSeconds(5);

        private Builder(Supplier<Transport> transport) {
            this.transport = transport;
        }

        /**
         * What people call this process. The node id is this name and a random part.
         *
         * @param name 1 to 40 letters, digits, {@code _} and {@code -}; {@code node} by default
         * @return this
         * @throws IllegalArgumentException if it is not such a name
         */
        @CanIgnoreReturnValue
        public Builder name(String name) {
            this.name = NodeId.requireName(name);
            return this;
        }

        /**
         * What all channels and keys begin with. Buses with different prefixes do not hear each other.
         *
         * @param prefix {@code bus} by default
         * @return this
         * @throws IllegalArgumentException if it is not a name
         */
        @CanIgnoreReturnValue
        public Builder prefix(String prefix) {
            this.prefix = new ChannelNames(prefix).prefix();
            return this;
        }

        /**
         * Who is told of losses and failures.
         *
         * @param listener does nothing by default; what it would be told is logged in any case
         * @return this
         */
        @CanIgnoreReturnValue
        public Builder listener(BusListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * How payloads become JSON.
         *
         * @param json copied, and made strict against hostile input; by default one that knows {@code java.time} and
         *     {@code Optional}
         * @return this
         */
        @CanIgnoreReturnValue
        public Builder json(ObjectMapper json) {
            this.json = Objects.requireNonNull(json, "json");
            return this;
        }

        /**
         * The largest message that is sent, envelope included. Larger ones are refused before anything is sent.
         *
         * @param bytes 1 MiB by default; Redis drops its subscribers at about 30 MB
         * @return this
         * @throws IllegalArgumentException if less than 1 KiB or more than 8 MiB
         */
        @CanIgnoreReturnValue
        public Builder maxMessageBytes(int bytes) {
            boolean fits = bytes >= 1024 && bytes <= 8 * 1024 * 1024;
            require(fits, "maxMessageBytes is " + bytes + "; it must be between 1 KiB and 8 MiB");
            this.maxMessageBytes = bytes;
            return this;
        }

        /**
         * How much may wait to be sent. Over it, publishing fails at once.
         *
         * @param bytes 64 MiB by default
         * @return this
         * @throws IllegalArgumentException if it is not positive
         */
        @CanIgnoreReturnValue
        public Builder outboxBytes(long bytes) {
            require(bytes > 0, "outboxBytes is " + bytes + "; it must be positive");
            this.outboxBytes = bytes;
            return this;
        }

        /**
         * How often the bus tries whether it hears itself. After two failures it connects anew.
         *
         * @param period one second by default
         * @return this
         * @throws IllegalArgumentException if less than 10 ms
         */
        @CanIgnoreReturnValue
        public Builder heartbeat(Duration period) {
            require(period.toMillis() >= 10, "heartbeat is " + period + "; it must be at least 10 ms");
            this.heartbeat = period;
            return this;
        }

        /**
         * How long closing waits for handlers, and then for what is queued.
         *
         * @param timeout 5 seconds by default
         * @return this
         */
        @CanIgnoreReturnValue
        public Builder drainTimeout(Duration timeout) {
            this.drainTimeout = Objects.requireNonNull(timeout, "timeout");
            return this;
        }

        /**
         * Connects.
         *
         * @return an open bus
         * @throws ConnectionException if Redis cannot be reached, refuses the login, or does not let this user hear
         *     himself
         */
        public Bus build() {
            return new Bus(this);
        }

        private static void require(boolean condition, String problem) {
            if (!condition) {
                throw new IllegalArgumentException(problem);
            }
        }
    }
}

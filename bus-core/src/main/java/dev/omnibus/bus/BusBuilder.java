package dev.omnibus.bus;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.BusThreads;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.runtime.NodeId;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A builder of a {@link Bus}. Not thread-safe; {@link #build()} may be called once. */
public final class BusBuilder {

    /** Per channel, for the short time until frames are split up. */
    private static final long INBOUND_BYTES = 64L * 1024 * 1024;

    private static final Duration CONNECT_PAUSE = Duration.ofMillis(250);

    /**
     * For one whole attempt: a silent server is noticed within six seconds, but the first attempt also has classes to
     * load.
     */
    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);

    /** Until the first message has come back. */
    private static final Duration ROUND_TRIP = Duration.ofSeconds(3);

    /** Even if connecting has taken nearly all of the time. */
    private static final Duration MIN_ROUND_TRIP = Duration.ofMillis(250);

    /** Practically forever, without overflow when it is added to a time in nanoseconds. */
    private static final Duration MAX_DURATION = Duration.ofDays(365);

    /** A silent topic announces its last sequence number a heartbeat after its last event, and for ten minutes. */
    private static final Duration MAX_HEARTBEAT = Duration.ofMinutes(1);

    private final Function<Duration, Transport> transport; // opened within that time
    private final Supplier<Transport> later; // one that need not be connected
    private final boolean again; // it opens another one each time
    String name = "node";
    String prefix = "bus";
    boolean shardedEvents;
    final List<BusListener> listeners = new ArrayList<>();
    final List<BusObserver> observers = new ArrayList<>();

    @Nullable
    ObjectMapper json;

    @Nullable
    PayloadCodec codec;

    int maxMessageBytes = 1024 * 1024;
    boolean virtualThreads = BusThreads.areVirtualByDefault();
    boolean keepAlive = true;
    boolean announce = true;
    boolean closeOnShutdown;
    boolean connectInBackground;
    Duration drainTimeout = Duration.ofSeconds(5);
    private long outboxBytes = 64L * 1024 * 1024;
    private Duration connectWithin = Duration.ZERO;
    private Duration outboxWait = Duration.ZERO;
    private Duration hold = Duration.ZERO;
    private Duration heartbeat = Duration.ofSeconds(1);

    BusBuilder(Function<Duration, Transport> transport, Supplier<Transport> later, boolean again) {
        this.transport = transport;
        this.later = later;
        this.again = again;
    }

    /** Returns when {@link #build()} must have ended, by {@link System#nanoTime()}. */
    long connectDeadline() {
        return System.nanoTime() + (connectWithin.isZero() ? CONNECT_TIMEOUT : connectWithin).toNanos();
    }

    Channels.Limits limits(long deadline) {
        long left = Math.max(deadline - System.nanoTime(), MIN_ROUND_TRIP.toNanos());
        Duration roundTrip = Duration.ofNanos(Math.min(left, ROUND_TRIP.toNanos()));
        return new Channels.Limits(maxMessageBytes, outboxBytes, outboxWait, hold, INBOUND_BYTES, heartbeat, roundTrip);
    }

    /**
     * Sets the name of this process. The node id is this name and a random part.
     *
     * @param name 1 to 40 letters, digits, {@code _} and {@code -}; {@code node} by default
     * @return this
     * @throws IllegalArgumentException if it is invalid
     */
    @CanIgnoreReturnValue
    public BusBuilder name(String name) {
        this.name = NodeId.requireName(name);
        return this;
    }

    /**
     * Sets the prefix of all channels and keys. Buses with different prefixes are separate.
     *
     * @param prefix {@code bus} by default
     * @return this
     * @throws IllegalArgumentException if it is invalid
     */
    @CanIgnoreReturnValue
    public BusBuilder prefix(String prefix) {
        this.prefix = new ChannelNames(prefix).prefix();
        return this;
    }

    /**
     * Lets the events of one topic stay on one master of a Redis cluster, where Redis otherwise copies each of them to
     * all masters. Then no topic can be subscribed to by a pattern. All programs that share topics must say the same:
     * those that differ do not receive each other's events. Calls are sharded anyway.
     *
     * <p>Without a cluster, and in one whose servers are older than Redis 7, only the patterns are refused.
     *
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder shardedEvents() {
        this.shardedEvents = true;
        return this;
    }

    /**
     * Adds a listener for losses, failures and the state of the bus, beginning with its first state. There can be
     * several; {@link Bus#addListener} adds one later.
     *
     * @param listener receives reports, all of which are logged as well
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder listener(BusListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * Adds an observer of what is published, handled, called and served, for metrics and traces. There can be several;
     * they are nested in the order in which they were added.
     *
     * @param observer sees all that this bus does from now on; a bus without any pays nothing for it
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder observer(BusObserver observer) {
        observers.add(Objects.requireNonNull(observer, "observer"));
        return this;
    }

    /**
     * Sets how payloads, arguments and results become JSON.
     *
     * @param json copied; the copy gets limits against hostile input, its polymorphic typing by class names is switched
     *     off, and features that write what could not be read again are reset. By default a mapper that supports
     *     {@code java.time} and {@code Optional}, and accepts no value that it would have to convert
     * @return this
     * @throws IllegalArgumentException if it writes a format other than JSON
     */
    @CanIgnoreReturnValue
    public BusBuilder json(ObjectMapper json) {
        this.json = Json.required(Objects.requireNonNull(json, "json"));
        return this;
    }

    /**
     * Sets a codec for payloads in a format other than JSON. All subscribers need the same codec.
     *
     * @param codec none by default
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder payloads(PayloadCodec codec) {
        this.codec = Objects.requireNonNull(codec, "codec");
        return this;
    }

    /**
     * Sets the maximum size of a message, sent or received, envelope included. A larger one is refused before anything
     * is sent, and dropped and reported when it arrives.
     *
     * @param bytes 1 MiB by default; Redis drops its subscribers at about 30 MB
     * @return this
     * @throws IllegalArgumentException if less than 1 KiB or more than 8 MiB
     */
    @CanIgnoreReturnValue
    public BusBuilder maxMessageBytes(int bytes) {
        boolean fits = bytes >= 1024 && bytes <= 8 * 1024 * 1024;
        require(fits, "maxMessageBytes is " + bytes + "; it must be between 1 KiB and 8 MiB");
        this.maxMessageBytes = bytes;
        return this;
    }

    /**
     * Sets how much may wait to be sent. Beyond that, publishing fails at once, or waits as {@link #outboxWait} allows.
     *
     * @param bytes 64 MiB by default
     * @return this
     * @throws IllegalArgumentException if it is not positive
     */
    @CanIgnoreReturnValue
    public BusBuilder outboxBytes(long bytes) {
        require(bytes > 0, "outboxBytes is " + bytes + "; it must be positive");
        this.outboxBytes = bytes;
        return this;
    }

    /**
     * Lets {@code publish} wait for room when the outbox is full, instead of failing at once. It then blocks the
     * publishing thread, which slows a publisher down to the rate that Redis takes.
     *
     * @param longest the maximum; zero by default: fail at once
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder outboxWait(Duration longest) {
        requireRange("outboxWait", longest, Duration.ZERO, MAX_DURATION);
        this.outboxWait = longest;
        return this;
    }

    /**
     * Holds events in the outbox while Redis is unavailable, and publishes them when it is back. An event that may have
     * reached Redis already is not held: its future fails with an unknown outcome, as always.
     *
     * @param longest how long an event is held at most; zero by default: publishing fails at once
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder holdWhileAway(Duration longest) {
        requireRange("holdWhileAway", longest, Duration.ZERO, MAX_DURATION);
        this.hold = longest;
        return this;
    }

    /**
     * Sets how often the bus checks that its own messages come back. After two failures it reconnects. Topics that have
     * fallen silent announce their last sequence number at the same interval.
     *
     * @param period one second by default
     * @return this
     * @throws IllegalArgumentException if less than 10 ms or more than a minute
     */
    @CanIgnoreReturnValue
    public BusBuilder heartbeat(Duration period) {
        requireRange("heartbeat", period, Duration.ofMillis(10), MAX_HEARTBEAT);
        this.heartbeat = period;
        return this;
    }

    /**
     * Sets whether handlers, served methods and callbacks of futures run on virtual threads, or on platform threads of
     * which there are as many as are busy at the same time.
     *
     * <p>On JDK 21 to 23, a virtual thread that blocks inside {@code synchronized} keeps a processor from all others,
     * so a few such handlers may hold up the whole program. That is why virtual threads have to be chosen there.
     *
     * @param virtual true by default from JDK 24 on, and false on older ones
     * @return this
     * @throws IllegalArgumentException if it is true and this JVM has no virtual threads, which came with JDK 21
     */
    @CanIgnoreReturnValue
    public BusBuilder virtualThreads(boolean virtual) {
        require(
                !virtual || BusThreads.canBeVirtual(),
                "virtualThreads is true; Java " + Runtime.version().feature()
                        + " has none, JDK 21 and newer ones have");
        this.virtualThreads = virtual;
        return this;
    }

    /**
     * Sets whether the process stays alive after its {@code main} method returns, as long as this bus has a
     * subscription or serves something. Otherwise the bus keeps no process alive.
     *
     * @param keepAlive true by default
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder keepAlive(boolean keepAlive) {
        this.keepAlive = keepAlive;
        return this;
    }

    /**
     * Sets whether the other nodes can see this one although it serves nothing: it then keeps a lease in Redis, which
     * takes one command a second, and says how it does when it is asked. A node that serves something is always seen,
     * because it has to be found.
     *
     * <p>It begins a second after the bus has connected, so a program that ends sooner is never seen. Where the user of
     * Redis lacks the rights for it, the bus works all the same, and the log says so once.
     *
     * @param announce true by default
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder announce(boolean announce) {
        this.announce = announce;
        return this;
    }

    /**
     * Closes the bus gracefully when the JVM shuts down, by SIGTERM, Ctrl-C or {@code System.exit}: a shutdown hook,
     * which is removed when the bus is closed. The JVM runs its shutdown hooks concurrently, so do not use this if
     * hooks of your own need the bus, or if a framework closes it.
     *
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder closeOnShutdown() {
        this.closeOnShutdown = true;
        return this;
    }

    /**
     * Sets how long closing waits at most for each of these: the layers, the handlers, what is queued, and the threads.
     *
     * @param timeout 5 seconds by default
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder drainTimeout(Duration timeout) {
        requireRange("drainTimeout", timeout, Duration.ZERO, MAX_DURATION);
        this.drainTimeout = timeout;
        return this;
    }

    /**
     * Lets {@link #build()} wait until Redis is available: it tries to connect until it succeeds, Redis refuses, the
     * thread is interrupted, or the time is up, even in the middle of an attempt. A transport that was passed in is
     * open already and not affected.
     *
     * @param longest the maximum; zero by default: a single attempt of about five seconds; where this process itself
     *     had no processor while the connection was made, that is tried again, for up to 20 seconds
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder connectWithin(Duration longest) {
        requireRange("connectWithin", longest, Duration.ZERO, MAX_DURATION);
        this.connectWithin = longest;
        return this;
    }

    /**
     * Lets {@link #build()} return at once, whether Redis is there or not, and connects in the background: again and
     * again, with pauses that grow to four seconds, until it succeeds or the bus is closed. The bus is
     * {@link BusState#CONNECTING} until then.
     *
     * <p>Meanwhile publishing fails at once, or is held as {@link #holdWhileAway} allows; calls fail at once. What the
     * program subscribes to, serves or opens is established as soon as Redis is there; its {@code ready()} completes
     * then. {@link BusListener#onConnectFailed} reports each attempt that fails. A refusal, such as a wrong password,
     * is retried as well, because it may be put right on the other side; a program for which it is final closes the
     * bus. {@link #connectWithin} has no effect.
     *
     * <p>A transport that was passed in may be one of {@link RedissonTransport#connectLater}.
     *
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder connectInBackground() {
        this.connectInBackground = true;
        return this;
    }

    /** Prepares a transport that need not be connected. */
    Transport connectLater() {
        return later.get();
    }

    /** Opens a transport, and what is to be opened on it, which closes it if that fails. */
    <T> T connect(long deadline, Function<Transport, T> opening) {
        @Nullable TransportException before = null;
        while (true) {
            try {
                return opening.apply(transport.apply(Duration.ofNanos(Math.max(1, deadline - System.nanoTime()))));
            } catch (TransportException e) {
                if (connectWithin.isZero() || !again || e.kind() != TransportException.Kind.CONNECTION_LOST) {
                    throw e;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0 && before != null) {
                    throw before; // says more than that the time was up in the middle of an attempt
                }
                if (left <= CONNECT_PAUSE.toNanos() || !pause()) {
                    throw e;
                }
                before = e;
            }
        }
    }

    /** Returns false if this thread is interrupted. */
    private static boolean pause() {
        try {
            Thread.sleep(CONNECT_PAUSE.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * Connects to Redis and opens the bus.
     *
     * @return an open bus; with {@link #connectInBackground} one that is connecting
     * @throws ConnectionException if Redis cannot be reached, refuses the login, or does not let this user receive its
     *     own messages; most often at once, and at the latest after 20 seconds or the time set by
     *     {@link #connectWithin}
     * @throws IllegalStateException in a served method that is declared not to block; also with
     *     {@link #closeOnShutdown} if the JVM is already shutting down
     */
    public Bus build() {
        NonBlockingThread.requireOther("Connecting a bus");
        Bus bus = new Bus(this);
        if (closeOnShutdown) {
            bus.closeOnShutdown();
        }
        return bus;
    }

    private static void requireRange(String option, Duration value, Duration least, Duration most) {
        boolean fits = value.compareTo(least) >= 0 && value.compareTo(most) <= 0;
        require(fits, option + " is " + value + "; it must be between " + least + " and " + most);
    }

    private static void require(boolean condition, String problem) {
        if (!condition) {
            throw new IllegalArgumentException(problem);
        }
    }
}

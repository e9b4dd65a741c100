package dev.omnibus.bus;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.runtime.NodeId;
import dev.omnibus.transport.IoThread;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Prepares a {@link Bus}. Confined to one thread; {@link #build()} may be called once. */
public final class BusBuilder {

    /** Per channel, for the short time until frames are split. */
    private static final long INBOUND_BYTES = 64L * 1024 * 1024;

    private static final Duration CONNECT_PAUSE = Duration.ofMillis(250);

    /** For one attempt and all of it: what is silent is found in six seconds, but a first one has classes to load. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);

    /** Until a first message has come back; and at least, should the connection have taken nearly all of the time. */
    private static final Duration ROUND_TRIP = Duration.ofSeconds(3);

    private static final Duration SHORTEST_ROUND_TRIP = Duration.ofMillis(250);

    /** As good as for ever, and no overflow when it is added to a time in nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(365);

    /** The last number of a silent topic is told a heartbeat after its last event, and for ten minutes. */
    private static final Duration MAX_HEARTBEAT = Duration.ofMinutes(1);

    private final Function<Duration, Transport> transport; // opened within that time
    String name = "node";
    String prefix = "bus";
    final List<BusListener> listeners = new ArrayList<>();

    @Nullable
    ObjectMapper json;

    @Nullable
    PayloadCodec codec;

    int maxMessageBytes = 1024 * 1024;
    boolean keepAlive = true;
    boolean closeOnShutdown;
    Duration drainTimeout = Duration.ofSeconds(5);
    private long outboxBytes = 64L * 1024 * 1024;
    private Duration connectWithin = Duration.ZERO;
    private Duration outboxWait = Duration.ZERO;
    private Duration hold = Duration.ZERO;
    private Duration heartbeat = Duration.ofSeconds(1);

    BusBuilder(Function<Duration, Transport> transport) {
        this.transport = transport;
    }

    /** When {@link #build()} is to have ended, by {@link System#nanoTime()}. */
    long connectDeadline() {
        return System.nanoTime() + (connectWithin.isZero() ? CONNECT_TIMEOUT : connectWithin).toNanos();
    }

    Channels.Limits limits(long deadline) {
        long left = Math.max(deadline - System.nanoTime(), SHORTEST_ROUND_TRIP.toNanos());
        Duration roundTrip = Duration.ofNanos(Math.min(left, ROUND_TRIP.toNanos()));
        return new Channels.Limits(maxMessageBytes, outboxBytes, outboxWait, hold, INBOUND_BYTES, heartbeat, roundTrip);
    }

    /**
     * What people call this process. The node id is this name and a random part.
     *
     * @param name 1 to 40 letters, digits, {@code _} and {@code -}; {@code node} by default
     * @return this
     * @throws IllegalArgumentException if it is not such a name
     */
    @CanIgnoreReturnValue
    public BusBuilder name(String name) {
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
    public BusBuilder prefix(String prefix) {
        this.prefix = new ChannelNames(prefix).prefix();
        return this;
    }

    /**
     * Adds a listener for losses, failures and the state of the bus, from its first state on. Others can be added here,
     * or later with {@link Bus#addListener}.
     *
     * @param listener is notified; what it is notified of is logged in any case
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder listener(BusListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * How payloads, arguments and results become JSON.
     *
     * @param json copied; the copy gets limits against hostile input, its own polymorphic typing by class names is
     *     switched off, and what it was told to write that could not be read again is put right. By default one that
     *     knows {@code java.time} and {@code Optional}, and takes no value that it would have to change
     * @return this
     * @throws IllegalArgumentException if it writes something else than JSON
     */
    @CanIgnoreReturnValue
    public BusBuilder json(ObjectMapper json) {
        this.json = Json.required(Objects.requireNonNull(json, "json"));
        return this;
    }

    /**
     * Writes payloads as something else than JSON. All who subscribe need the same codec.
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
     * The largest message that is sent or read, envelope included. Larger ones are refused before anything is sent, and
     * dropped and reported when they arrive.
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
     * How much may wait to be sent. Over it, publishing fails at once, or waits if {@link #outboxWait} says so.
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
     * publishing thread, which slows a publisher down to what Redis takes.
     *
     * @param longest zero by default: fail at once
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder outboxWait(Duration longest) {
        requireRange("outboxWait", longest, Duration.ZERO, LONGEST);
        this.outboxWait = longest;
        return this;
    }

    /**
     * Keeps events while Redis is away, within the outbox, and publishes them when it is back. What may have reached
     * Redis already is not kept: its future fails with an unknown outcome, as always.
     *
     * @param longest how long an event is kept at most; zero by default: publishing fails at once
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder holdWhileAway(Duration longest) {
        requireRange("holdWhileAway", longest, Duration.ZERO, LONGEST);
        this.hold = longest;
        return this;
    }

    /**
     * How often the bus tries whether it hears itself. After two failures it connects anew. Topics that have fallen
     * silent tell their last number in the same rhythm.
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
     * Whether the process lives on after the end of its {@code main} method while this bus has a subscription or serves
     * something. Without it, and while the bus has neither, the bus keeps no process alive.
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
     * Closes the bus in order when the JVM is told to stop, by SIGTERM, Ctrl-C or {@code System.exit}: a shutdown hook
     * of the JVM, which goes when the bus is closed. Shutdown hooks run at the same time as each other, so a program
     * whose own ones need the bus, and one whose framework closes it, does without.
     *
     * @return this
     */
    @CanIgnoreReturnValue
    public BusBuilder closeOnShutdown() {
        this.closeOnShutdown = true;
        return this;
    }

    /**
     * How long closing waits for the layers, for handlers, for what is queued, and for threads: for each so long at
     * most.
     *
     * @param timeout 5 seconds by default
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder drainTimeout(Duration timeout) {
        requireRange("drainTimeout", timeout, Duration.ZERO, LONGEST);
        this.drainTimeout = timeout;
        return this;
    }

    /**
     * Lets {@link #build()} wait for a Redis that is away: it connects again and again until it succeeds, Redis
     * refuses, the thread is interrupted, or the time is over, also in the middle of an attempt. A transport that was
     * given open is not opened again.
     *
     * @param longest zero by default: one attempt, of about five seconds, and of 20 at most where the processor has no
     *     time
     * @return this
     * @throws IllegalArgumentException if it is negative or more than 365 days
     */
    @CanIgnoreReturnValue
    public BusBuilder connectWithin(Duration longest) {
        requireRange("connectWithin", longest, Duration.ZERO, LONGEST);
        this.connectWithin = longest;
        return this;
    }

    Transport openTransport(long deadline) {
        @Nullable TransportException before = null;
        while (true) {
            try {
                return transport.apply(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            } catch (TransportException e) {
                if (connectWithin.isZero() || e.kind() != TransportException.Kind.CONNECTION_LOST) {
                    throw e;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0 && before != null) {
                    throw before; // which knows more than that the time was over in the middle of an attempt
                }
                if (left <= CONNECT_PAUSE.toNanos() || !pause()) {
                    throw e;
                }
                before = e;
            }
        }
    }

    /** False if this thread is interrupted. */
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
     * Connects.
     *
     * @return an open bus
     * @throws ConnectionException if Redis cannot be reached, refuses the login, or does not let this user hear
     *     himself; most often at once, and at the latest after 20 seconds or what {@link #connectWithin} says
     * @throws IllegalStateException in a served method that is declared not to block; and if it is to close on shutdown
     *     and the JVM shuts down already
     */
    public Bus build() {
        IoThread.requireOther("Connecting a bus");
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

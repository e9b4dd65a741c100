package dev.omnibus.transport.redisson;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Queues;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.ConnectFailures.HiccupMeter;
import dev.omnibus.transport.redisson.connection.Connections;
import dev.omnibus.transport.redisson.connection.EventLoop;
import dev.omnibus.transport.redisson.connection.ReconnectTurns;
import dev.omnibus.transport.redisson.connection.RedisUri;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import dev.omnibus.transport.redisson.lease.RedisLeases;
import dev.omnibus.transport.redisson.queue.RedissonQueues;
import dev.omnibus.transport.redisson.side.SideConnections;
import dev.omnibus.transport.redisson.stream.RedissonCallQueues;
import dev.omnibus.transport.redisson.stream.RedissonStreams;
import dev.omnibus.transport.redisson.subscription.Subscribed;
import dev.omnibus.transport.redisson.subscription.Subscribed.Kind;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.redisson.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transport over Redis: PUBLISH and SUBSCRIBE through a Redisson client of its own, set up as a bus needs it.
 *
 * <p>It is given an address or a {@link Config}, of which it makes a copy; a client that the program uses for other
 * things is never touched. Single server, Sentinel and cluster are supported.
 *
 * <p>Redisson resubscribes by itself after a lost connection; what Redis refuses then is tried again about once a
 * second until it stands. A connection that is dead without being closed is noticed by the layer above, which then
 * calls {@link #reconnect()}: a new client, made in milliseconds, takes the place of the old one, and a new event loop
 * that of one that an error has ended. Thread-safe.
 */
public final class RedissonTransport implements Transport {

    private static final Logger LOG = LoggerFactory.getLogger(RedissonTransport.class);

    private final RedissonOptions options;
    private final RedissonInternals internals;
    private volatile Config config; // these two change when the event loop has died
    private volatile EventLoop eventLoop;
    private volatile String name = ""; // of the node
    private volatile Predicate<String> sharded = channel -> false;
    private volatile boolean hasShards; // as the servers were at the first connect: channels do not change their kind
    private final Map<String, Subscribed> subscriptions = new HashMap<>(); // guarded by this
    private final SideConnections sides; // of streams, queues of calls and lists
    private @Nullable Session session; // guarded by this; null until the first connect
    private @Nullable Reconnect reconnecting; // guarded by this; the last one, which may have ended
    private boolean closed; // guarded by this

    private RedissonTransport(Config user, RedissonOptions options, RedissonInternals internals, boolean now) {
        NonBlockingThread.requireOther("Connecting to Redis");
        this.options = Objects.requireNonNull(options, "options");
        this.internals = internals;
        FirstConnect first = FirstConnect.prepare(user, options, internals, this::isSharded);
        config = first.config();
        eventLoop = first.eventLoop();
        sides = new SideConnections(config, internals);
        if (now) {
            Session unused = replace(first.connect(), () -> true);
            sides.allow();
        }
    }

    /** A new session takes the place of the one before, if it is still wanted; returns that. */
    private @Nullable Session replace(Session next, BooleanSupplier wanted) {
        next.whenStuck(this::reconnect);
        if (current() == null) {
            hasShards = next.hasShards();
        }
        synchronized (this) {
            Session before = session;
            if (wanted.getAsBoolean()) {
                session = next;
            }
            return before;
        }
    }

    /**
     * Connects to one Redis server.
     *
     * @param address {@code redis://[user:password@]host[:port][/database]}, or {@code rediss://…} for TLS; user and
     *     password percent-encoded
     * @return the connected transport
     * @throws TransportException if Redis cannot be reached or refuses the login
     * @throws IllegalArgumentException if it is no such address; what it was is not quoted, because of the password
     * @throws IllegalStateException if Redisson or Netty on the class path do not fit
     */
    public static RedissonTransport connect(String address) {
        return connect(address, RedissonOptions.defaults());
    }

    /**
     * Connects to one Redis server with options.
     *
     * @param address as for {@link #connect(String)}
     * @param options how long that may take, and what is spent on single messages
     * @return the connected transport
     * @throws TransportException if Redis cannot be reached in time, or refuses the login
     * @throws IllegalArgumentException if it is no such address; what it was is not quoted, because of the password
     * @throws IllegalStateException if Redisson or Netty on the class path do not fit
     */
    public static RedissonTransport connect(String address, RedissonOptions options) {
        return connect(config(address), options);
    }

    private static Config config(String address) {
        RedisUri uri = RedisUri.parse(address);
        Config config = new Config();
        config.useSingleServer().setAddress(uri.forRedisson()).setDatabase(uri.database());
        return config;
    }

    /**
     * Connects as a Redisson configuration says: single server, Sentinel or cluster, with its addresses, login and TLS.
     * Codec, threads, pools, timeouts and retries are chosen by the bus, whatever the configuration says of them.
     *
     * @param config where to connect; copied
     * @return the connected transport
     * @throws TransportException if Redis cannot be reached or refuses the login
     * @throws IllegalArgumentException if the configuration names none of the three ways to run Redis
     * @throws IllegalStateException if Redisson or Netty on the class path do not fit
     */
    public static RedissonTransport connect(Config config) {
        return connect(config, RedissonOptions.defaults());
    }

    /**
     * Connects as a Redisson configuration says, with options.
     *
     * @param config as for {@link #connect(Config)}
     * @param options how long that may take, and what is spent on single messages
     * @return the connected transport
     * @throws TransportException if Redis cannot be reached in time, or refuses the login
     * @throws IllegalArgumentException if the configuration names none of the three ways to run Redis
     * @throws IllegalStateException if Redisson or Netty on the class path do not fit
     */
    public static RedissonTransport connect(Config config, RedissonOptions options) {
        return open(config, options, true);
    }

    private static RedissonTransport open(Config config, RedissonOptions options, boolean now) {
        boolean manyServers = config.isClusterConfig() || config.isSentinelConfig();
        try {
            return new RedissonTransport(config, options, RedissonInternals.checked(manyServers), now);
        } catch (LinkageError e) {
            throw RedissonInternals.misfit(e);
        }
    }

    /** With other hooks than those that there are. */
    static RedissonTransport connect(Config config, RedissonOptions options, RedissonInternals internals) {
        return new RedissonTransport(config, options, internals, true);
    }

    /**
     * Prepares a transport to one Redis server that is not connected yet, for a bus that connects in the background.
     *
     * @param address as for {@link #connect(String)}
     * @param options what is spent on single messages
     * @return as {@link #connectLater(Config, RedissonOptions)}
     * @throws IllegalArgumentException if it is no such address; what it was is not quoted, because of the password
     * @throws IllegalStateException if Redisson or Netty on the class path do not fit
     */
    public static RedissonTransport connectLater(String address, RedissonOptions options) {
        return connectLater(config(address), options);
    }

    /**
     * Prepares a transport that is not connected yet, for a bus that connects in the background: for
     * {@link dev.omnibus.bus.BusBuilder#connectInBackground}. Its {@link #reconnect()} connects it; until that has
     * succeeded once, whatever it is asked fails with {@code CONNECTION_LOST}.
     *
     * @param config as for {@link #connect(Config)}
     * @param options what is spent on single messages; the time to connect is not used
     * @return the transport; to be closed also if it never connects
     * @throws IllegalArgumentException if the configuration names none of the three ways to run Redis
     * @throws IllegalStateException if Redisson or Netty on the class path do not fit
     */
    public static RedissonTransport connectLater(Config config, RedissonOptions options) {
        return open(config, options, false);
    }

    @Override
    public void publish(List<Publication> publications) {
        Session on = openSession();
        if (on == null || eventLoop.isDead()) {
            TransportException failure = on == null ? unavailable() : RedissonFailures.deadEventLoop();
            publications.forEach(publication -> publication.outcome().failed(failure));
        } else {
            on.publish(publications);
        }
    }

    /** In a cluster the client of the master that has the channel's slot; a replica that takes over has another. */
    @Override
    public Object route(String channel) {
        Session on = config.isClusterConfig() ? current() : null;
        return on == null ? this : on.route(channel);
    }

    /** Behind Sentinels and in a cluster, subscribers may be at another server. */
    @Override
    public boolean countsEveryone() {
        return config.isSingleConfig();
    }

    /** In a cluster whose servers know sharded channels, as Redis does since 7.0. */
    @Override
    public boolean shard(Predicate<String> channels) {
        if (hasShards) {
            sharded = channels;
        }
        return hasShards;
    }

    private boolean isSharded(String channel) {
        return sharded.test(channel);
    }

    @Override
    public CompletableFuture<Void> subscribe(String channel, FrameListener listener) {
        return subscribe(new Subscribed(channel, isSharded(channel) ? Kind.SHARDED : Kind.PLAIN, listener));
    }

    @Override
    public CompletableFuture<Void> subscribePattern(String glob, FrameListener listener) {
        return subscribe(new Subscribed(glob, Kind.PATTERN, listener));
    }

    private CompletableFuture<Void> subscribe(Subscribed subscribed) {
        @Nullable Session on;
        synchronized (this) {
            on = openSession();
            if (on == null) {
                return CompletableFuture.failedFuture(unavailable());
            }
            if (subscriptions.putIfAbsent(subscribed.name(), subscribed) != null) {
                throw new IllegalStateException("Already subscribed to " + subscribed.name());
            }
        }
        return confirm(subscribed, on);
    }

    /** Subscribes on the current session, and again on the next one if that took its place meanwhile. */
    private CompletableFuture<Void> confirm(Subscribed subscribed, Session tried) {
        return tried.subscribe(subscribed)
                .handle((done, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.<Void>completedFuture(null);
                    }
                    @Nullable Session next;
                    synchronized (this) {
                        next = session != tried && isWanted(session, subscribed) ? session : null;
                        if (next == null) {
                            subscriptions.remove(subscribed.name(), subscribed);
                            subscribed.end();
                        }
                    }
                    return next != null ? confirm(subscribed, next) : CompletableFuture.<Void>failedFuture(failure);
                })
                .thenCompose(Function.identity());
    }

    @Override
    public CompletableFuture<Void> unsubscribe(String channelOrGlob) {
        Subscribed subscribed;
        @Nullable Session on;
        synchronized (this) {
            subscribed = closed ? null : subscriptions.remove(channelOrGlob);
            on = session;
        }
        if (subscribed == null || on == null) {
            return CompletableFuture.completedFuture(null);
        }
        subscribed.end(); // a reconnect under way, which may know it still, leaves it alone from now on
        return on.unsubscribe(subscribed);
    }

    @Override
    public CompletableFuture<Void> reconnect() {
        return reconnect(() -> true);
    }

    @Override
    public CompletableFuture<Void> reconnect(BooleanSupplier stillWanted) {
        Reconnect next;
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(closedFailure());
            }
            if (reconnecting != null && reconnecting.join(stillWanted)) {
                return reconnecting.done;
            }
            next = new Reconnect(stillWanted);
            reconnecting = next;
        }
        // Making a client blocks for up to the connect timeout.
        try {
            next.start(() -> rebuildInTurn(next));
        } catch (Throwable t) { // no thread is to be had just now
            next.fail("No thread could be started to connect", t);
        }
        return next.done;
    }

    private void rebuildInTurn(Reconnect reconnect) {
        try {
            boolean runs = ReconnectTurns.run(
                    config, () -> isUnderWay(reconnect) && reconnect.isWanted(), () -> rebuild(reconnect));
            if (!runs) {
                reconnect.done.cancel(false);
            }
        } catch (Throwable t) { // no memory to wait
            reconnect.fail("Redisson could not begin to reconnect", t);
        }
    }

    private synchronized boolean isUnderWay(Reconnect reconnect) {
        return !closed && reconnecting == reconnect && !reconnect.done.isDone();
    }

    private void rebuild(Reconnect reconnect) {
        GenericFutureListener<Future<Object>> death =
                dead -> reconnect.fail("The event loop has died while it connected", null);
        EventLoop on = null;
        try {
            on = livingEventLoop();
            on.whenDead(death); // Redisson may wait for ever then
            sides.reconnect(config);
            boolean again = current() != null;
            Session next;
            try (HiccupMeter hiccups = on.measureHiccups()) {
                next = Session.open(
                        config,
                        on.busyPoll(),
                        options.pingBeforePublish(),
                        internals,
                        name,
                        this::isSharded,
                        again,
                        hiccups);
            }
            Session old = replace(next, () -> isUnderWay(reconnect));
            if (current() != next) {
                next.close();
                throw closedFailure();
            }
            sides.allow();
            if (old != null) {
                old.close(); // before the new one listens: nothing is delivered twice
            }
            List<Subscribed> subscribed;
            synchronized (this) {
                subscribed = List.copyOf(subscriptions.values());
            }
            CompletableFuture.allOf(subscribed.stream().map(next::carryOver).toArray(CompletableFuture[]::new))
                    .join();
            reconnect.end(null);
        } catch (CompletionException e) {
            reconnect.end(e.getCause());
        } catch (TransportException e) {
            reconnect.end(e);
        } catch (Throwable t) { // whatever it is, it must not leave the bus waiting for this reconnect for ever
            reconnect.fail("Redisson failed to reconnect", t);
        } finally {
            if (on != null) {
                on.forget(death);
            }
        }
    }

    /**
     * The thread that reads and writes may have died of an error, such as a lack of memory: then there is a new one.
     */
    private EventLoop livingEventLoop() {
        synchronized (this) {
            if (closed || !eventLoop.isDead()) {
                return eventLoop;
            }
            EventLoop next = EventLoop.start(options.busyPolling(), internals);
            config = RedissonSettings.copy(config)
                    .setEventLoopGroup(next.group())
                    .setTransportMode(next.mode());
            eventLoop = next;
        }
        FailureLog.safely(
                () -> LOG.error("The thread omnibus-io had died; look for an error before this, such as a lack"
                        + " of memory. There is a new one"));
        return eventLoop;
    }

    private synchronized boolean isWanted(@Nullable Session on, Subscribed subscribed) {
        return !closed && session == on && subscriptions.get(subscribed.name()) == subscribed;
    }

    @Override
    public CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl) {
        try {
            LeaseUpdate.requireReadable(key, value);
        } catch (TransportException e) {
            return CompletableFuture.failedFuture(e);
        }
        return ask(leases -> leases.renew(index, key, value, ttl));
    }

    @Override
    public CompletableFuture<Void> endLease(String index, String key) {
        return ask(leases -> leases.end(index, key));
    }

    @Override
    public CompletableFuture<LeaseUpdate> leases(String index, long since) {
        return ask(leases -> leases.read(index, since));
    }

    @Override
    public long arrivedBeside(String channel) {
        Subscribed subscribed;
        @Nullable Session on;
        synchronized (this) {
            subscribed = subscriptions.get(channel);
            on = session;
        }
        return subscribed == null || on == null ? 0 : on.arrivedBeside(subscribed);
    }

    @Override
    public Queues queues() {
        requireConnectable("the lists");
        return new RedissonQueues(sides.openToTake());
    }

    @Override
    public Streams streams() {
        requireConnectable("the streams");
        return new RedissonStreams(
                command -> onSession(on -> on.send(command)),
                config.isClusterConfig(),
                countsEveryone(),
                one -> publish(List.of(one)),
                sides);
    }

    @Override
    public CallQueues callQueues() {
        requireConnectable("the queues of calls");
        return new RedissonCallQueues(this::isSharded, one -> publish(List.of(one)), sides.openToRead());
    }

    private synchronized void requireConnectable(String what) {
        NonBlockingThread.requireOther("Connecting to " + what + " of Redis");
        if (closed) {
            throw closedFailure();
        }
    }

    @Override
    public boolean canSend() {
        Session on = current();
        return on != null && !eventLoop.isDead() && on.canSend();
    }

    @Override
    public void name(String node) {
        if (!RedissonSettings.hasClientName(config)) {
            @Nullable Session on;
            synchronized (this) {
                name = Connections.printable(node);
                on = session;
            }
            if (on != null) {
                on.name(name);
            }
            sides.name(name);
        }
    }

    private <T> CompletableFuture<T> ask(Function<RedisLeases, CompletableFuture<T>> question) {
        return onSession(on -> on.ask(question));
    }

    private <T> CompletableFuture<T> onSession(Function<Session, CompletableFuture<T>> question) {
        Session on = openSession();
        return on == null ? CompletableFuture.failedFuture(unavailable()) : question.apply(on);
    }

    /** What is written on the one thread is flushed when it has done what it was given. */
    @Override
    public void together(Runnable sending) {
        try {
            eventLoop.group().execute(sending);
        } catch (RejectedExecutionException e) { // closed, which each publication reports
            sending.run();
        }
    }

    @Override
    public void later(long nanos, Runnable sending) {
        try {
            var unused = eventLoop.group().schedule(sending, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.trace("Closed, so there is no later", e);
        }
    }

    @Override
    public void stayAwake() {
        eventLoop.busyPoll().cameAlone();
    }

    @Override
    public void close() {
        @Nullable Session last;
        @Nullable Reconnect rebuilding;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            subscriptions.values().forEach(Subscribed::end);
            subscriptions.clear();
            last = session;
            rebuilding = reconnecting;
        }
        if (last != null) {
            last.close();
        }
        if (rebuilding != null) { // it makes a client on the event loop, and ends it when it sees that all is closed
            rebuilding.cutShort();
        }
        eventLoop.end();
    }

    /** What it holds for subscriptions in all its maps; 0 when there are none. */
    synchronized int heldSubscriptions() {
        return subscriptions.size() + (session == null ? 0 : session.heldSubscriptions());
    }

    private synchronized @Nullable Session current() {
        return session;
    }

    /** Null if it is {@link #unavailable}. */
    private synchronized @Nullable Session openSession() {
        return closed ? null : session;
    }

    /** Why there is no session: it is closed, or was never connected. */
    private synchronized TransportException unavailable() {
        return closed
                ? closedFailure()
                : new TransportException(
                        TransportException.Kind.CONNECTION_LOST,
                        true,
                        "There has been no connection to Redis yet; a bus that is built with connectInBackground()"
                                + " makes one",
                        null);
    }

    private static TransportException closedFailure() {
        return new TransportException(TransportException.Kind.CLOSED, true, "The transport is closed", null);
    }
}

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
import dev.omnibus.transport.redisson.connection.ConnectFailures;
import dev.omnibus.transport.redisson.connection.Connections;
import dev.omnibus.transport.redisson.connection.EventLoop;
import dev.omnibus.transport.redisson.connection.ReconnectTurns;
import dev.omnibus.transport.redisson.connection.RedisUri;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import dev.omnibus.transport.redisson.lease.RedisLeases;
import dev.omnibus.transport.redisson.queue.RedissonQueues;
import dev.omnibus.transport.redisson.stream.ReadConnections;
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
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

    /** Longer than an attempt to connect takes. */
    private static final int RECONNECT_ENDS_SECONDS = 3;

    private final RedissonOptions options;
    private final RedissonInternals internals;
    private volatile Config config; // these two change when the event loop has died
    private volatile EventLoop eventLoop;
    private volatile String name = ""; // of the node
    private volatile Predicate<String> sharded = channel -> false;
    private final boolean hasShards; // as the servers were when it was connected: channels do not change their kind
    private final Map<String, Subscribed> subscriptions = new HashMap<>(); // guarded by this
    private final Set<RedissonQueues> queues = ConcurrentHashMap.newKeySet(); // those that are open
    private final ReadConnections reads; // of streams and queues of calls
    private Session session; // guarded by this
    private @Nullable Reconnect reconnecting; // guarded by this; the last one, which may have ended
    private boolean closed; // guarded by this

    private RedissonTransport(Config user, RedissonOptions options, RedissonInternals internals) {
        NonBlockingThread.requireOther("Connecting to Redis");
        this.options = Objects.requireNonNull(options, "options");
        this.internals = internals;
        EventLoop on = startEventLoop(options, internals);
        CompletableFuture<Session> opening = new CompletableFuture<>();
        Config own;
        Thread opener;
        try {
            own = RedissonSettings.forBus(user, on);
            opener = new Thread(() -> open(own, on, opening), "omnibus-connect");
            opener.setDaemon(true);
            opener.start();
        } catch (LinkageError e) {
            on.abandon();
            throw RedissonInternals.misfit(e);
        } catch (RuntimeException | Error e) { // an address that is none; no thread is to be had
            on.abandon();
            throw e;
        }
        config = own;
        reads = new ReadConnections(own, internals);
        eventLoop = on;
        session = await(opening, opener, own, options.connectWithin());
        session.whenStuck(this::reconnect);
        hasShards = session.hasShards();
    }

    /**
     * Redisson waits for each address and each answer as long as it may, one after the other, and nothing that it does
     * can be cut short. So it is done on a thread of its own, and ends by itself if it is not awaited any more.
     */
    private void open(Config config, EventLoop on, CompletableFuture<Session> opening) {
        try {
            Session session = Session.open(
                    config, on.busyPoll(), options.pingBeforePublish(), internals, "", this::isSharded, false);
            if (!opening.complete(session)) {
                session.close();
                on.abandon();
            }
        } catch (Throwable t) {
            opening.completeExceptionally(t);
            on.abandon();
        }
    }

    private static Session await(CompletableFuture<Session> opening, Thread opener, Config config, Duration within) {
        try {
            return opening.get(within.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw ConnectFailures.here(e);
        } catch (TimeoutException e) {
            return orElse(opening, opener, ConnectFailures.late(config, within));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return orElse(opening, opener, ConnectFailures.of(config, e));
        }
    }

    /** It may have been opened, or have failed, at this very moment. */
    private static Session orElse(CompletableFuture<Session> opening, Thread opener, TransportException failure) {
        opening.completeExceptionally(failure);
        opener.interrupt();
        try {
            return opening.join();
        } catch (CompletionException e) {
            throw ConnectFailures.here(e);
        }
    }

    private static EventLoop startEventLoop(RedissonOptions options, RedissonInternals internals) {
        try {
            return EventLoop.start(options.busyPolling(), internals);
        } catch (LinkageError e) {
            throw RedissonInternals.misfit(e);
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
        RedisUri uri = RedisUri.parse(address);
        Config config = new Config();
        config.useSingleServer().setAddress(uri.forRedisson()).setDatabase(uri.database());
        return connect(config, options);
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
        boolean manyServers = config.isClusterConfig() || config.isSentinelConfig();
        try {
            return connect(config, options, RedissonInternals.checked(manyServers));
        } catch (LinkageError e) {
            throw RedissonInternals.misfit(e);
        }
    }

    /** With other hooks than those that there are. */
    static RedissonTransport connect(Config config, RedissonOptions options, RedissonInternals internals) {
        return new RedissonTransport(config, options, internals);
    }

    @Override
    public void publish(List<Publication> publications) {
        Session on;
        synchronized (this) {
            on = closed ? null : session;
        }
        if (on == null || eventLoop.isDead()) {
            TransportException failure = on == null ? closedFailure() : RedissonFailures.deadEventLoop();
            publications.forEach(publication -> publication.outcome().failed(failure));
        } else {
            on.publish(publications);
        }
    }

    /** In a cluster the client of the master that has the channel's slot; a replica that takes over has another. */
    @Override
    public Object route(String channel) {
        return config.isClusterConfig() ? current().route(channel) : this;
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
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(closedFailure());
            }
            if (subscriptions.putIfAbsent(subscribed.name(), subscribed) != null) {
                throw new IllegalStateException("Already subscribed to " + subscribed.name());
            }
        }
        return confirm(subscribed);
    }

    /** Subscribes on the current session, and again on the next one if that took its place meanwhile. */
    private CompletableFuture<Void> confirm(Subscribed subscribed) {
        Session tried = current();
        return tried.subscribe(subscribed)
                .handle((done, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.<Void>completedFuture(null);
                    }
                    boolean again;
                    synchronized (this) {
                        again = session != tried && isWanted(session, subscribed);
                        if (!again) {
                            subscriptions.remove(subscribed.name(), subscribed);
                            subscribed.end();
                        }
                    }
                    return again ? confirm(subscribed) : CompletableFuture.<Void>failedFuture(failure);
                })
                .thenCompose(Function.identity());
    }

    @Override
    public CompletableFuture<Void> unsubscribe(String channelOrGlob) {
        Subscribed subscribed;
        Session on;
        synchronized (this) {
            subscribed = closed ? null : subscriptions.remove(channelOrGlob);
            on = session;
        }
        if (subscribed == null) {
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
            Thread thread = new Thread(() -> rebuildInTurn(next), "omnibus-reconnect");
            thread.setDaemon(true);
            thread.start();
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
            for (RedissonQueues lists : queues) {
                lists.moveTo(config, name);
            }
            reads.reconnect(config);
            Session next = Session.open(
                    config, on.busyPoll(), options.pingBeforePublish(), internals, name, this::isSharded, true);
            next.whenStuck(this::reconnect);
            Session old;
            List<Subscribed> again;
            synchronized (this) {
                old = session;
                session = isUnderWay(reconnect) ? next : old;
                again = List.copyOf(subscriptions.values());
            }
            if (current() != next) {
                next.close();
                throw closedFailure();
            }
            old.close(); // before the new one listens: nothing is delivered twice
            CompletableFuture.allOf(again.stream().map(next::carryOver).toArray(CompletableFuture[]::new))
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

    private synchronized boolean isWanted(Session on, Subscribed subscribed) {
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
        synchronized (this) {
            subscribed = subscriptions.get(channel);
        }
        return subscribed == null ? 0 : current().arrivedBeside(subscribed);
    }

    @Override
    public Queues queues() {
        requireConnectable("the lists");
        RedissonQueues opened = RedissonQueues.open(config, name, internals, queues::remove);
        queues.add(opened);
        return opened;
    }

    @Override
    public Streams streams() {
        requireConnectable("the streams");
        return new RedissonStreams(
                command -> onSession(on -> on.send(command)),
                config.isClusterConfig(),
                countsEveryone(),
                one -> publish(List.of(one)),
                reads.open());
    }

    @Override
    public CallQueues callQueues() {
        requireConnectable("the queues of calls");
        return new RedissonCallQueues(this::isSharded, one -> publish(List.of(one)), reads.open());
    }

    private synchronized void requireConnectable(String what) {
        NonBlockingThread.requireOther("Connecting to " + what + " of Redis");
        if (closed) {
            throw closedFailure();
        }
    }

    @Override
    public boolean canSend() {
        return !eventLoop.isDead() && current().canSend();
    }

    @Override
    public void name(String node) {
        if (!RedissonSettings.hasClientName(config)) {
            Session on;
            synchronized (this) {
                name = Connections.printable(node);
                on = session;
            }
            on.name(name);
            reads.name(name);
        }
    }

    private <T> CompletableFuture<T> ask(Function<RedisLeases, CompletableFuture<T>> question) {
        return onSession(on -> on.ask(question));
    }

    private <T> CompletableFuture<T> onSession(Function<Session, CompletableFuture<T>> question) {
        Session on;
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(closedFailure());
            }
            on = session;
        }
        return question.apply(on);
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
        Session last;
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
        last.close();
        if (rebuilding != null) { // it makes a client on the event loop, and ends it when it sees that all is closed
            awaitEnd(rebuilding.done);
        }
        eventLoop.end();
    }

    private static void awaitEnd(CompletableFuture<Void> rebuilding) {
        try {
            rebuilding.get(RECONNECT_ENDS_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException | CancellationException e) {
            LOG.trace("Closed while it reconnected", e);
        }
    }

    /** What it holds for subscriptions in all its maps; 0 when there are none. */
    synchronized int heldSubscriptions() {
        return subscriptions.size() + session.heldSubscriptions();
    }

    private synchronized Session current() {
        return session;
    }

    private static TransportException closedFailure() {
        return new TransportException(TransportException.Kind.CLOSED, true, "The transport is closed", null);
    }
}

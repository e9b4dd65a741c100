package dev.omnibus.transport.redisson.shard;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.connection.PendingCommands;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import dev.omnibus.transport.redisson.connection.ShardConnection;
import dev.omnibus.transport.redisson.subscription.Subscribed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisClient;
import org.redisson.client.RedisException;
import org.redisson.client.RedisTimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscriptions of one client to sharded channels, each at the master that owns the slot of its channel, on one
 * connection for each master.
 *
 * <p>Only that master publishes what is sent on the channel, and counts who receives it. When the slot leaves it, it
 * ends the subscription and says so; this asks it who owns the slot now, and subscribes there. Publishers wait for
 * that, see {@link ShardPublisher}. What is lost with a connection is subscribed again, as soon as there is a master.
 *
 * <p>A replica would accept the subscription as well, and deliver what it gets from its master, which does not count
 * it. So a subscription stands only when the server has confirmed, after it, that it owns the slot; what came meanwhile
 * is delivered then, or dropped.
 *
 * <p>All state is used on the event loop only, where all connections are, except where it says otherwise. Thread-safe.
 */
public final class ShardSubscriptions {

    /** So much sooner than a publisher stops waiting for the subscribers that nothing was missed. */
    private static final Duration FOLLOWED = Duration.ofMillis(500);

    private static final Duration SOON = Duration.ofMillis(10);
    private static final Duration AFTER_A_LOSS = Duration.ofMillis(50);
    private static final Duration AFTER_A_REFUSAL = Duration.ofMillis(800);
    private static final Duration TICK = Duration.ofSeconds(1);

    /** Far longer than a server needs; one that does not answer is connected to anew. */
    private static final Duration SILENCE = Duration.ofSeconds(3);

    /** Of all that is kept until its subscription stands; what is more is dropped, as if it had come sooner. */
    private static final long MAX_EARLY_BYTES = 16L * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(ShardSubscriptions.class);

    private enum State {
        AWAY,
        ASKED,
        CONFIRMED,
        STANDING
    }

    /** One subscription on this client. */
    private static final class Held {

        final Subscribed subscribed;
        final int slot;
        final boolean carriedOver;
        final CompletableFuture<Void> first = new CompletableFuture<>();
        final List<byte[]> early = new ArrayList<>(); // since it was confirmed, until it stands
        State state = State.AWAY;
        volatile @Nullable Server at; // written on the event loop only
        long since = System.nanoTime(); // when it was asked for, or ended
        long notBefore = since; // the next attempt
        int attempt;
        boolean stood;
        boolean missed; // something may be, since it stood
        boolean left; // the server that it stood at
        long leftAt;
        boolean doubted; // whether another server owns the slot is being asked
        boolean warned;
        volatile @Nullable CompletableFuture<Void> ending; // written on the event loop only

        Held(Subscribed subscribed, int slot, boolean carriedOver) {
            this.subscribed = subscribed;
            this.slot = slot;
            this.carriedOver = carriedOver;
            this.stood = carriedOver;
            this.missed = carriedOver;
        }
    }

    private final RedissonInternals internals;
    private final ShardOwners owners;
    private final ToIntFunction<String> slots;
    private final ScheduledExecutorService loop;
    private final Future<?> ticking;
    private final Map<Subscribed, Held> held = new ConcurrentHashMap<>(); // by any thread
    private final Map<String, Held> byName = new HashMap<>();
    private final Map<RedisClient, Server> servers = new HashMap<>();
    private @Nullable Future<?> seeking;
    private long seekingAt;
    private long earlyBytes;
    private volatile boolean closed;

    /**
     * None yet.
     *
     * @param slots of a channel
     * @param loop on which all connections are
     */
    public ShardSubscriptions(
            RedissonInternals internals,
            ShardOwners owners,
            ToIntFunction<String> slots,
            ScheduledExecutorService loop) {
        this.internals = internals;
        this.owners = owners;
        this.slots = slots;
        this.loop = loop;
        this.ticking = loop.scheduleWithFixedDelay(this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Subscribes, once however often it is asked; completes when it stands, and fails at once if it is refused. */
    public CompletableFuture<Void> subscribe(Subscribed wanted) {
        return hold(wanted, false);
    }

    /**
     * Subscribes to what stood on the client before, and keeps trying; its listener is notified when it stands. The
     * future completes after the first attempt, however that ended.
     */
    public CompletableFuture<Void> carryOver(Subscribed wanted) {
        return hold(wanted, true).handle((done, failure) -> null);
    }

    private CompletableFuture<Void> hold(Subscribed wanted, boolean carriedOver) {
        Held mine = new Held(wanted, slots.applyAsInt(wanted.name()), carriedOver);
        Held before = held.putIfAbsent(wanted, mine);
        if (before != null) {
            return before.first;
        }
        onLoop(() -> {
            byName.put(wanted.name(), mine);
            seek(mine);
        });
        long limit = RedissonSettings.SUBSCRIBE_TIMEOUT.toMillis();
        Future<?> late = later(limit, () -> failed(mine, new RedisTimeoutException("Not confirmed in time")));
        mine.first.whenComplete((done, failure) -> late.cancel(false));
        if (closed) {
            close(mine);
        }
        return mine.first;
    }

    /** Completes when nothing of it arrives any more. */
    public CompletableFuture<Void> unsubscribe(Subscribed unwanted) {
        unwanted.end();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Held mine = held.get(unwanted);
        if (mine == null || closed) {
            held.remove(unwanted);
            ended.complete(null);
            return ended;
        }
        mine.first.completeExceptionally(
                new TransportException(Kind.CLOSED, true, "Unsubscribed before Redis confirmed it", null));
        onLoop(() -> {
            Server at = mine.at;
            if (at == null || at.connection == null) {
                forget(mine);
                ended.complete(null);
            } else {
                mine.ending = ended;
                mine.since = System.nanoTime();
                at.endings.put(unwanted.name(), mine);
                at.connection.unsubscribe(unwanted.name());
            }
        });
        return closed ? CompletableFuture.completedFuture(null) : ended;
    }

    public long arrivedBeside(Subscribed wanted) {
        Held mine = held.get(wanted);
        Server at = mine == null ? null : mine.at;
        ShardConnection connection = at == null ? null : at.connection;
        return connection == null ? 0 : connection.arrived();
    }

    public int size() {
        return held.size();
    }

    /** Nothing reaches a listener after this. */
    public void close() {
        closed = true;
        ticking.cancel(false);
        held.values().forEach(ShardSubscriptions::close);
        onLoop(() -> List.copyOf(servers.values()).forEach(Server::close));
    }

    private static void close(Held mine) {
        mine.first.completeExceptionally(PendingCommands.closedFailure());
        CompletableFuture<Void> ending = mine.ending;
        if (ending != null) {
            ending.complete(null);
        }
    }

    private void onLoop(Runnable step) {
        try {
            loop.execute(step);
        } catch (RejectedExecutionException ended) {
            // with all connections
        }
    }

    private Future<?> later(long millis, Runnable step) {
        try {
            return loop.schedule(step, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ended) { // with all connections
            return CompletableFuture.completedFuture(null);
        }
    }

    private boolean isUnwanted(Held mine) {
        return closed || mine.subscribed.isEnded();
    }

    private void forget(Held mine) {
        forgetEarly(mine);
        held.remove(mine.subscribed, mine);
        byName.remove(mine.subscribed.name(), mine);
        mine.at = null;
    }

    /** An attempt has failed. The first one of a new subscription may be the last one. */
    private void failed(Held mine, RedisException failure) {
        if (mine.carriedOver) {
            mine.first.complete(null);
        } else if (mine.first.completeExceptionally(RedissonFailures.subscribe(mine.subscribed.name(), failure))) {
            mine.subscribed.end();
            forget(mine); // what the server may confirm after all has no name then, and is ended
        }
    }

    private void seek(Held mine) {
        if (mine.state != State.AWAY || isUnwanted(mine)) {
            return;
        }
        RedisClient owner = owners.of(mine.slot);
        if (owner == null) {
            again(mine, SOON);
            return;
        }
        Server server = servers.get(owner);
        if (server == null) {
            server = new Server(owner);
            servers.put(owner, server);
            server.open();
        }
        mine.state = State.ASKED;
        mine.at = server;
        mine.since = System.nanoTime();
        if (server.connection != null) {
            server.connection.subscribe(mine.subscribed.name());
        }
    }

    private void away(Held mine) {
        mine.state = State.AWAY;
        mine.at = null;
        mine.attempt++;
        forgetEarly(mine);
    }

    private void keepEarly(Held mine, byte[] frame) {
        if (earlyBytes + frame.length > MAX_EARLY_BYTES) {
            mine.missed = mine.stood;
            return;
        }
        earlyBytes += frame.length;
        mine.early.add(frame);
    }

    private void forgetEarly(Held mine) {
        for (byte[] frame : mine.early) {
            earlyBytes -= frame.length;
        }
        mine.early.clear();
    }

    private void again(Held mine, Duration delay) {
        mine.notBefore = System.nanoTime() + delay.toNanos();
        if (seeking == null || seekingAt - mine.notBefore > 0) {
            if (seeking != null) {
                seeking.cancel(false);
            }
            seekingAt = mine.notBefore;
            seeking = later(delay.toMillis(), this::seekAll);
        }
    }

    private void seekAll() {
        seeking = null;
        long now = System.nanoTime();
        for (Held mine : List.copyOf(byName.values())) {
            if (mine.state == State.AWAY && !isUnwanted(mine)) {
                long wait = mine.notBefore - now;
                if (wait <= 0) {
                    seek(mine);
                } else {
                    again(mine, Duration.ofNanos(wait));
                }
            }
        }
    }

    /** Once a second: what has an owner that has not said so, and what is not answered. */
    private void tick() {
        try {
            long now = System.nanoTime();
            for (Held mine : List.copyOf(byName.values())) {
                Server at = mine.at;
                if (isUnwanted(mine) && mine.ending == null) {
                    continue;
                }
                boolean late = now - mine.since > SILENCE.toNanos();
                if (at == null) {
                    seek(mine); // should the next attempt have been forgotten
                } else if (late && (mine.state != State.STANDING || mine.ending != null)) {
                    at.close();
                } else if (mine.state == State.STANDING) {
                    doubt(mine, at);
                }
            }
        } catch (Throwable t) { // thrown further, it would not be run again
            FailureLog.error(LOG, t, "Subscriptions could not be checked; they are checked again in a second");
        }
    }

    /** A master that is cut off from its cluster does not know that it is none any more. */
    private void doubt(Held mine, Server at) {
        RedisClient other = owners.of(mine.slot);
        if (other == null || other == at.client || mine.doubted) {
            return;
        }
        mine.doubted = true;
        owners.confirms(other, mine.slot)
                .whenComplete((owns, failure) -> onLoop(() -> {
                    mine.doubted = false;
                    if (Boolean.TRUE.equals(owns) && mine.at == at && mine.state == State.STANDING) {
                        at.abandon(mine);
                        mine.missed = true;
                        seek(mine);
                    }
                }));
    }

    private void stand(Held mine) {
        boolean late = mine.left && System.nanoTime() - mine.leftAt > FOLLOWED.toNanos();
        boolean interrupted = mine.stood && (mine.missed || late);
        mine.state = State.STANDING;
        mine.stood = true;
        mine.missed = false;
        mine.left = false;
        mine.warned = false;
        if (interrupted && !closed) {
            mine.subscribed.interrupted();
        }
        for (byte[] frame : mine.early) {
            deliver(mine, frame);
        }
        forgetEarly(mine);
        mine.first.complete(null);
    }

    private void deliver(Held mine, byte[] frame) {
        if (!closed) {
            mine.subscribed.frame(mine.subscribed.name(), frame);
        }
    }

    /** One master, with the connection to it. */
    private final class Server implements ShardConnection.Listener {

        final RedisClient client;
        final Map<String, Held> endings = new HashMap<>(); // not answered yet
        volatile @Nullable ShardConnection connection; // written on the event loop only
        boolean gone;

        Server(RedisClient client) {
            this.client = client;
        }

        void open() {
            CompletableFuture<ShardConnection> opening;
            try {
                opening = internals.subscribeShards(client, this);
            } catch (RuntimeException e) { // shut down at this moment
                opening = CompletableFuture.failedFuture(e);
            }
            opening.whenComplete((opened, failure) -> onLoop(() -> {
                if (failure != null) {
                    LOG.debug("No connection to {}: {}", client.getAddr(), failure.toString());
                    lost();
                } else if (gone || closed) {
                    opened.close();
                } else {
                    connection = opened;
                    for (Held mine : byName.values()) {
                        if (mine.at == this && mine.state == State.ASKED) {
                            opened.subscribe(mine.subscribed.name());
                        }
                    }
                }
            }));
        }

        void close() {
            ShardConnection open = connection;
            if (open != null) {
                open.close();
            }
            lost();
        }

        /** Ends there what is to be elsewhere. */
        void abandon(Held mine) {
            ShardConnection open = connection;
            if (open != null) {
                open.unsubscribe(mine.subscribed.name());
            }
            away(mine);
        }

        private @Nullable Held here(String channel) {
            Held mine = byName.get(channel);
            return mine != null && mine.at == this ? mine : null;
        }

        @Override
        public void confirmed(String channel) {
            Held mine = here(channel);
            ShardConnection open = connection;
            if (mine == null || mine.state != State.ASKED) {
                if (mine == null && open != null) {
                    open.unsubscribe(channel); // it is not wanted any more: it would be counted, and deaf
                }
                return;
            }
            mine.state = State.CONFIRMED;
            int attempt = mine.attempt;
            owners.confirms(client, mine.slot)
                    .whenComplete((owns, failure) -> onLoop(() -> {
                        if (mine.at != this || mine.attempt != attempt || mine.state != State.CONFIRMED) {
                            return;
                        }
                        if (Boolean.TRUE.equals(owns)) {
                            stand(mine);
                        } else {
                            abandon(mine);
                            again(mine, SOON);
                        }
                    }));
        }

        @Override
        public void refused(String channel, String error) {
            Held mine = here(channel);
            if (mine == null || mine.state != State.ASKED) {
                return;
            }
            String[] words = error.split(" ", -1);
            away(mine);
            switch (words[0]) {
                case "MOVED" -> {
                    if (words.length > 2) {
                        owners.moved(mine.slot, words[2]);
                    }
                    again(mine, SOON);
                }
                case "CLUSTERDOWN", "LOADING", "MASTERDOWN", "TRYAGAIN", "ASK" -> again(mine, AFTER_A_LOSS);
                default -> {
                    if (mine.stood && !mine.warned) {
                        mine.warned = true;
                        FailureLog.safely(() -> LOG.warn(
                                "Redis refused to subscribe again to {}: {}; it is tried until it succeeds",
                                channel,
                                error));
                    }
                    again(mine, AFTER_A_REFUSAL);
                    failed(mine, new RedisException(error));
                }
            }
        }

        @Override
        public void left(String channel) {
            Held mine = here(channel);
            if (mine == null || mine.state == State.ASKED || mine.ending != null) {
                return;
            }
            if (mine.state == State.STANDING) {
                mine.left = true;
                mine.leftAt = System.nanoTime();
            }
            away(mine);
            again(mine, TICK); // should there be no answer
            int attempt = mine.attempt;
            owners.confirms(client, mine.slot)
                    .whenComplete((owns, failure) -> onLoop(() -> {
                        if (mine.attempt == attempt) {
                            seek(mine);
                        }
                    }));
        }

        @Override
        public void ended(String channel) {
            Held mine = endings.remove(channel);
            if (mine != null) {
                end(mine);
            }
        }

        private void end(Held mine) {
            forget(mine);
            CompletableFuture<Void> ending = mine.ending;
            if (ending != null) {
                ending.complete(null);
            }
        }

        @Override
        public void frame(String channel, byte[] frame) {
            Held mine = here(channel);
            if (mine == null) {
                return;
            }
            if (mine.state == State.STANDING) {
                deliver(mine, frame);
            } else if (mine.state == State.CONFIRMED) {
                keepEarly(mine, frame);
            }
        }

        @Override
        public void lost() {
            if (gone) {
                return;
            }
            gone = true;
            servers.remove(client, this);
            for (Held mine : List.copyOf(byName.values())) {
                if (mine.at == this && mine.ending == null) {
                    away(mine);
                    mine.missed = mine.stood;
                    again(mine, AFTER_A_LOSS);
                    if (mine.carriedOver) {
                        mine.first.complete(null);
                    }
                }
            }
            List.copyOf(endings.values()).forEach(this::end);
            endings.clear();
        }
    }
}

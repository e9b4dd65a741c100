package dev.omnibus.transport.redisson.side;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.ConnectFailures;
import dev.omnibus.transport.redisson.connection.Connections;
import dev.omnibus.transport.redisson.connection.PendingCommands;
import dev.omnibus.transport.redisson.connection.ReconnectTurns;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import io.netty.channel.EventLoopGroup;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection beside those of the bus, or in a cluster one to each master: a Redisson client of its own, on the thread
 * of the bus, for commands that would hold up what the bus sends. It follows the bus: it connects when the bus has
 * connected for the first time, and anew when the bus does. What is asked while there is no connection fails at once,
 * as what the bus itself is asked.
 */
public final class SideConnection {

    private record Life(
            RedissonClient client,
            Config bus,
            EventLoopGroup eventLoop,
            Connections connections,
            PendingCommands answers) {

        static Life begin(Config bus, String name, Settings settings, RedissonInternals internals) {
            try {
                Connections connections = new Connections(name, internals);
                return new Life(
                        Redisson.create(settings.of(bus, connections, internals)),
                        bus,
                        bus.getEventLoopGroup(),
                        connections,
                        new PendingCommands(bus.getEventLoopGroup()));
            } catch (RuntimeException e) {
                throw ConnectFailures.of(bus, e);
            }
        }

        void end() {
            if (!answers.isClosed()) {
                answers.close(client);
            }
            if (eventLoop.isShuttingDown()) {
                connections.closeLeft();
            }
        }
    }

    /** How such a connection differs from those of the bus. */
    interface Settings {
        Config of(Config bus, Connections connections, RedissonInternals internals);
    }

    private static final Logger LOG = LoggerFactory.getLogger(SideConnection.class);
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Settings settings;
    private final RedissonInternals internals;
    private final BooleanSupplier allowed;
    private final Consumer<SideConnection> closing;
    private volatile @Nullable Life life; // none as long as it could not connect; changes under the lock
    private volatile @Nullable TransportException missing; // why there is none
    private Config bus; // guarded by this, like all below
    private String name;
    private boolean connecting = true; // first of all by whoever opens it, later in the background
    private long tried; // when that ended
    private int users;
    private boolean closed;

    /**
     * Of one transport; not connected yet.
     *
     * @param name what its connections are called, unless it is empty
     * @param allowed whether it may connect: not before its bus has
     * @param closing notified when it is closed
     */
    SideConnection(
            Config bus,
            String name,
            Settings settings,
            RedissonInternals internals,
            BooleanSupplier allowed,
            Consumer<SideConnection> closing) {
        this.bus = bus;
        this.name = name;
        this.settings = settings;
        this.internals = internals;
        this.allowed = allowed;
        this.closing = closing;
    }

    /**
     * Connects for its first user. If Redis is away at this moment, what is asked fails until it is back, as if it had
     * gone a moment later.
     *
     * @throws TransportException if Redis refuses the connection
     */
    User open() {
        User first = Objects.requireNonNull(share(), "nobody has closed it yet");
        boolean opened = false;
        try {
            connect();
            TransportException why = missing;
            if (life == null && why != null && why.kind() != TransportException.Kind.CONNECTION_LOST) {
                throw why;
            }
            opened = true;
            return first;
        } finally {
            connected();
            if (!opened) {
                first.close();
            }
        }
    }

    /** Connects in the background for its first user: what is asked until then fails. */
    User openLater() {
        User first = Objects.requireNonNull(share(), "nobody has closed it yet");
        synchronized (this) {
            connecting = false;
            tried = System.nanoTime() - PAUSE_NANOS;
        }
        connectSoon();
        return first;
    }

    /** Connects for those who have opened it before that was allowed. */
    void connectNow() {
        if (begins()) {
            try {
                connect();
            } finally {
                connected();
            }
        }
    }

    private void connect() {
        if (!allowed.getAsBoolean()) {
            return;
        }
        try {
            begin(bus());
        } catch (TransportException e) {
            missing = e;
        }
    }

    /** What was begun for an event loop that the bus has replaced meanwhile is of no use. */
    private void begin(Config on) {
        String called = name();
        Life next = Life.begin(on, called, settings, internals);
        Life last;
        String calledNow;
        synchronized (this) {
            boolean late = closed || next.bus != bus;
            last = late ? next : life;
            life = late ? life : next;
            calledNow = name;
        }
        if (last != null) {
            last.end();
        }
        if (!calledNow.equals(called)) {
            next.connections.name(calledNow);
        }
    }

    private synchronized String name() {
        return name;
    }

    /** Connects anew: this connection may be as dead as that of the bus. What is under way fails. */
    void reconnect(Config next) {
        synchronized (this) {
            bus = next;
        }
        if (allowed.getAsBoolean()) {
            begin(next);
        }
    }

    private long newest() {
        Life now = life;
        return now == null ? 0 : now.connections.newest();
    }

    /** Names the connections. */
    void name(String called) {
        Life now;
        synchronized (this) {
            name = called;
            now = life;
        }
        if (now != null) {
            now.connections.name(called);
        }
    }

    private synchronized boolean begins() {
        boolean due = !connecting
                && life == null
                && !closed
                && allowed.getAsBoolean()
                && System.nanoTime() - tried >= PAUSE_NANOS;
        connecting |= due;
        return due;
    }

    /** Connects, unless that is under way or has just failed: for whoever asks next. */
    private void connectSoon() {
        if (!begins()) {
            return;
        }
        boolean begun = false;
        try {
            Thread thread = new Thread(this::connectOnce, "omnibus-reconnect"); // it blocks
            thread.setDaemon(true);
            thread.start();
            begun = true;
        } finally { // there may be no memory for a thread
            if (!begun) {
                connected();
            }
        }
    }

    private void connectOnce() {
        try {
            boolean unused = ReconnectTurns.run(bus(), this::isMissing, this::connect);
        } finally {
            connected();
        }
    }

    private synchronized Config bus() {
        return bus;
    }

    private synchronized boolean isMissing() {
        return life == null && !closed;
    }

    private synchronized void connected() {
        connecting = false;
        tried = allowed.getAsBoolean() ? System.nanoTime() : System.nanoTime() - PAUSE_NANOS;
    }

    /** Whatever several commands the question consists of, they go in one write. */
    private <T> CompletableFuture<T> ask(Function<RedissonClient, CompletableFuture<T>> question) {
        Life now = life;
        if (now == null) {
            connectSoon();
            return CompletableFuture.failedFuture(missing());
        }
        if (now.eventLoop.isShuttingDown() && !now.answers.isClosed()) {
            return CompletableFuture.failedFuture(RedissonFailures.deadEventLoop());
        }
        return now.answers.untilClosed(() -> {
            if (now.eventLoop.next().inEventLoop()) { // it has one thread
                return question.apply(now.client);
            }
            CompletableFuture<T> answer = new CompletableFuture<>();
            try {
                now.eventLoop.execute(() -> ask(now.client, question, answer));
            } catch (RejectedExecutionException e) {
                answer.completeExceptionally(RedissonFailures.deadEventLoop());
            }
            return answer;
        });
    }

    private TransportException missing() {
        TransportException why = missing;
        return why == null
                ? new TransportException(
                        TransportException.Kind.CONNECTION_LOST, true, "There is no connection yet", null)
                : new TransportException(why.kind(), true, String.valueOf(why.getMessage()), why);
    }

    private static <T> void ask(
            RedissonClient client,
            Function<RedissonClient, CompletableFuture<T>> question,
            CompletableFuture<T> answer) {
        try {
            question.apply(client).whenComplete((value, failure) -> {
                if (failure == null) {
                    answer.complete(value);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        } catch (Throwable t) { // shut down at this moment
            answer.completeExceptionally(t);
        }
    }

    /** One of those who share it. What the others ask goes on when one is closed. */
    public final class User {

        private final AtomicBoolean gone = new AtomicBoolean();

        private User() {}

        /** Asks, on the thread of the bus; fails if there is no connection. */
        public <T> CompletableFuture<T> ask(Function<RedissonClient, CompletableFuture<T>> question) {
            return gone.get()
                    ? CompletableFuture.failedFuture(PendingCommands.closedFailure())
                    : SideConnection.this.ask(question);
        }

        /** Runs something on the thread of the bus, after what was asked before; not at all if that has ended. */
        public void afterwards(Runnable task) {
            try {
                bus().getEventLoopGroup().execute(task);
            } catch (RejectedExecutionException e) {
                LOG.trace("That thread has ended", e);
            }
        }

        /** Returns the number of the newest connection; each has another one. */
        public long newest() {
            return SideConnection.this.newest();
        }

        /** Lets go of it; the last one ends it. */
        public void close() {
            if (!gone.getAndSet(true)) {
                SideConnection.this.close();
            }
        }
    }

    /** One more uses it; null if it is closed. */
    synchronized @Nullable User share() {
        users += closed ? 0 : 1;
        return closed ? null : new User();
    }

    /** One fewer uses it; the last one ends it. */
    private void close() {
        Life last;
        synchronized (this) {
            if (--users > 0) {
                return;
            }
            closed = true;
            last = life;
        }
        closing.accept(this);
        if (last != null) {
            last.end();
        }
    }
}

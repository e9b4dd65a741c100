package dev.omnibus.transport.redisson.stream;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.ConnectFailures;
import dev.omnibus.transport.redisson.connection.Connections;
import dev.omnibus.transport.redisson.connection.PendingCommands;
import dev.omnibus.transport.redisson.connection.ReconnectTurns;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
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

/**
 * The connection by which streams and queues of calls are read, or in a cluster one to each master: a Redisson client
 * of its own, on the thread of the bus. A new one takes its place when the bus connects anew.
 */
public final class ReadConnection {

    private record Life(
            RedissonClient client,
            Config bus,
            EventLoopGroup eventLoop,
            Connections connections,
            PendingCommands answers) {

        static Life begin(Config bus, String name, RedissonInternals internals) {
            try {
                Connections connections = new Connections(name, internals);
                return new Life(
                        Redisson.create(RedissonSettings.forStreams(bus, connections, internals)),
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

    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final RedissonInternals internals;
    private final BooleanSupplier allowed;
    private final Consumer<ReadConnection> closing;
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
    ReadConnection(
            Config bus,
            String name,
            RedissonInternals internals,
            BooleanSupplier allowed,
            Consumer<ReadConnection> closing) {
        this.bus = bus;
        this.name = name;
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
        Life next = Life.begin(on, called, internals);
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

    /** Returns the number of the newest connection; each has another one. */
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

    /** Connects, unless that is under way or has just failed: for whoever asks next. */
    private void connectSoon() {
        synchronized (this) {
            if (connecting || closed || !allowed.getAsBoolean() || System.nanoTime() - tried < PAUSE_NANOS) {
                return;
            }
            connecting = true;
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

        <T> CompletableFuture<T> ask(Function<RedissonClient, CompletableFuture<T>> question) {
            return gone.get()
                    ? CompletableFuture.failedFuture(PendingCommands.closedFailure())
                    : ReadConnection.this.ask(question);
        }

        long newest() {
            return ReadConnection.this.newest();
        }

        void close() {
            if (!gone.getAndSet(true)) {
                ReadConnection.this.close();
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

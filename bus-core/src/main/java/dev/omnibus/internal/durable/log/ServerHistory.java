package dev.omnibus.internal.durable.log;

import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The history of the server that has a stream. After a failover it is another one, and the server may have lost the
 * acknowledgements of the last moments: then it hands out again what was handled. So the history is compared after each
 * connect, and nothing that was read is handled before that. Where the user may not ask for it, each connect counts as
 * a failover. What a process cannot know, as it was not there before, is in the description of the stream. Thread-safe.
 */
public final class ServerHistory {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(1);

    private final Streams streams;
    private final StreamKeys keys;
    private final Timing timing;
    private final Consumer<StreamServer> answered;
    private final Runnable changed;
    private final Runnable settled;
    private volatile StreamId doubted = StreamId.EARLIEST;
    private volatile boolean current; // as of the connection below
    private volatile long connection;
    private boolean comparing; // guarded by this, like all below
    private boolean again; // something has happened meanwhile
    private int attempts;
    private boolean asked; // so that it can be another one
    private Optional<String> known = Optional.empty();
    private List<Runnable> waiting = new ArrayList<>();

    /**
     * Of one stream.
     *
     * @param answered gets what the server says of itself
     * @param changed run when it is another one, before anything is handled again
     * @param settled run after each comparison
     */
    public ServerHistory(
            Streams streams,
            StreamKeys keys,
            Timing timing,
            Consumer<StreamServer> answered,
            Runnable changed,
            Runnable settled) {
        this.streams = streams;
        this.keys = keys;
        this.timing = timing;
        this.answered = answered;
        this.changed = changed;
        this.settled = settled;
    }

    /** Whether it was compared since the newest connect. */
    public boolean isCompared() {
        return current && connection == streams.newestConnection();
    }

    /** Whether an acknowledgement of what was appended there may have been lost. */
    public boolean isDoubted(StreamId id) {
        return id.compareTo(doubted) <= 0;
    }

    /** Runs a task when the history was compared: now, or on the transport's thread. */
    public void whenCompared(Runnable task) {
        if (!isCompared()) {
            synchronized (this) {
                waiting.add(task);
            }
            compare();
            return;
        }
        task.run();
    }

    /** There was an interruption: whatever was compared before says nothing. */
    public void interrupted() {
        synchronized (this) {
            current = false;
            again = comparing;
        }
        compare();
    }

    /** Compares it, unless that is under way. */
    public void compare() {
        synchronized (this) {
            if (comparing) {
                return;
            }
            comparing = true;
            again = false;
        }
        ask();
    }

    private void ask() {
        long newest = streams.newestConnection();
        streams.server(keys).whenComplete((server, failure) -> {
            if (failure != null && mayPass(failure)) {
                later(failure);
                return;
            }
            if (failure == null) {
                answered.accept(server);
            }
            Optional<String> now = failure == null ? server.history() : Optional.empty();
            boolean other;
            synchronized (this) {
                other = asked && (now.isEmpty() || !now.equals(known));
            }
            if (now.isPresent()) {
                compare(newest, now.get(), other);
            } else if (other) {
                doubtAll(newest, now);
            } else {
                compared(newest, now, false);
            }
        });
    }

    /** Compares it with what others have written, too: they may have been there before this process was. */
    private void compare(long newest, String now, boolean other) {
        streams.doubted(keys, now, other).whenComplete((position, failure) -> {
            if (failure != null && mayPass(failure)) {
                later(failure);
            } else if (failure == null) {
                doubted = position.compareTo(doubted) > 0 ? position : doubted;
                compared(newest, Optional.of(now), other);
            } else if (other) {
                doubtAll(newest, Optional.of(now));
            } else {
                compared(newest, Optional.of(now), false);
            }
        });
    }

    /** Doubts all that is there. */
    private void doubtAll(long newest, Optional<String> now) {
        streams.status(keys).whenComplete((status, failure) -> {
            if (failure != null && mayPass(failure)) {
                later(failure);
                return;
            }
            doubted = failure == null ? status.last() : StreamId.LATEST;
            compared(newest, now, true);
        });
    }

    private static boolean mayPass(Throwable failure) {
        return Failures.of(failure).kind() == Kind.CLOSED || Failures.mayPass(Failures.of(failure));
    }

    private void later(Throwable failure) {
        TransportException why = Failures.of(failure);
        Duration pause;
        synchronized (this) {
            comparing = why.kind() != Kind.CLOSED; // then nothing is read any more
            pause = Timing.backoff(FIRST_PAUSE, MAX_PAUSE, attempts++);
        }
        if (why.kind() != Kind.CLOSED) {
            timing.later(pause, this::ask);
        }
    }

    private void compared(long newest, Optional<String> now, boolean other) {
        synchronized (this) {
            asked = true;
            known = now;
        }
        if (other) {
            changed.run();
        }
        List<Runnable> ready = List.of();
        boolean repeat;
        synchronized (this) {
            repeat = again || newest != streams.newestConnection();
            again = false;
            if (!repeat) {
                comparing = false;
                attempts = 0;
                connection = newest;
                current = true;
                ready = waiting;
                waiting = new ArrayList<>();
            }
        }
        if (repeat) {
            ask();
            return;
        }
        ready.forEach(Runnable::run);
        settled.run();
    }
}

package dev.omnibus.transport.redisson.stream;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.redisson.config.Config;

/** The read connection of a transport: one for all who read streams or queues of calls, as long as there are any. */
public final class ReadConnections {

    private final RedissonInternals internals;
    private final ReentrantLock opening = new ReentrantLock(); // connecting may take a while
    private volatile boolean allowed; // once the bus has connected
    private Config bus; // guarded by this, like the next ones
    private String name = "";
    private @Nullable ReadConnection current;
    private @Nullable ReadConnection waiting; // for answers that take a while

    /** Of one transport. */
    public ReadConnections(Config bus, RedissonInternals internals) {
        this.bus = bus;
        this.internals = internals;
    }

    /** The bus has connected for the first time; before that, nothing is connected here either. */
    public void allow() {
        allowed = true;
    }

    /** Connects, or shares the connection that there is; each user closes it. May block. */
    public ReadConnection.User open() {
        opening.lock();
        try {
            ReadConnection known = current();
            ReadConnection.User user = known == null ? null : known.share();
            return user == null ? begin().open() : user;
        } finally {
            opening.unlock();
        }
    }

    /** The same for a connection on which Redis may wait a moment before it answers: it connects in the background. */
    synchronized ReadConnection.User openToWait() {
        ReadConnection known = waiting;
        ReadConnection.User user = known == null ? null : known.share();
        if (user == null) {
            ReadConnection begun = new ReadConnection(bus, name, internals, () -> allowed, this::closed);
            waiting = begun;
            user = begun.openLater();
        }
        return user;
    }

    /** It is known before it connects: the bus may connect anew, or be named, meanwhile. */
    private synchronized ReadConnection begin() {
        ReadConnection begun = new ReadConnection(bus, name, internals, () -> allowed, this::closed);
        current = begun;
        return begun;
    }

    private synchronized void closed(ReadConnection connection) {
        current = current == connection ? null : current;
        waiting = waiting == connection ? null : waiting;
    }

    private synchronized @Nullable ReadConnection current() {
        return current;
    }

    /** Connects anew. */
    public void reconnect(Config next) {
        synchronized (this) {
            bus = next;
        }
        all().forEach(one -> one.reconnect(next));
    }

    /** Names the connections. */
    public void name(String called) {
        synchronized (this) {
            name = called;
        }
        all().forEach(one -> one.name(called));
    }

    private synchronized List<ReadConnection> all() {
        return Stream.of(current, waiting).filter(Objects::nonNull).toList();
    }
}

package dev.omnibus.transport.redisson.side;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.redisson.config.Config;

/** All connections of a transport beside those of the bus. */
public final class SideConnections {

    private final RedissonInternals internals;
    private final ReentrantLock opening = new ReentrantLock(); // connecting may take a while
    private volatile boolean allowed; // once the bus has connected
    private final Set<SideConnection> open = new HashSet<>(); // guarded by this, like the next ones
    private Config bus;
    private String name = "";
    private @Nullable SideConnection reading;
    private @Nullable SideConnection waiting; // for answers that take a while

    /** Of one transport. */
    public SideConnections(Config bus, RedissonInternals internals) {
        this.bus = bus;
        this.internals = internals;
    }

    /** The bus has connected, and what has been opened before that connects as well. May block. */
    public void allow() {
        if (!allowed) {
            allowed = true;
            all().forEach(SideConnection::connectNow);
        }
    }

    /**
     * The one by which streams and queues of calls are read, for all who do, as long as there are any; each closes it.
     * May block.
     */
    public SideConnection.User openToRead() {
        opening.lock();
        try {
            SideConnection known = reading();
            SideConnection.User user = known == null ? null : known.share();
            return user == null ? beginToRead().open() : user;
        } finally {
            opening.unlock();
        }
    }

    /** The same for a connection on which Redis may wait a moment before it answers: it connects in the background. */
    public synchronized SideConnection.User openToWait() {
        SideConnection known = waiting;
        SideConnection.User user = known == null ? null : known.share();
        if (user == null) {
            SideConnection begun = begin(RedissonSettings::forStreams);
            waiting = begun;
            user = begun.openLater();
        }
        return user;
    }

    /** A new one, with connections enough for many who wait for a message of a list. May block. */
    public SideConnection.User openToTake() {
        return begin(RedissonSettings::forQueues).open();
    }

    private synchronized SideConnection beginToRead() {
        SideConnection begun = begin(RedissonSettings::forStreams);
        reading = begun;
        return begun;
    }

    /** It is known before it connects: the bus may connect anew, or be named, meanwhile. */
    private synchronized SideConnection begin(SideConnection.Settings settings) {
        SideConnection begun = new SideConnection(bus, name, settings, internals, () -> allowed, this::closed);
        open.add(begun);
        return begun;
    }

    private synchronized void closed(SideConnection connection) {
        open.remove(connection);
        reading = reading == connection ? null : reading;
        waiting = waiting == connection ? null : waiting;
    }

    private synchronized @Nullable SideConnection reading() {
        return reading;
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

    private synchronized List<SideConnection> all() {
        return List.copyOf(open);
    }
}

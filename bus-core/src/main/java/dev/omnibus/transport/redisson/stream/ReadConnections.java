package dev.omnibus.transport.redisson.stream;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import java.util.concurrent.locks.ReentrantLock;
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

    /** It is known before it connects: the bus may connect anew, or be named, meanwhile. */
    private synchronized ReadConnection begin() {
        ReadConnection begun = new ReadConnection(bus, name, internals, () -> allowed, this::closed);
        current = begun;
        return begun;
    }

    private synchronized void closed(ReadConnection connection) {
        if (current == connection) {
            current = null;
        }
    }

    private synchronized @Nullable ReadConnection current() {
        return current;
    }

    /** Connects anew. */
    public void reconnect(Config next) {
        ReadConnection open;
        synchronized (this) {
            bus = next;
            open = current;
        }
        if (open != null) {
            open.reconnect(next);
        }
    }

    /** Names the connections. */
    public void name(String called) {
        ReadConnection open;
        synchronized (this) {
            name = called;
            open = current;
        }
        if (open != null) {
            open.name(called);
        }
    }
}

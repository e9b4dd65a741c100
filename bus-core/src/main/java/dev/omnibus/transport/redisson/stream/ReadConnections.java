package dev.omnibus.transport.redisson.stream;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.redisson.config.Config;

/** The read connection of a transport: one for all who read streams or queues of calls, as long as there are any. */
public final class ReadConnections {

    private final RedissonInternals internals;
    private final ReentrantLock opening = new ReentrantLock(); // connecting may take a while
    private @Nullable ReadConnection current; // guarded by this

    /** Of one transport. */
    public ReadConnections(RedissonInternals internals) {
        this.internals = internals;
    }

    /** Connects, or shares the connection that there is; each user closes it. May block. */
    public ReadConnection.User open(Config bus, String name) {
        opening.lock();
        try {
            ReadConnection known = current();
            ReadConnection.User user = known == null ? null : known.share();
            if (user == null) {
                ReadConnection opened = ReadConnection.open(bus, name, internals, this::closed);
                user = Objects.requireNonNull(opened.share(), "it has just been opened");
                synchronized (this) {
                    current = opened;
                }
            }
            return user;
        } finally {
            opening.unlock();
        }
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
    public void reconnect(Config bus, String name) {
        ReadConnection open = current();
        if (open != null) {
            open.reconnect(bus, name);
        }
    }

    /** Names the connections. */
    public void name(String name) {
        ReadConnection open = current();
        if (open != null) {
            open.name(name);
        }
    }
}

package dev.omnibus.transport.memory;

import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamIds;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The ids of entries that a stream remembers: those of late, and those before. Guarded as the log that has them. */
final class InMemoryIds {

    private Map<String, StreamId> late = new HashMap<>();
    private Map<String, StreamId> before = new HashMap<>();
    private long since; // when those of late began, in ms
    private long expires; // when those of late are forgotten
    private long beforeExpires;

    /** Forgets what need not be remembered any more. */
    void expire(long now) {
        if (now >= expires) {
            late.clear();
        }
        if (now >= beforeExpires) {
            before.clear();
        }
    }

    /** Returns where the entry with an id is. */
    Optional<StreamId> find(String id) {
        return Optional.ofNullable(late.get(id)).or(() -> Optional.ofNullable(before.get(id)));
    }

    void add(String id, StreamId position, Duration window, long now) {
        if (!late.isEmpty() && (now - since >= window.toMillis() || late.size() >= StreamIds.MAX)) {
            before = late;
            beforeExpires = expires;
            late = new HashMap<>();
        }
        if (late.isEmpty()) {
            since = now;
            expires = now + 2 * window.toMillis();
        }
        late.put(id, position);
    }
}

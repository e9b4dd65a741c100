package dev.omnibus.transport.memory;

import dev.omnibus.transport.Leases;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Entries that expire unless renewed, with the versions that Redis' clock gives them there. Thread-safe. */
final class InMemoryLeases {

    private record Lease(byte[] value, long expiresAt, long version) {}

    private static final class Index {

        private final Map<String, Lease> entries = new HashMap<>();
        private long version;
    }

    private final Map<String, Index> indexes = new HashMap<>(); // guarded by this
    private long clock; // guarded by this

    synchronized long renew(String name, String key, byte[] value, Duration ttl) {
        Index index = current(name);
        @Nullable Lease before = index.entries.get(key);
        long version = before != null && Arrays.equals(before.value(), value) ? before.version() : changed(index);
        index.entries.put(key, new Lease(value, System.nanoTime() + ttl.toNanos(), version));
        return index.version;
    }

    synchronized void end(String name, String key) {
        Index index = current(name);
        if (index.entries.remove(key) != null) {
            changed(index);
        }
    }

    synchronized Leases look(String name, long since) {
        Index index = current(name);
        if (index.version == since) {
            return Leases.unchanged(since);
        }
        return new Leases(
                index.version,
                index.entries.keySet(),
                index.entries.entrySet().stream()
                        .filter(entry -> entry.getValue().version() > since || index.version < since)
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, entry -> entry.getValue().value())));
    }

    synchronized void forget() {
        indexes.clear();
    }

    private Index current(String name) {
        Index index = indexes.computeIfAbsent(name, any -> new Index());
        long now = System.nanoTime();
        if (index.entries.values().removeIf(lease -> lease.expiresAt() - now <= 0)) {
            changed(index);
        }
        return index;
    }

    /** Goes on after everything was forgotten, as a clock does. */
    private long changed(Index index) {
        index.version = ++clock;
        return clock;
    }
}

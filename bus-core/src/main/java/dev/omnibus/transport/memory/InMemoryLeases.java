package dev.omnibus.transport.memory;

import dev.omnibus.transport.LeaseUpdate;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Entries that expire unless renewed, with the versions that Redis' clock gives them there. Thread-safe. */
final class InMemoryLeases {

    private static final int MAX_REMEMBERED = 1_000; // of those that are gone

    private record Lease(byte[] value, long expiresAt, long version) {}

    private record Gone(long version, long noticed) {}

    private static final class Index {

        private final Map<String, Lease> entries = new HashMap<>();
        private final Map<String, Gone> gone = new LinkedHashMap<>(); // by key
        private long remembered; // the version since which all that are gone are known
        private long version;

        Index(long begins) {
            remembered = begins;
            version = begins;
        }
    }

    private final LongSupplier nanoTime;
    private final Map<String, Index> indexes = new HashMap<>(); // guarded by this
    private long clock; // guarded by this

    InMemoryLeases(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized long renew(String name, String key, byte[] value, Duration ttl) {
        Index index = current(name);
        @Nullable Lease before = index.entries.get(key);
        long version = before != null && Arrays.equals(before.value(), value) ? before.version() : changed(index);
        index.entries.put(key, new Lease(value, nanoTime.getAsLong() + ttl.toNanos(), version));
        index.gone.remove(key);
        return index.version;
    }

    synchronized void end(String name, String key) {
        Index index = current(name);
        if (index.entries.remove(key) != null) {
            gone(index, key);
        }
    }

    synchronized LeaseUpdate read(String name, long since) {
        Index index = current(name);
        boolean all = since == 0 || since > index.version || since < index.remembered;
        if (!all && index.version == since) {
            return LeaseUpdate.unchanged(since);
        }
        Map<String, byte[]> changed = new HashMap<>();
        index.entries.forEach((key, lease) -> {
            if (all || lease.version() > since) {
                changed.put(key, lease.value());
            }
        });
        Map<String, Duration> gone = new HashMap<>();
        index.gone.forEach((key, end) -> {
            if (!all && end.version() > since) {
                gone.put(key, Duration.ofNanos(nanoTime.getAsLong() - end.noticed()));
            }
        });
        return new LeaseUpdate(index.version, all, changed, gone);
    }

    synchronized void forget() {
        indexes.clear();
    }

    private Index current(String name) {
        Index index = indexes.computeIfAbsent(name, any -> new Index(++clock));
        long now = nanoTime.getAsLong();
        for (Iterator<Map.Entry<String, Lease>> all = index.entries.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<String, Lease> entry = all.next();
            if (entry.getValue().expiresAt() - now <= 0) {
                all.remove();
                gone(index, entry.getKey());
            }
        }
        return index;
    }

    private void gone(Index index, String key) {
        index.gone.remove(key);
        index.gone.put(key, new Gone(changed(index), nanoTime.getAsLong()));
        if (index.gone.size() > MAX_REMEMBERED) {
            Iterator<Gone> eldest = index.gone.values().iterator();
            index.remembered = eldest.next().version();
            eldest.remove();
        }
    }

    /** Goes on after everything was forgotten, as a clock does. */
    private long changed(Index index) {
        index.version = ++clock;
        return clock;
    }
}

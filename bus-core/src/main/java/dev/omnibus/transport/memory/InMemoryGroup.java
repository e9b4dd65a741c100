package dev.omnibus.transport.memory;

import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Buried;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.Streams.DeadLetter;
import dev.omnibus.transport.Streams.Loss;
import dev.omnibus.transport.Streams.TakeOver;
import dev.omnibus.transport.Streams.Turn;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A consumer group of one stream. Guarded by its user. */
final class InMemoryGroup {

    private static final long TAKEN = 0; // instead of the end of a lease: others have begun to take over
    private static final long ADOPTED_MILLIS = 10_000;

    private record Pending(String consumer, long count) {}

    private final InMemoryLog log;
    private final String name;
    private final LongSupplier clock;
    private final NavigableMap<StreamId, Pending> pending = new TreeMap<>();
    private final Map<StreamId, Long> due = new TreeMap<>(); // of what was released
    private final Map<String, Long> leases = new TreeMap<>();
    private final Set<String> extended = new HashSet<>(); // that have had one lease more since they renewed
    private final Set<String> consumers = new HashSet<>();
    private final NavigableMap<StreamId, DeadLetter> dead = new TreeMap<>();
    private StreamId done; // the last that was read
    private @Nullable Loss loss;
    private String reporter = "";
    private String active = ""; // if a single consumer is
    private final Map<String, Long> candidates = new TreeMap<>(); // for that

    InMemoryGroup(InMemoryLog log, String name, StreamId after, LongSupplier clock) {
        this.log = log;
        this.name = name;
        this.done = after;
        this.clock = clock;
    }

    /** Whatever is before it, this group is done with. */
    StreamId oldestNeeded() {
        return pending.isEmpty() ? done.next() : pending.firstKey();
    }

    boolean needs(StreamId id) {
        return id.compareTo(done) > 0 || pending.containsKey(id);
    }

    void lose(StreamId from, StreamId to, long count) {
        pending.headMap(to, true).clear();
        Loss before = loss;
        loss = before == null ? new Loss(from, to, count) : new Loss(before.from(), to, before.count() + count);
    }

    Turn turn(Consumer by, List<StreamId> handled, int count) {
        String consumer = by.name();
        long acknowledged =
                handled.stream().filter(id -> pending.remove(id) != null).count();
        List<StreamEntry> read = new ArrayList<>();
        if (count > 0 && (!by.single() || active.equals(consumer))) {
            consumers.add(consumer);
            read.addAll(log.range(done, count).entries());
            for (StreamEntry entry : read) {
                pending.put(entry.id(), new Pending(consumer, Attempts.NONE.count()));
                done = entry.id();
            }
        }
        return new Turn(acknowledged, read);
    }

    List<StreamEntry> pending(String consumer, StreamId after, int count) {
        List<StreamEntry> found = new ArrayList<>();
        for (StreamId id : List.copyOf(pending.tailMap(after, false).keySet())) {
            Pending held = owned(consumer, id);
            if (held != null && found.size() < count) {
                entry(id, held.count()).ifPresentOrElse(found::add, () -> pending.remove(id));
            }
        }
        return found;
    }

    private @Nullable Pending owned(String consumer, StreamId id) {
        Pending held = pending.get(id);
        return held != null && held.consumer().equals(consumer) ? held : null;
    }

    private Optional<StreamEntry> entry(StreamId id, long count) {
        return Optional.ofNullable(log.entries.get(id)).map(stored -> stored.entry(id, Attempts.of(count)));
    }

    TakeOver takeOver(Consumer by, Duration lease, int most, boolean candidate) {
        String consumer = by.name();
        long now = clock.getAsLong();
        if (!by.single() && isOtherActive(consumer, now)) {
            throw new TransportException(
                    TransportException.Kind.REFUSED,
                    true,
                    "Group " + name + " has a single active consumer, so all have to be one of its kind",
                    null);
        }
        extendAll(now, lease.toMillis());
        extended.remove(consumer);
        boolean otherActive = isOtherActive(consumer, now);
        boolean reads = !by.single() || (!otherActive && (most > 0 || active.equals(consumer)));
        active = by.single() ? (reads ? consumer : active) : "";
        int count = reads ? most : 0;
        Long ends = leases.put(consumer, now + lease.toMillis());
        boolean gone = ends == null || ends == TAKEN;
        if (by.single() && candidate) {
            candidates.put(consumer, now + lease.toMillis());
        } else {
            candidates.remove(consumer);
        }
        candidates.values().removeIf(end -> end <= now);
        consumers.forEach(one -> leases.putIfAbsent(one, now + ADOPTED_MILLIS));
        consumers.add(consumer);
        List<StreamEntry> taken = new ArrayList<>();
        boolean more = by.single() && reads && !takeInOrder(consumer, count, taken);
        for (StreamId id : reads ? List.copyOf(due.keySet()) : List.<StreamId>of()) {
            if (due.getOrDefault(id, 0L) <= now) {
                Pending held = owned(Streams.NOBODY, id);
                if (held != null && taken.size() >= count) {
                    more = true;
                    break;
                }
                due.remove(id);
                if (held != null) {
                    take(id, consumer, held.count(), taken);
                }
            }
        }
        Set<String> removed = new HashSet<>();
        for (Map.Entry<String, Long> other : Map.copyOf(leases).entrySet()) {
            if (reads && other.getValue() <= now && !other.getKey().equals(consumer)) {
                if (takeAll(other.getKey(), consumer, count, taken)) {
                    leases.remove(other.getKey());
                    extended.remove(other.getKey());
                    consumers.remove(other.getKey());
                    removed.add(other.getKey());
                } else {
                    more = true;
                }
            }
        }
        return new TakeOver(gone, taken, more, removed, lossFor(consumer, now), reads, Set.copyOf(candidates.keySet()));
    }

    private boolean isOtherActive(String consumer, long now) {
        return !active.isEmpty() && !active.equals(consumer) && leases.getOrDefault(active, TAKEN) > now;
    }

    /**
     * Where nobody has renewed for two thirds of a lease, nobody could: who is alive does so within a lease from now
     * on. Each has that once until it has renewed: else nobody would be dead to one that is slow itself.
     */
    private void extendAll(long now, long lease) {
        if (leases.values().stream().anyMatch(ends -> ends >= now + lease / 3)) {
            return;
        }
        leases.replaceAll((consumer, ends) -> {
            if (ends == TAKEN || !extended.add(consumer)) {
                return ends;
            }
            candidates.computeIfPresent(consumer, (any, until) -> now + lease);
            return now + lease;
        });
    }

    /** What anybody else has, in the order of the log. False if there was no room for all. */
    private boolean takeInOrder(String consumer, int count, List<StreamEntry> taken) {
        for (Map.Entry<StreamId, Pending> one : List.copyOf(pending.entrySet())) {
            String before = one.getValue().consumer();
            if (!before.equals(consumer)) {
                if (taken.size() >= count) {
                    return false;
                }
                if (before.equals(Streams.NOBODY)) {
                    due.remove(one.getKey());
                    take(one.getKey(), consumer, one.getValue().count(), taken);
                } else {
                    leases.put(before, TAKEN);
                    take(one.getKey(), consumer, suspect(one.getValue()).count(), taken);
                }
            }
        }
        return true;
    }

    private static Attempts suspect(Pending one) {
        Attempts before = Attempts.of(one.count());
        return before.suspect() ? before : new Attempts(true, 0, before.failures());
    }

    /** False if there was no room for all. */
    private boolean takeAll(String dying, String consumer, int count, List<StreamEntry> taken) {
        for (Map.Entry<StreamId, Pending> one : List.copyOf(pending.entrySet())) {
            if (one.getValue().consumer().equals(dying)) {
                if (taken.size() >= count) {
                    return false;
                }
                leases.put(dying, TAKEN);
                take(one.getKey(), consumer, suspect(one.getValue()).count(), taken);
            }
        }
        return true;
    }

    private void take(StreamId id, String consumer, long count, List<StreamEntry> taken) {
        Optional<StreamEntry> entry = entry(id, count);
        if (entry.isPresent()) {
            pending.put(id, new Pending(consumer, count));
            taken.add(entry.get());
        } else {
            pending.remove(id);
        }
    }

    private Optional<Loss> lossFor(String consumer, long now) {
        if (loss == null) {
            return Optional.empty();
        }
        if (leases.getOrDefault(reporter, 0L) <= now) {
            reporter = consumer;
        }
        return reporter.equals(consumer) ? Optional.of(loss) : Optional.empty();
    }

    void lossReported(Loss reported) {
        Loss now = loss;
        if (now != null && now.from().equals(reported.from())) {
            long left = now.count() - reported.count();
            loss = left <= 0 ? null : new Loss(reported.to(), now.to(), left);
            reporter = left <= 0 ? "" : reporter;
        }
    }

    boolean attempted(String consumer, StreamId id, Attempts attempts) {
        if (owned(consumer, id) == null) {
            return false;
        }
        if (!log.entries.containsKey(id)) {
            pending.remove(id);
            return false;
        }
        pending.put(id, new Pending(consumer, attempts.count()));
        return true;
    }

    boolean release(String consumer, StreamId id, Attempts attempts, Duration delay) {
        if (!attempted(consumer, id, attempts)) {
            return false;
        }
        pending.put(id, new Pending(Streams.NOBODY, attempts.count()));
        due.put(id, clock.getAsLong() + delay.toMillis());
        return true;
    }

    boolean leave(String consumer, boolean stays) {
        Map<StreamId, Pending> own = new HashMap<>(pending);
        own.values().removeIf(held -> !held.consumer().equals(consumer));
        own.forEach((id, held) -> release(consumer, id, Attempts.of(held.count()), Duration.ZERO));
        active = active.equals(consumer) ? "" : active;
        if (!stays) {
            candidates.remove(consumer);
            leases.remove(consumer);
            extended.remove(consumer);
            consumers.remove(consumer);
        }
        return true;
    }

    Buried bury(String consumer, StreamId id, Attempts attempts, String reason) {
        if (owned(consumer, id) == null) {
            return Buried.NOT_OWNER;
        }
        InMemoryLog.Stored stored = log.entries.get(id);
        if (stored != null) {
            if (dead.size() >= Streams.MAX_DEAD_LETTERS) {
                pending.put(id, new Pending(consumer, attempts.count()));
                return Buried.FULL;
            }
            StreamId now = new StreamId(clock.getAsLong(), 0);
            StreamId own = dead.isEmpty() || now.compareTo(dead.lastKey()) > 0
                    ? now
                    : dead.lastKey().next();
            dead.put(own, new DeadLetter(own, id, stored.event(), reason, attempts));
        }
        pending.remove(id);
        return Buried.DONE;
    }

    List<DeadLetter> deadLetters(StreamId after, int count) {
        return dead.tailMap(after, false).values().stream().limit(count).toList();
    }

    boolean discard(StreamId letter) {
        return dead.remove(letter) != null;
    }

    /** Where it is in the stream again; empty if there is no such dead letter. */
    Optional<StreamId> redeliver(StreamId letter) {
        DeadLetter found = dead.remove(letter);
        return found == null
                ? Optional.empty()
                : Optional.of(log.add(new InMemoryLog.Stored(found.event(), true, Optional.of(name))));
    }

    StreamStatus.Group status() {
        long now = clock.getAsLong();
        Map<String, Boolean> alive = new HashMap<>();
        consumers.forEach(consumer -> alive.put(consumer, leases.getOrDefault(consumer, 0L) > now));
        Optional<StreamId> oldest =
                pending.isEmpty() ? Optional.ofNullable(log.entries.higherKey(done)) : Optional.of(pending.firstKey());
        long released = pending.values().stream()
                .filter(held -> held.consumer().equals(Streams.NOBODY))
                .count();
        return new StreamStatus.Group(log.after(done), pending.size(), released, oldest, dead.size(), alive);
    }
}

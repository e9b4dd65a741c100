package dev.omnibus.transport.memory;

import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamIds;
import dev.omnibus.transport.StreamSettings;
import dev.omnibus.transport.StreamSettings.WhenFull;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.Description;
import dev.omnibus.transport.Streams.Range;
import dev.omnibus.transport.Streams.Trimmed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One stream, with all that belongs to it, as the scripts have it in Redis. Guarded by its user. */
final class InMemoryLog {

    static final int MAX_TRIMMED = 10_000;

    private static final int ENTRY_BYTES = 25; // beside the event
    private static final int SLACK = 100; // when the oldest go, for as long as nobody trims

    /** An entry without what a group knows of it. */
    record Stored(byte @Nullable [] event, boolean repaired, Optional<String> onlyFor) {

        StreamEntry entry(StreamId id, Attempts attempts) {
            return new StreamEntry(id, event, repaired, onlyFor, attempts);
        }

        int bytes() {
            return event == null ? 0 : event.length;
        }
    }

    private record Holder(String name, long expires) {}

    private record Publisher(long last, StreamId id, long from, long expires) {}

    final NavigableMap<StreamId, Stored> entries = new TreeMap<>();
    final Map<String, InMemoryGroup> groups = new TreeMap<>();
    final Map<String, StreamId> positions = new TreeMap<>();
    private final LongSupplier clock; // in ms
    private final Map<String, Publisher> publishers = new HashMap<>();
    private final InMemoryIds ids = new InMemoryIds();
    private final Map<String, Holder> holders = new HashMap<>(); // by role
    private @Nullable Description description;
    private StreamId last = StreamId.EARLIEST;
    private StreamId trimmed = StreamId.EARLIEST;
    private @Nullable String history; // of the server that has it
    private StreamId doubted = StreamId.EARLIEST;
    private long bytes;
    private long untrimmedSince = Long.MIN_VALUE;

    InMemoryLog(LongSupplier clock) {
        this.clock = clock;
    }

    Description open(StreamSettings settings) {
        Description known = description;
        if (known != null) {
            return known;
        }
        String epoch = UUID.randomUUID().toString();
        description = new Description(epoch, settings, false);
        return new Description(epoch, settings, true);
    }

    Optional<Description> describe() {
        return Optional.ofNullable(description);
    }

    StreamId last() {
        return last;
    }

    StreamId doubted(String now, boolean another) {
        if (description != null && !now.equals(history)) {
            doubted = history != null || another ? last : StreamId.EARLIEST;
            history = now;
        }
        return doubted;
    }

    /** Appends what is new, and notifies of it: of the last position, if there is one. */
    AppendResult append(Append append, java.util.function.Consumer<Optional<StreamId>> appended) {
        Description known = description;
        if (known == null || !known.epoch().equals(append.epoch())) {
            return new AppendResult.OtherEpoch();
        }
        long now = clock.getAsLong();
        Publisher before = publishers.get(append.publisher());
        before = before == null || before.expires() <= now ? null : before;
        long known0 = before == null ? 0 : before.last();
        int count = append.entries().size();
        if (append.first() > known0 + 1 && !append.gapAllowed()) {
            return new AppendResult.Hole(known0);
        }
        long expires = now + Streams.PUBLISHER_REMEMBERED.toMillis();
        long lastKnown = count > 0 ? Math.max(known0, append.first() - 1) : known0;
        long skipped = lastKnown - append.first() + 1;
        List<String> names = append.ids().map(StreamIds::each).orElse(List.of());
        ids.expire(now);
        if (count == 0 || skipped >= count) {
            if (before != null) {
                publishers.put(append.publisher(), new Publisher(before.last(), before.id(), before.from(), expires));
            }
            return new AppendResult.Appended(
                    lastKnown,
                    Optional.ofNullable(before).map(Publisher::id),
                    before == null ? 0 : before.from(),
                    known(append.first(), names));
        }
        long added = names.isEmpty()
                ? count - skipped
                : names.stream()
                        .skip(skipped)
                        .distinct()
                        .filter(name -> ids.find(name).isEmpty())
                        .count();
        if (added > 0 && entries.size() + added > limit(known.settings())) {
            return new AppendResult.Full();
        }
        Optional<StreamId> newest = Optional.empty();
        StreamId id = last;
        long from = lastKnown + 1;
        boolean apart = false; // the position before this one belongs to another publisher's entry
        for (int i = (int) skipped; i < count; i++) {
            Optional<StreamId> there = names.isEmpty() ? Optional.empty() : ids.find(names.get(i));
            if (there.isPresent() || apart) {
                from = append.first() + i;
            }
            apart = there.isPresent();
            if (there.isPresent()) {
                id = there.get();
            } else {
                id = newest.map(StreamId::next).orElseGet(this::nextId);
                newest = Optional.of(id);
                add(id, new Stored(append.entries().get(i), append.repaired(), Optional.empty()));
                if (!names.isEmpty()) {
                    ids.add(names.get(i), id, append.ids().orElseThrow().window(), now);
                }
            }
        }
        long end = append.first() + count - 1;
        publishers.put(append.publisher(), new Publisher(end, id, from, expires));
        appended.accept(newest);
        return new AppendResult.Appended(end, Optional.of(id), from, known(append.first(), names));
    }

    /** Whether it has what a publisher has appended, as far as a sequence. */
    boolean has(String publisher, long sequence) {
        Publisher known = publishers.get(publisher);
        return known != null && known.last() >= sequence;
    }

    /** The positions of ids, by sequences that begin with the first one. */
    private Map<Long, StreamId> known(long first, List<String> names) {
        Map<Long, StreamId> positions = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            long sequence = first + i;
            ids.find(names.get(i)).ifPresent(there -> positions.put(sequence, there));
        }
        return positions;
    }

    /** Appends one entry, however full it is. */
    StreamId add(Stored entry) {
        StreamId id = nextId();
        add(id, entry);
        return id;
    }

    private void add(StreamId id, Stored entry) {
        entries.put(id, entry);
        last = id;
        bytes += entry.bytes() + ENTRY_BYTES;
    }

    private StreamId nextId() {
        StreamId now = new StreamId(clock.getAsLong(), 0);
        return now.compareTo(last) > 0 ? now : last.next();
    }

    private long fullAt(StreamSettings settings) {
        long max = settings.maxEntries();
        boolean large = 2.0 * bytes > settings.maxBytes();
        return large ? Math.max(1, Math.min(max, (long) ((double) entries.size() * settings.maxBytes() / bytes))) : max;
    }

    private long limit(StreamSettings settings) {
        long fullAt = fullAt(settings);
        return settings.whenFull() == WhenFull.REFUSE ? fullAt : fullAt + Math.max(SLACK, fullAt / 10);
    }

    Range range(StreamId after, int count) {
        List<StreamEntry> found = new ArrayList<>();
        for (Map.Entry<StreamId, Stored> one : entries.tailMap(after, false).entrySet()) {
            if (found.size() == count) {
                break;
            }
            found.add(one.getValue().entry(one.getKey(), Attempts.NONE));
        }
        return new Range(found, trimmed);
    }

    boolean createGroup(String name, StreamId after) {
        StreamId start = after.equals(StreamId.LATEST) ? last : after;
        return groups.putIfAbsent(name, new InMemoryGroup(this, name, start, clock)) == null;
    }

    Trimmed trim(Duration every) {
        Description known = description;
        long now = clock.getAsLong();
        if (known == null || (!every.isZero() && now < untrimmedSince)) {
            return new Trimmed(false, 0, false, 0, 0, 0, Map.of());
        }
        untrimmedSince = now + every.toMillis();
        StreamSettings settings = known.settings();
        Optional<StreamId> safe =
                groups.values().stream().map(InMemoryGroup::oldestNeeded).min(StreamId::compareTo);
        long held = entries.size();
        bound(safe, now - settings.keep().toMillis(), !settings.keep().isZero()).ifPresent(this::removeBefore);
        long fullAt = fullAt(settings);
        if (entries.size() >= fullAt) {
            safe.ifPresent(bound -> removeEldest(bound, Math.max(SLACK, entries.size() - fullAt * 9 / 10)));
        }
        Map<String, Long> lost = new HashMap<>();
        settings.maxAge()
                .ifPresent(age -> drop(
                        entries.headMap(new StreamId(Math.max(0, now - age.toMillis()), 0), false)
                                .size(),
                        lost));
        boolean nobodyWaits = groups.isEmpty() && !settings.keep().isZero();
        if (nobodyWaits || settings.whenFull() == WhenFull.DROP_OLDEST) {
            drop((int) Math.max(0, entries.size() - fullAt), lost);
        }
        return new Trimmed(true, held - entries.size(), false, entries.size(), bytes, fullAt, Map.copyOf(lost));
    }

    /** What nobody needs who waits, and is old enough; a follower alone does not say that it may go. */
    private Optional<StreamId> bound(Optional<StreamId> safe, long keptSince, boolean keeps) {
        if (safe.isEmpty() && !keeps) {
            return Optional.empty();
        }
        Optional<StreamId> bound = safe;
        for (StreamId position : positions.values()) {
            bound = Optional.of(
                    bound.filter(other -> other.compareTo(position.next()) < 0).orElse(position.next()));
        }
        if (keeps) {
            StreamId old = new StreamId(Math.max(0, keptSince), 0);
            bound = Optional.of(bound.filter(other -> other.compareTo(old) < 0).orElse(old));
        }
        return bound;
    }

    private void removeBefore(StreamId bound) {
        removeEldest(bound, Long.MAX_VALUE);
    }

    private void removeEldest(StreamId bound, long max) {
        long left = max;
        while (left-- > 0 && !entries.isEmpty() && entries.firstKey().compareTo(bound) < 0) {
            remove();
        }
    }

    private void remove() {
        Map.Entry<StreamId, Stored> eldest = entries.pollFirstEntry();
        trimmed = eldest.getKey();
        bytes -= eldest.getValue().bytes() + ENTRY_BYTES;
    }

    private void drop(int count, Map<String, Long> lost) {
        if (count <= 0) {
            return;
        }
        StreamId from = entries.firstKey();
        Map<String, Long> unread = new HashMap<>();
        for (int i = 0; i < count; i++) {
            StreamId id = entries.firstKey();
            groups.forEach((name, group) -> unread.merge(name, group.needs(id) ? 1L : 0L, Long::sum));
            remove();
        }
        groups.forEach((name, group) -> {
            long needed = unread.getOrDefault(name, 0L);
            if (needed > 0) {
                group.lose(from, trimmed, needed);
                lost.merge(name, needed, Long::sum);
            }
        });
    }

    boolean hold(String role, String holder, Duration lease) {
        long now = clock.getAsLong();
        Holder before = holders.get(role);
        if (before != null && before.expires() > now && !before.name().equals(holder)) {
            return false;
        }
        holders.put(role, new Holder(holder, now + lease.toMillis()));
        return !lease.isZero();
    }

    StreamStatus status() {
        long fullAt = description == null ? 0 : fullAt(description.settings());
        Map<String, StreamStatus.Group> states = new TreeMap<>();
        groups.forEach((name, group) -> states.put(name, group.status()));
        return new StreamStatus(
                entries.size(),
                bytes,
                fullAt,
                entries.isEmpty() ? Optional.empty() : Optional.of(entries.firstKey()),
                last,
                clock.getAsLong(),
                states,
                Map.copyOf(positions),
                true);
    }

    OptionalLong after(StreamId done) {
        return OptionalLong.of(entries.tailMap(done, false).size());
    }
}

package dev.omnibus.transport.memory;

import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Answer;
import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.CallQueues.Cancelled;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.CallQueues.Found;
import dev.omnibus.transport.CallQueues.Renewed;
import dev.omnibus.transport.CallQueues.Taken;
import dev.omnibus.transport.CallQueues.Turn;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.Streams;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One queue of calls, with all that belongs to it, as the scripts have it in Redis. Guarded by its user. */
final class InMemoryCallQueue {

    private static final int MAX_BYTES = 1024 * 1024;
    private static final int MAX_EXAMINED = 512; // in one turn, however many have expired
    private static final int MAX_ASKERS = 16;
    private static final long GRACE_MILLIS = 10_000;
    private static final long CLAIMED_MILLIS = 600_000; // what is not known here
    private static final int MAX_MOVED = 256; // at a time, of what is due
    private static final Duration FOR_EVER = Duration.ofDays(365);
    private static final long KEPT_MILLIS = Duration.ofDays(14).toMillis(); // of what has not ended

    /** An entry of the queue. */
    private record Waiting(String token, byte[] request, long expires, boolean idempotent) {}

    /** Who has an entry, and how often it was begun with this time. */
    private record Owner(String node, int starts) {}

    /** Which node has said that it has a call. */
    private record Claim(String node, long forgotten) {}

    /** What is known of a call. */
    private static final class Known {

        private final Call call;
        private final long begins;
        private final long expires;
        private final Set<String> askers = new LinkedHashSet<>();
        private @Nullable StreamId at; // null as long as it is not in the queue
        private byte @Nullable [] response;
        private long forgotten;
        private boolean answerAlone; // the server has forgotten everything else

        private Known(Call call, long now) {
            this.call = call;
            begins = now + call.delay().toMillis();
            expires = begins + call.expiry().toMillis();
            forgotten = expires + KEPT_MILLIS;
        }
    }

    private final String method;
    private final LongSupplier clock; // in ms
    private final BiConsumer<String, byte[]> inboxes; // of nodes
    private final Runnable notice;
    private final NavigableMap<StreamId, Waiting> entries = new TreeMap<>();
    private final NavigableMap<StreamId, Owner> owners = new TreeMap<>();
    private final Map<String, Known> calls = new HashMap<>();

    /** 0 of one whose calls others have ended; if somebody has seen it ended, until when that is doubted, negative. */
    private final Map<String, Long> leases = new HashMap<>();

    private final Set<String> prolonged = new HashSet<>(); // nodes whose lease is, since they renewed it

    private final Map<String, List<String>> cancelled = new HashMap<>(); // by node
    private final Map<String, Claim> claims = new HashMap<>(); // by token
    private final Supplier<String> history; // of the server
    private String seen; // the history, at the last renewal
    private long rests; // until then nobody takes anything, as another server has taken over
    private long renewed; // by anybody
    private long next = 1;

    InMemoryCallQueue(
            String method,
            Supplier<String> history,
            LongSupplier clock,
            BiConsumer<String, byte[]> inboxes,
            Runnable notice) {
        this.method = method;
        this.history = history;
        this.seen = history.get();
        this.clock = clock;
        this.inboxes = inboxes;
        this.notice = notice;
    }

    private @Nullable Known known(String token) {
        Known known = calls.get(token);
        if (known != null && known.forgotten <= clock.getAsLong() && !isOwned(known)) {
            calls.remove(token);
            claims.remove(token);
            return null;
        }
        return known;
    }

    private boolean isOwned(Known known) {
        return known.response == null && known.at != null && owners.containsKey(known.at);
    }

    private byte[] ending(String token, String node, int code, String text) {
        return ("{\"jsonrpc\":\"2.0\",\"id\":\"" + method + ":" + token + "\",\"meta\":{\"from\":\"" + node
                        + "\"},\"error\":{\"code\":" + code + ",\"message\":\"" + text + "\"}}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private void expire(String token, @Nullable StreamId at) {
        finish(token, at, ending(token, "", -32001, "it expired before it was begun"));
    }

    private void lose(String token, @Nullable StreamId at, String node) {
        finish(token, at, ending(token, node, -32006, "the node that had begun it left or died"));
    }

    /** The one end of a call. */
    private void finish(String token, @Nullable StreamId at, byte[] response) {
        remove(at);
        claims.remove(token);
        Known known = calls.get(token);
        if (known == null) { // the network was emptied
            Duration hour = Duration.ofHours(1);
            Call unknown = new Call(token, response, hour, Duration.ZERO, hour, false, "", 1, "");
            known = new Known(unknown, clock.getAsLong());
            known.answerAlone = true;
            calls.put(token, known);
        }
        if (known.response == null) {
            remove(known.at); // another place if it was enqueued again after the network was emptied
            known.response = response;
            long kept = clock.getAsLong() + known.call.retention().toMillis();
            known.forgotten = known.call.digest().isEmpty() ? kept : Math.max(kept, known.expires);
            known.askers.forEach(asker -> inboxes.accept(asker, response));
        }
    }

    private void remove(@Nullable StreamId at) {
        if (at != null) {
            entries.remove(at);
            owners.remove(at);
        }
    }

    private void add(Known known) {
        StreamId at = new StreamId(clock.getAsLong(), next++);
        known.at = at;
        entries.put(at, new Waiting(known.call.token(), known.call.request(), known.expires, known.call.idempotent()));
    }

    private int moveDue() {
        int moved = 0;
        for (Known known : calls.values()) {
            if (moved < MAX_MOVED && isDelayed(known) && known.begins <= clock.getAsLong()) {
                add(known);
                moved++;
            }
        }
        return moved;
    }

    private static boolean isDelayed(Known known) {
        return known.at == null && known.response == null;
    }

    List<Enqueued> enqueue(List<Call> added) {
        boolean notify = moveDue() > 0;
        List<Enqueued> results = new ArrayList<>();
        for (Call call : added) {
            Known known = known(call.token());
            if (known != null) {
                boolean same = known.answerAlone || known.call.digest().equals(call.digest());
                if (same) {
                    watch(known, call.asker());
                }
                results.add(same ? Enqueued.KNOWN : Enqueued.OTHER_ARGUMENTS);
            } else if (isFull(call.limit())) {
                results.add(Enqueued.FULL);
            } else {
                Known one = new Known(call, clock.getAsLong());
                one.askers.add(call.asker());
                calls.put(call.token(), one);
                if (call.delay().isZero()) {
                    add(one);
                }
                notify = true; // nodes that rest do not know when it is due
                results.add(Enqueued.ADDED);
            }
        }
        if (notify) {
            notice.run();
        }
        return results;
    }

    private long size() {
        return entries.size()
                + calls.values().stream().filter(InMemoryCallQueue::isDelayed).count();
    }

    /** Whether it is, without what has expired and nobody has. */
    private boolean isFull(int limit) {
        if (size() >= limit && !isUnclear()) {
            for (StreamId at : List.copyOf(entries.keySet())) {
                Waiting entry = entries.get(at);
                if (entry != null && holder(entry.token(), at) == null && entry.expires() <= clock.getAsLong()) {
                    expire(entry.token(), at);
                }
            }
        }
        return size() >= limit;
    }

    private static void watch(Known known, String asker) {
        if (!asker.isEmpty() && known.response == null && known.askers.size() < MAX_ASKERS) {
            known.askers.add(asker);
        }
    }

    Renewed renew(String node, Duration lease) {
        long now = clock.getAsLong();
        long ends = leases.getOrDefault(node, 0L);
        boolean standstill = now - renewed > lease.toMillis() / 2; // nobody could
        renewed = now;
        leases.put(node, now + lease.toMillis());
        prolonged.remove(node);
        if (isOfAnother() || standstill) {
            prolong(node, now + lease.toMillis());
        }
        if (isOfAnother()) {
            seen = history.get();
            rests = now + lease.toMillis();
            notice.run();
        }
        List<String> stop = cancelled.remove(node);
        int freed = moveDue();
        Iterator<Map.Entry<String, Long>> all = leases.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<String, Long> one = all.next();
            if (one.getValue() <= now) {
                freed += bury(one.getKey());
                all.remove();
            }
        }
        if (freed > 0) {
            notice.run();
        }
        long held =
                owners.values().stream().filter(one -> one.node().equals(node)).count();
        boolean waiting = entries.keySet().stream().anyMatch(this::isFree);
        boolean suspects =
                owners.values().stream().anyMatch(one -> one.node().equals(Streams.NOBODY) && one.starts() > 1);
        return new Renewed(
                ends == 0,
                stop == null ? List.of() : stop,
                held,
                waiting,
                suspects,
                freed >= MAX_MOVED,
                rests + lease.toMillis() > now ? rests : 0,
                rest());
    }

    /**
     * Who is alive renews within a lease from now on. After a standstill each has that once until it has renewed: else
     * nobody would be dead to one that is slow itself.
     */
    private void prolong(String renewing, long until) {
        leases.replaceAll((node, end) -> {
            boolean shorter = end != 0 && end < until && !node.equals(renewing);
            return shorter && (prolonged.add(node) || isOfAnother()) ? until : end;
        });
        prolonged.retainAll(leases.keySet());
    }

    void claim(String node, List<String> tokens) {
        for (String token : tokens) {
            Known known = known(token);
            boolean ended = known != null && known.response != null;
            boolean free = known == null || known.at == null || isFree(known.at);
            if (!ended && free) {
                claims.put(token, new Claim(node, known == null ? clock.getAsLong() + CLAIMED_MILLIS : Long.MAX_VALUE));
            }
        }
    }

    /** For how long nothing comes up by itself. */
    private Duration rest() {
        if (!entries.isEmpty()) {
            return Duration.ZERO;
        }
        long now = clock.getAsLong();
        return calls.values().stream()
                .filter(InMemoryCallQueue::isDelayed)
                .map(one -> Duration.ofMillis(Math.max(1, one.begins - now)))
                .min(Duration::compareTo)
                .orElse(FOR_EVER);
    }

    private boolean isFree(StreamId at) {
        Owner owner = owners.get(at);
        return owner == null || owner.node().equals(Streams.NOBODY);
    }

    /** Ends and frees what a node had that is gone. */
    private int bury(String dead) {
        int freed = 0;
        for (StreamId at : List.copyOf(owners.keySet())) {
            Owner owner = owners.get(at);
            Waiting entry = entries.get(at);
            if (owner != null && entry != null && owner.node().equals(dead)) {
                freed += bury(at, entry, owner);
            }
        }
        return freed;
    }

    private int bury(StreamId at, Waiting entry, Owner owner) {
        if (!entry.idempotent()) {
            lose(entry.token(), at, owner.node());
        } else if (owner.starts() >= CallQueues.MAX_DEATHS) {
            String why = "it was begun " + owner.starts() + " times, and each time its node died";
            finish(entry.token(), at, ending(entry.token(), owner.node(), -32007, why));
        } else if (owners.containsKey(at)) { // else it has it by its claim alone, and gets it with the next turn
            claims.remove(entry.token());
            owners.put(at, new Owner(Streams.NOBODY, owner.starts() + 1));
            return 1;
        }
        return 0;
    }

    /** Whether it is; perhaps there is no other node that would see it. */
    private boolean isGone(String node) {
        long now = clock.getAsLong();
        long ends = leases.getOrDefault(node, now);
        if (ends <= 0) {
            return -ends <= now;
        }
        if (ends <= now) { // perhaps nobody could renew it
            leases.put(node, -(now + GRACE_MILLIS));
        }
        return false;
    }

    Turn turn(String node, List<Answer> answers, int count, boolean suspectAllowed) {
        List<String> late = new ArrayList<>();
        for (Answer answer : answers) {
            Known known = calls.get(answer.token());
            Owner owner = owners.get(answer.entry());
            boolean isAnother = false;
            if (!isOf(owner, node) && known != null && known.at != null && !known.at.equals(answer.entry())) {
                owner = owners.get(known.at); // it was enqueued again:
                // with a key, long after the first one had ended
                isAnother = !known.call.digest().isEmpty() && !node.equals(claimant(answer.token()));
            }
            boolean ended = known != null && known.response != null;
            boolean free = owner == null || owner.node().equals(Streams.NOBODY); // perhaps the taking was forgotten
            if (isOf(owner, node) || (free && !ended && !isAnother)) {
                finish(answer.token(), answer.entry(), answer.response());
            } else if (known == null || !Arrays.equals(known.response, answer.response())) {
                late.add(answer.token());
            } // else its answer was lost
        }
        boolean lapsed = leases.getOrDefault(node, 0L) <= clock.getAsLong() || isOfAnother();
        if (count > 0 && lapsed) {
            return new Turn(late, List.of(), true, 0, true);
        }
        if (count > 0 && rests > clock.getAsLong()) {
            return new Turn(late, List.of(), false, 0, false);
        }
        List<Taken> taken = new ArrayList<>();
        boolean suspectTaken = !suspectAllowed;
        int room = MAX_BYTES;
        int expired = 0;
        for (StreamId at : free()) {
            if (taken.size() >= count || room <= 0 || taken.size() + expired >= MAX_EXAMINED) {
                return new Turn(late, taken, true, 0, false);
            }
            Waiting entry = Objects.requireNonNull(entries.get(at));
            int starts = starts(at);
            String claimed = claimant(entry.token());
            if (claimed != null && !claimed.equals(node)) {
                claims.remove(entry.token());
                owners.put(at, new Owner(claimed, starts));
                leases.putIfAbsent(claimed, clock.getAsLong() + GRACE_MILLIS);
                continue;
            }
            if (starts > 1 && suspectTaken) {
                continue;
            }
            claims.remove(entry.token());
            if (entry.expires() <= clock.getAsLong() && claimed == null) {
                expired++;
                if (starts > 1) {
                    lose(entry.token(), at, Streams.NOBODY);
                } else {
                    expire(entry.token(), at);
                }
                continue;
            }
            suspectTaken |= starts > 1;
            owners.put(at, new Owner(node, starts));
            room -= entry.request().length;
            taken.add(taken(at, entry, starts));
        }
        return new Turn(late, taken, false, 0, false);
    }

    private @Nullable String claimant(String token) {
        Claim claim = claims.get(token);
        return claim == null || claim.forgotten() <= clock.getAsLong() ? null : claim.node();
    }

    private boolean isOfAnother() {
        return !history.get().equals(seen);
    }

    /** Whether it may not be known here who has what, as another server has taken over. */
    private boolean isUnclear() {
        return isOfAnother() || rests > clock.getAsLong();
    }

    /** Who has a call, also by a claim alone. */
    private @Nullable Owner holder(String token, @Nullable StreamId at) {
        Owner owner = at == null ? null : owners.get(at);
        String claimed = claimant(token);
        if (claimed != null && (owner == null || owner.node().equals(Streams.NOBODY))) {
            return new Owner(claimed, owner == null ? 1 : owner.starts());
        }
        return owner;
    }

    private static boolean isOf(@Nullable Owner owner, String node) {
        return owner != null && owner.node().equals(node);
    }

    private int starts(StreamId at) {
        Owner owner = owners.get(at);
        return owner == null ? 1 : owner.starts();
    }

    /** What nobody has, suspects first. */
    private List<StreamId> free() {
        return entries.keySet().stream()
                .filter(this::isFree)
                .sorted(Comparator.comparing(at -> starts(at) == 1))
                .toList();
    }

    private Taken taken(StreamId at, Waiting entry, int starts) {
        return new Taken(at, entry.token(), entry.request(), entry.expires() - clock.getAsLong(), starts - 1);
    }

    List<Taken> held(String node, StreamId after, int count) {
        List<Taken> held = new ArrayList<>();
        owners.tailMap(after, false).forEach((at, owner) -> {
            Waiting entry = entries.get(at);
            if (entry != null && owner.node().equals(node) && held.size() < count) {
                held.add(taken(at, entry, owner.starts()));
            }
        });
        return held;
    }

    void release(String node, List<StreamId> released) {
        boolean freed = false;
        for (StreamId at : released) {
            Owner owner = owners.get(at);
            if (owner != null && owner.node().equals(node)) {
                owners.put(at, new Owner(Streams.NOBODY, owner.starts()));
                freed = true;
                continue;
            }
            Waiting entry = entries.get(at);
            if (entry != null && isFree(at) && node.equals(claimant(entry.token()))) {
                claims.remove(entry.token());
                freed = true; // it was this node's by its claim alone
            }
        }
        if (freed) {
            notice.run();
        }
    }

    void leave(String node) {
        cancelled.remove(node);
        if (owners.values().stream().anyMatch(owner -> owner.node().equals(node))) {
            leases.put(node, 0L);
        } else {
            leases.remove(node);
        }
    }

    Cancelled cancel(String token) {
        Known known = known(token);
        if (known == null || known.response != null) {
            return known == null ? Cancelled.UNKNOWN : Cancelled.ENDED;
        }
        Owner owner = holder(token, known.at);
        if (owner != null && !owner.node().equals(Streams.NOBODY)) {
            cancelled.computeIfAbsent(owner.node(), any -> new ArrayList<>()).add(token);
            notice.run();
            return Cancelled.ASKED;
        }
        boolean begun = (owner != null && owner.starts() > 1) || isUnclear();
        String why = begun ? "it was cancelled" : "it was cancelled before it was begun";
        finish(token, known.at, ending(token, begun ? Streams.NOBODY : "", -32004, why));
        return Cancelled.REMOVED;
    }

    Found find(String token, String asker) {
        Known known = known(token);
        if (known == null) {
            return new Found(false, null);
        }
        if (known.response == null) {
            close(token, known);
        }
        watch(known, asker);
        return new Found(true, known.response);
    }

    /** If there is an end to see that nobody has written. */
    private void close(String token, Known known) {
        StreamId at = known.at;
        Owner owner = holder(token, at);
        Waiting entry = at == null ? null : entries.get(at);
        if (at != null && owner != null && entry != null && !owner.node().equals(Streams.NOBODY)) {
            if (isGone(owner.node())) {
                leases.put(owner.node(), 0L); // should it come back, it learns that it was gone
                bury(at, entry, owner);
            }
        } else if (known.expires <= clock.getAsLong() && claimant(token) == null && !isUnclear()) {
            if (owner != null && owner.starts() > 1) {
                lose(token, at, Streams.NOBODY);
            } else {
                expire(token, at);
            }
        }
    }
}

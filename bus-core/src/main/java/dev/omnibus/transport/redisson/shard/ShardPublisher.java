package dev.omnibus.transport.redisson.shard;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisClient;
import org.redisson.client.RedisNodeNotFoundException;

/**
 * A publisher on sharded channels: a message goes to the master that owns the slot of its channel, and to no other
 * server, and that one counts all who receive it.
 *
 * <p>When a slot has moved, a publisher may learn of it before the subscribers have followed. So what is to be
 * published there is held until as many have subscribed at the new owner as were counted last, and for a second at
 * most. It goes in the order in which it came, when all that was sent to the owner before is answered. A redirection is
 * no answer: it is certain then that nothing was done, and it is sent to the owner that it names.
 *
 * <p>A replica takes part in the channels of its master, but counts its own subscribers only. So before a zero is
 * reported, the server is asked whether it is the master still. Thread-safe.
 */
public final class ShardPublisher {

    /** The outcome of one publication. */
    public interface Report {

        /** Either how many have received it, or why it has failed. */
        void done(long receivers, @Nullable Throwable failure);
    }

    /** How long subscribers have to follow a slot. */
    private static final Duration FOLLOW = Duration.ofSeconds(1);

    /** Who may not ask for the number of subscribers gives them as long as they need as a rule. */
    private static final Duration FOLLOW_UNSEEN = Duration.ofMillis(250);

    /** Redisson refreshes its table of masters once a second. */
    private static final Duration WITHOUT_OWNER = Duration.ofMillis(2_500);

    private static final Duration PAUSE = Duration.ofMillis(5);
    private static final int SLOTS = 16_384;
    private static final int LOCKS = 64;
    private static final int MAX_COUNTS = 65_536;

    private static final class Sending {

        final long number;
        final int slot;
        final Publication publication;
        final Report report;
        long heldSince; // 0 if it never was

        Sending(long number, int slot, Publication publication, Report report) {
            this.number = number;
            this.slot = slot;
            this.publication = publication;
            this.report = report;
        }
    }

    /** What is to be published in a slot that has moved. */
    private static final class Hold {

        final int slot;
        final long since = System.nanoTime();
        final Queue<Sending> waiting = new PriorityQueue<>(Comparator.comparingLong((Sending one) -> one.number));
        final Set<String> followed = new HashSet<>(); // channels; used on the event loop only

        @Nullable
        RedisClient followedTo;

        boolean busy; // it goes on by itself

        Hold(int slot) {
            this.slot = slot;
        }
    }

    private final Masters masters;
    private final ShardOwners owners;
    private final AtomicLong numbers = new AtomicLong();
    private final Object[] locks = new Object[LOCKS]; // by slot
    private final AtomicReferenceArray<@Nullable RedisClient> places =
            new AtomicReferenceArray<>(SLOTS); // where was published last
    private final AtomicIntegerArray inFlight = new AtomicIntegerArray(SLOTS); // guarded by the lock of the slot
    private final Map<Integer, Hold> holds = new ConcurrentHashMap<>(); // each guarded by the lock of its slot
    private final Map<String, Long> counts = new ConcurrentHashMap<>(); // of receivers, the last ones

    public ShardPublisher(Masters masters, ShardOwners owners) {
        this.masters = masters;
        this.owners = owners;
        for (int i = 0; i < LOCKS; i++) {
            locks[i] = new Object();
        }
    }

    /** Publishes, or has it wait for its turn. Its outcome is reported on whichever thread it becomes known. */
    public void publish(Publication publication, Report report) {
        int slot = masters.slot(publication.channel());
        Sending sending = new Sending(numbers.incrementAndGet(), slot, publication, report);
        RedisClient owner = owners.of(slot);
        CompletableFuture<Long> answer = null;
        synchronized (lock(slot)) {
            RedisClient before = places.get(slot);
            if (owner != null && (before == null || before == owner) && !holds.containsKey(slot)) {
                answer = send(sending, owner);
            } else {
                hold(sending);
            }
        }
        if (answer == null || owner == null) {
            goOn(slot);
        } else {
            whenAnswered(sending, owner, answer);
        }
    }

    private void whenAnswered(Sending sending, RedisClient owner, CompletableFuture<Long> answer) {
        answer.whenComplete((receivers, failure) -> {
            try {
                answered(sending, owner, receivers, failure);
            } catch (Throwable t) { // Redisson would keep it to itself, and nothing more would be sent on that channel
                sending.report.done(0, t);
            }
        });
    }

    private Object lock(int slot) {
        return locks[slot % LOCKS];
    }

    /** Guarded by the lock of the slot. */
    private CompletableFuture<Long> send(Sending sending, RedisClient owner) {
        places.set(sending.slot, owner);
        inFlight.incrementAndGet(sending.slot);
        try {
            return masters.publishSharded(owner, sending.publication.channel(), sending.publication.frame());
        } catch (RuntimeException e) { // shut down at this moment
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Guarded by the lock of the slot. */
    private void hold(Sending sending) {
        if (sending.heldSince == 0) {
            sending.heldSince = System.nanoTime();
        }
        holds.computeIfAbsent(sending.slot, Hold::new).waiting.add(sending);
    }

    private void answered(Sending sending, RedisClient owner, Long receivers, @Nullable Throwable failure) {
        int slot = sending.slot;
        String elsewhere = failure == null ? null : RedissonInternals.movedTo(failure);
        boolean again = elsewhere != null || (failure != null && RedissonFailures.isWithoutMaster(failure));
        if (elsewhere != null) {
            owners.moved(slot, elsewhere);
        }
        synchronized (lock(slot)) {
            inFlight.decrementAndGet(slot);
            if (again) {
                hold(sending);
            }
        }
        if (!holds.isEmpty() && holds.containsKey(slot)) {
            goOn(slot);
        }
        if (again) {
            return;
        }
        if (failure != null) {
            sending.report.done(0, failure);
            return;
        }
        note(sending.publication.channel(), receivers);
        if (receivers == 0) {
            owners.confirms(owner, slot)
                    .whenComplete((master, unknown) ->
                            sending.report.done(Boolean.TRUE.equals(master) ? 0 : 1, null)); // some may be elsewhere
        } else {
            sending.report.done(receivers, null);
        }
    }

    private void note(String channel, long receivers) {
        Long before = counts.get(channel);
        if (before == null || before != receivers) {
            if (counts.size() > MAX_COUNTS) {
                counts.clear();
            }
            counts.put(channel, receivers);
        }
    }

    private void goOn(int slot) {
        try {
            masters.eventLoop().execute(() -> step(slot));
        } catch (RejectedExecutionException closed) {
            // and all that is held was failed
        }
    }

    /** Sends what is held, if it is time. On the event loop, where one does not meet another. */
    private void step(int slot) {
        Hold hold;
        Sending next;
        synchronized (lock(slot)) {
            hold = holds.get(slot);
            if (hold == null || hold.busy || inFlight.get(slot) > 0) {
                return; // what is in flight goes on with it
            }
            next = hold.waiting.peek();
            if (next == null) {
                holds.remove(slot);
                return;
            }
        }
        RedisClient owner = owners.of(slot);
        if (owner == null) {
            waitForOwner(hold, next);
        } else if (hasFollowed(hold, owner, next)) {
            sendFollowed(hold, owner);
        } else {
            askWhoHasFollowed(hold, owner, next);
        }
    }

    private void waitForOwner(Hold hold, Sending next) {
        if (System.nanoTime() - next.heldSince < WITHOUT_OWNER.toNanos()) {
            hold.busy = true;
            later(hold, PAUSE, () -> {});
            return;
        }
        synchronized (lock(hold.slot)) {
            hold.waiting.remove(next);
        }
        goOn(hold.slot);
        next.report.done(0, new RedisNodeNotFoundException("Slot " + hold.slot + " has no owner"));
    }

    private boolean hasFollowed(Hold hold, RedisClient owner, Sending next) {
        if (hold.followedTo != owner) {
            hold.followedTo = owner;
            hold.followed.clear();
        }
        return hold.followed.contains(next.publication.channel());
    }

    private void askWhoHasFollowed(Hold hold, RedisClient owner, Sending next) {
        String channel = next.publication.channel();
        long expected = counts.getOrDefault(channel, 1L);
        hold.busy = true;
        subscribers(owner, channel).whenComplete((number, failure) -> {
            long waited = System.nanoTime() - hold.since;
            boolean enough = failure == null ? number >= expected : waited > FOLLOW_UNSEEN.toNanos();
            boolean followed = enough || waited > FOLLOW.toNanos();
            later(hold, followed ? Duration.ZERO : PAUSE, () -> {
                if (followed && hold.followedTo == owner) {
                    hold.followed.add(channel);
                }
            });
        });
    }

    private void later(Hold hold, Duration delay, Runnable note) {
        try {
            var unused = masters.eventLoop()
                    .schedule(
                            () -> {
                                note.run();
                                hold.busy = false;
                                step(hold.slot);
                            },
                            delay.toMillis(),
                            TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closed) {
            // and all that is held was failed
        }
    }

    private CompletableFuture<Long> subscribers(RedisClient owner, String channel) {
        try {
            return masters.shardSubscribers(owner, channel);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** All at once, and those that come from now on go behind them: one by one they might never have an end. */
    private void sendFollowed(Hold hold, RedisClient owner) {
        Map<Sending, CompletableFuture<Long>> answers = new LinkedHashMap<>();
        synchronized (lock(hold.slot)) {
            Sending next = hold.waiting.peek();
            while (next != null && hold.followed.contains(next.publication.channel())) {
                hold.waiting.remove();
                answers.put(next, send(next, owner));
                next = hold.waiting.peek();
            }
            if (next == null) {
                holds.remove(hold.slot);
            }
        }
        answers.forEach((sent, answer) -> whenAnswered(sent, owner, answer));
    }
}

package dev.omnibus.transport.redisson.cluster;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import dev.omnibus.transport.redisson.subscription.SlotMigration;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * A correction of the counts of receivers in a cluster, where each server counts its own subscribers only.
 *
 * <p>While a slot moves, publishers and subscribers follow it one after the other: the server that a publisher has
 * followed to may not have all subscribers of the channel yet, and those receive it nevertheless. Of the server before
 * and the one after, one always has all of them, see {@link SlotMigration}. So when a count is zero, or was taken soon
 * after the channel has moved, all servers are asked, and the largest number is the true one. One that is silent is
 * left out until it answers, and until then zero is never certain.
 *
 * <p>Soon after a replica took over, a zero is not trusted, see {@link MasterTenure}.
 *
 * <p>Thread-safe.
 */
public final class ClusterCounts {

    /** Events without receivers are published without asking all servers every time. */
    private static final Duration REMEMBERED = Duration.ofMillis(20);

    /** A server that is silent must not hold up all that is published on the others. */
    private static final Duration MAX_WAIT = Duration.ofMillis(200);

    private static final int MAX_REMEMBERED = 1_000;
    private static final int SLOTS = 16_384;

    private static final Object NOWHERE = new Object(); // while no master has the slot

    private record Place(Object master, long since) {}

    private final Masters masters;
    private final AtomicReferenceArray<Place> places =
            new AtomicReferenceArray<>(SLOTS); // channels move with their slot
    private final Map<String, Long> unheard = new ConcurrentHashMap<>();
    private final Set<Object> silent = ConcurrentHashMap.newKeySet();
    private final MasterTenure masterTenure;

    public ClusterCounts(Masters masters, MasterTenure masterTenure) {
        this.masters = masters;
        this.masterTenure = masterTenure;
    }

    /** Checks a count, and reports the right one, on the thread that asks or on one of Redisson's. */
    public void verify(String channel, long counted, boolean mustBeExact, Consumer<Long> report) {
        boolean newMaster = counted == 0 && masterTenure.hasNewMaster(channel);
        boolean known = counted > 0
                ? !(mustBeExact && isUnsettled(channel))
                : !mustBeExact && !newMaster && wasUnheard(channel);
        if (known || (newMaster && !mustBeExact)) {
            report.accept(newMaster ? 1 : counted);
            return;
        }
        Set<Object> leftOut = Set.copyOf(silent); // one may answer at last while the others are asked
        Map<Object, CompletableFuture<Long>> asked = askAllBut(leftOut, channel);
        Collection<CompletableFuture<Long>> counts = asked.values();
        CompletableFuture<Void> all = CompletableFuture.allOf(counts.toArray(CompletableFuture[]::new));
        boolean everybody = leftOut.isEmpty();
        limit(all);
        all.whenComplete((done, failure) -> {
            long largest = counts.stream()
                    .filter(count -> count.isDone() && !count.isCompletedExceptionally())
                    .mapToLong(CompletableFuture::join)
                    .max()
                    .orElse(0);
            if (failure != null) {
                asked.forEach(this::leaveOut);
            }
            if (failure == null && everybody && largest == 0 && counted == 0) {
                rememberUnheard(channel);
            }
            // A server that does not answer may have one: a zero could have the work done twice.
            boolean sure = failure == null && everybody && !masterTenure.hasNewMaster(channel);
            report.accept(Math.max(Math.max(counted, largest), sure ? 0 : 1));
        });
    }

    /** On the thread that reads and writes, without which there would be no answers either. */
    private void limit(CompletableFuture<Void> all) {
        if (all.isDone()) {
            return;
        }
        try {
            Future<?> wait = masters.eventLoop()
                    .schedule(
                            () -> all.completeExceptionally(new TimeoutException()),
                            MAX_WAIT.toMillis(),
                            TimeUnit.MILLISECONDS);
            all.whenComplete((done, failure) -> wait.cancel(false));
        } catch (RejectedExecutionException ended) {
            all.completeExceptionally(ended);
        }
    }

    private Map<Object, CompletableFuture<Long>> askAllBut(Set<Object> leftOut, String channel) {
        Map<Object, CompletableFuture<Long>> asked = new HashMap<>();
        for (Object master : masters.all()) {
            if (!leftOut.contains(master)) {
                asked.put(master, masters.subscribers(master, channel));
            }
        }
        return asked;
    }

    /** A server that has not answered in time is not asked again, and waited for, before that question has an end. */
    private void leaveOut(Object master, CompletableFuture<Long> count) {
        if (!count.isDone() && silent.add(master)) {
            count.whenComplete((late, failure) -> silent.remove(master));
        }
    }

    /** Which is equal for channels that have the same master now. */
    public Object master(String channel) {
        Object master = masters.of(channel);
        return master == null ? NOWHERE : masters.server(master);
    }

    private boolean isUnsettled(String channel) {
        Object now = masters.of(channel);
        if (now == null) {
            return true;
        }
        int slot = masters.slot(channel);
        Place place = places.get(slot);
        if (place == null || place.master != now) {
            place = new Place(now, System.nanoTime());
            places.set(slot, place);
        }
        return System.nanoTime() - place.since < MasterTenure.UNSETTLED.toNanos();
    }

    private boolean wasUnheard(String channel) {
        Long since = unheard.get(channel);
        return since != null && System.nanoTime() - since < REMEMBERED.toNanos();
    }

    private void rememberUnheard(String channel) {
        long now = System.nanoTime();
        if (unheard.size() > MAX_REMEMBERED) {
            unheard.values().removeIf(since -> now - since >= REMEMBERED.toNanos());
        }
        unheard.put(channel, now);
    }
}

package dev.omnibus.transport.redisson.subscription;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.connection.PendingCommands;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Kept;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.redisson.api.RPatternTopic;
import org.redisson.api.RTopic;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisTimeoutException;
import org.redisson.client.codec.ByteArrayCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscriptions of one Redisson client, and a supervisor that restores those that are lost.
 *
 * <p>Redisson repeats its subscriptions after a reconnect without looking at the answers. One that Redis refused then,
 * for instance because of its access control list, would stay deaf for ever, and every new listener of that name with
 * it; only removing all of its listeners and adding one again restores it. That is done here about once a second, until
 * the subscription stands or is not wanted any more.
 */
public final class Subscriptions implements SubscriptionDecoder.Observer {

    private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);
    private static final Duration RETRY_DELAY = Duration.ofMillis(800);

    /** Publishers check once a second for slots that have moved. */
    private static final Duration OVERLAP = Duration.ofSeconds(3);

    /** Far longer than an attempt to restore one takes. */
    private static final int FORGOTTEN_SECONDS = 15;

    /** Redis confirms so many in time, which thousands at once are not; the others wait here, where no time runs. */
    private static final int UNDER_WAY = 1_000;

    /** One subscription on this client. */
    private static final class Held {

        final Subscribed subscribed;
        final CompletableFuture<Void> first = new CompletableFuture<>();
        final long wanted = System.nanoTime();
        volatile long deadline; // since it was first asked of Redis
        volatile @Nullable Object listener; // which of those added to Redisson is the one, should there be several
        volatile @Nullable LongSupplier arrived; // bytes on the connection on which it was confirmed last
        volatile boolean cut; // there it stands no more, though that was not asked for
        volatile boolean stood; // confirmed before, so that the next confirmation ends an interruption
        volatile boolean stands;
        volatile long lastTry = System.nanoTime(); // to heal it
        volatile @Nullable SlotMigration overlap; // while it moves from one server to another
        volatile boolean keptOn; // it has moved back to a server on which it stood all the time

        Held(Subscribed subscribed, boolean stood) {
            this.subscribed = subscribed;
            this.stood = stood;
        }
    }

    private final RedissonClient client;
    private final PendingCommands answers;
    private final ScheduledExecutorService timer;
    private final boolean manyServers;
    private final Future<?> healing;
    private final KeyedSerializer turns = new KeyedSerializer();
    private final KeyedSerializer lanes = new KeyedSerializer();
    private final AtomicInteger lane = new AtomicInteger();
    private final Map<Subscribed, Held> held = new ConcurrentHashMap<>();
    private final Map<String, Held> byName = new ConcurrentHashMap<>(); // what the client has listeners for
    private volatile long lastAnswered = System.nanoTime();
    private volatile Runnable whenStuck = () -> {};

    public Subscriptions(
            RedissonClient client, PendingCommands answers, ScheduledExecutorService timer, boolean manyServers) {
        this.client = client;
        this.answers = answers;
        this.timer = timer;
        this.manyServers = manyServers;
        this.healing = timer.scheduleWithFixedDelay(
                this::healWhatIsForgotten, FORGOTTEN_SECONDS, FORGOTTEN_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Subscribes, once however often it is asked: a reconnect may ask for what is being subscribed at the same time,
     * and a second Redisson listener would double every frame.
     */
    public CompletableFuture<Void> subscribe(Subscribed wanted) {
        Held mine = new Held(wanted, false);
        Held before = held.putIfAbsent(wanted, mine);
        if (before != null) {
            return before.first;
        }
        turns.take(wanted.name(), () -> begin(mine, () -> listenUnlessHopeless(mine)))
                .whenComplete((done, failure) -> {
                    if (failure == null) {
                        mine.first.complete(null);
                    } else {
                        held.remove(wanted, mine);
                        byName.remove(wanted.name(), mine);
                        mine.first.completeExceptionally(RedissonFailures.subscribe(wanted.name(), failure));
                    }
                });
        return mine.first;
    }

    /**
     * Subscribes to what stood on the client before, and keeps trying; its listener is notified when it stands. The
     * future completes after the first attempt, however that ended.
     */
    public CompletableFuture<Void> carryOver(Subscribed wanted) {
        Held mine = new Held(wanted, true);
        Held before = held.putIfAbsent(wanted, mine);
        if (before != null) {
            return before.first.handle((done, failure) -> null);
        }
        turns.take(wanted.name(), () -> heal(mine)).whenComplete((done, failure) -> mine.first.complete(null));
        return mine.first;
    }

    public CompletableFuture<Void> unsubscribe(Subscribed unwanted) {
        unwanted.end();
        CompletableFuture<Void> done = turns.take(unwanted.name(), () -> {
            Held mine = held.remove(unwanted);
            return mine != null && byName.remove(unwanted.name(), mine)
                    ? remove(unwanted.name(), unwanted.pattern()).whenComplete((gone, failure) -> mine.listener = null)
                    : CompletableFuture.completedFuture(null);
        });
        return RedissonFailures.named(
                "unsubscribe from " + unwanted.name(),
                done.exceptionallyCompose(failure -> answers.isClosed() // with the client its subscriptions go as well
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(failure)));
    }

    @Override
    public void confirmed(String name, boolean pattern, LongSupplier arrived) {
        lastAnswered = System.nanoTime();
        Held mine = byName.get(name);
        if (mine == null) { // it is not wanted any more: it would be counted by Redis, and deaf
            turns.take(
                    name,
                    () -> byName.containsKey(name)
                            ? CompletableFuture.<Void>completedFuture(null)
                            : remove(name, pattern));
            return;
        }
        mine.arrived = arrived;
        mine.cut = false;
        SlotMigration overlap = mine.overlap;
        if (mine.keptOn) {
            mine.keptOn = false;
        } else if (overlap != null && !overlap.isOver()) {
            overlap.stands(); // nothing was missed: the server before goes on delivering
        } else if (mine.stood && !answers.isClosed()) {
            mine.subscribed.interrupted();
        }
    }

    /**
     * When an answer comes late, Redisson ends what it has not seen begin, and reports that nowhere. When it follows a
     * master or a slot, it begins the subscription elsewhere right after that.
     */
    @Override
    public void ended(String name, LongSupplier arrived) {
        Held mine = byName.get(name);
        if (mine == null || mine.arrived != arrived || !mine.stands || isUnwanted(mine)) {
            return; // it is ended from here, or stands elsewhere
        }
        mine.cut = true;
        SlotMigration overlap = mine.overlap;
        if (overlap != null && !overlap.isOver()) {
            overlap.moved(); // it stands where it stood before, until it stands elsewhere again
        } else {
            later(RETRY_DELAY, () -> healIfCut(mine));
        }
    }

    /** Redisson repeats the subscriptions on the next one, all but those that it was about to end. */
    @Override
    public void lost(LongSupplier arrived) {
        for (Held mine : byName.values()) {
            if (mine.arrived == arrived) {
                mine.cut = true;
                mine.lastTry = System.nanoTime();
            }
        }
    }

    private void healIfCut(Held mine) {
        if (mine.cut && !isUnwanted(mine)) {
            mine.stands = false;
            turns.take(mine.subscribed.name(), () -> heal(mine));
        }
    }

    /**
     * In a cluster a subscription follows its slot. Redisson ends it on the one server before it begins it on the
     * other, and forgets it if that fails; here it stands on both for a while.
     */
    @Override
    public @Nullable Kept keep(String name, Predicate<Kept> letGo) {
        Held mine = byName.get(name);
        if (!manyServers || mine == null || !mine.stands || isUnwanted(mine)) {
            return null; // it is ended from here
        }
        SlotMigration before = mine.overlap;
        if (before != null && !before.isOver()) {
            before.moved();
            return null;
        }
        SlotMigration overlap = new SlotMigration(mine.subscribed);
        mine.overlap = overlap;
        Kept kept = new Kept() {
            @Override
            public void frame(String channel, byte[] frame) {
                if (mine.overlap == overlap && byName.get(name) == mine && !answers.isClosed()) {
                    overlap.onOld(channel, frame);
                }
            }

            @Override
            public void back() {
                mine.keptOn = mine.overlap == overlap && !overlap.isOver();
                mine.overlap = null;
            }

            @Override
            public void gone() {
                if (mine.overlap == overlap && overlap.isStanding()) {
                    overlap.end();
                } else if (mine.overlap == overlap) {
                    mine.overlap = null; // to stand again is the end of an interruption then
                }
            }
        };
        later(OVERLAP, () -> leave(mine, overlap, () -> letGo.test(kept)));
        return kept;
    }

    private void leave(Held mine, SlotMigration overlap, BooleanSupplier letGo) {
        boolean current = mine.overlap == overlap && !isUnwanted(mine);
        if (current && !overlap.isOver() && !overlap.isSettled()) {
            if (!overlap.isStanding()) {
                mine.stands = false;
                turns.take(mine.subscribed.name(), () -> heal(mine));
            }
            later(RETRY_DELAY, () -> leave(mine, overlap, letGo));
            return;
        }
        if (!letGo.getAsBoolean()) {
            later(RETRY_DELAY, () -> leave(mine, overlap, letGo)); // should it not come back after all
            return;
        }
        if (current && !overlap.isOver()) {
            overlap.end();
        }
        later(OVERLAP, () -> {
            if (mine.overlap == overlap) {
                mine.overlap = null;
            }
        });
    }

    private void later(Duration delay, Runnable step) {
        if (!timer.isShutdown()) {
            timer.schedule(step, delay.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void refused(String name, String error) {
        lastAnswered = System.nanoTime();
        Held mine = byName.get(name);
        if (mine != null && mine.stands) { // else the answer is awaited, and reported by Redisson
            mine.stands = false;
            FailureLog.safely(() -> LOG.warn(
                    "Redis refused to subscribe again to {} after a reconnect: {}; it is tried until it succeeds",
                    name,
                    error));
            turns.take(name, () -> heal(mine));
        }
    }

    /** Round robin, so that a new one does not wait behind one that hangs while other lanes are free. */
    private CompletableFuture<Void> begin(Held mine, Supplier<CompletableFuture<Void>> step) {
        String next = Integer.toString(Math.floorMod(lane.getAndIncrement(), UNDER_WAY));
        return lanes.take(next, () -> {
            mine.deadline = System.nanoTime() + RedissonSettings.SUBSCRIBE_TIMEOUT.toNanos();
            return step.get();
        });
    }

    /** One that has waited for others, of which Redis has answered none, need not be asked for as well. */
    private CompletableFuture<Void> listenUnlessHopeless(Held mine) {
        boolean waitedLong = System.nanoTime() - mine.wanted > RedissonSettings.SUBSCRIBE_TIMEOUT.toNanos() / 2;
        return waitedLong && lastAnswered - mine.wanted < 0
                ? CompletableFuture.failedFuture(new RedisTimeoutException("Nothing was answered meanwhile"))
                : listen(mine);
    }

    private CompletableFuture<Void> listen(Held mine) {
        if (isUnwanted(mine)) {
            return CompletableFuture.failedFuture(
                    new TransportException(Kind.CLOSED, true, "Unsubscribed before Redis confirmed it", null));
        }
        byName.put(mine.subscribed.name(), mine);
        return add(mine)
                .handle((done, failure) ->
                        failure == null ? CompletableFuture.<Void>completedFuture(null) : again(mine, failure))
                .thenCompose(Function.identity());
    }

    /**
     * Redisson gives Redis one second to answer, which a machine in trouble does not always make; and it gives up after
     * 100 ms if several names are subscribed at once before there is a connection for them to share.
     */
    private CompletableFuture<Void> again(Held mine, Throwable failure) {
        boolean inTime = System.nanoTime() - mine.deadline < 0;
        boolean worthIt = isUnwanted(mine) || (inTime && RedissonFailures.isTimeout(failure));
        return remove(mine.subscribed.name(), mine.subscribed.pattern())
                .handle((done, stuck) -> worthIt ? listen(mine) : CompletableFuture.<Void>failedFuture(failure))
                .thenCompose(Function.identity());
    }

    /** The next try is lost if there is no memory for it when the one before has failed. */
    private void healWhatIsForgotten() {
        if (answers.isClosed()) {
            boolean unused = healing.cancel(false);
            return;
        }
        try {
            long now = System.nanoTime();
            for (Held mine : held.values()) {
                boolean forgotten = mine.stood
                        && (mine.cut || !mine.stands)
                        && now - mine.lastTry > TimeUnit.SECONDS.toNanos(FORGOTTEN_SECONDS);
                if (forgotten) {
                    mine.stands = false;
                    turns.take(mine.subscribed.name(), () -> heal(mine));
                }
            }
        } catch (Throwable t) { // thrown further, it would not be run again
            FailureLog.error(LOG, t, "Subscriptions could not be checked; they are checked again in a while");
        }
    }

    /** Never fails; tries again later what does not succeed now. */
    private CompletableFuture<Void> heal(Held mine) {
        return begin(mine, () -> healNow(mine));
    }

    /**
     * While its master is silent, Redisson is not asked for one that it had: what it gives up meanwhile, it may forget
     * to unlock.
     */
    private CompletableFuture<Void> healNow(Held mine) {
        if (isUnwanted(mine) || mine.stands) {
            return CompletableFuture.completedFuture(null);
        }
        mine.lastTry = System.nanoTime();
        boolean had = mine.arrived != null;
        return (had ? isAnswered(mine) : CompletableFuture.completedFuture(true))
                .thenCompose(answered -> answered ? beginAnew(mine, had) : CompletableFuture.completedFuture(false))
                .handle((stands, failure) -> {
                    if (!Boolean.TRUE.equals(stands) && !isUnwanted(mine)) {
                        LOG.debug("{} is still not subscribed", mine.subscribed.name(), failure);
                        if (had && failure != null && RedissonFailures.isTimeout(failure)) {
                            isAnswered(mine).thenAccept(answered -> stuck(mine, answered));
                        }
                        later(RETRY_DELAY, () -> turns.take(mine.subscribed.name(), () -> heal(mine)));
                    }
                    return null;
                });
    }

    /** True, or it fails. */
    private CompletableFuture<Boolean> beginAnew(Held mine, boolean had) {
        return remove(mine.subscribed.name(), mine.subscribed.pattern())
                .handle((done, failure) -> had && failure != null && RedissonFailures.isTimeout(failure)
                        ? CompletableFuture.<Void>failedFuture(failure)
                        : listen(mine))
                .thenCompose(Function.identity())
                .thenApply(done -> true);
    }

    /** Any answer will do. */
    private CompletableFuture<Boolean> isAnswered(Held mine) {
        return answers.untilClosed(() -> client.getBucket(mine.subscribed.name(), ByteArrayCodec.INSTANCE)
                        .isExistsAsync()
                        .toCompletableFuture())
                .handle((exists, failure) -> failure == null || !RedissonFailures.isSilence(failure));
    }

    private void stuck(Held mine, boolean answered) {
        if (answered && !isUnwanted(mine) && !mine.stands) {
            FailureLog.safely(() -> LOG.warn(
                    "Redis answers, and yet {} cannot be subscribed to any more; connecting anew",
                    mine.subscribed.name()));
            whenStuck.run();
        }
    }

    /** What to do when only a new client can bring back a subscription that stood. */
    public void whenStuck(Runnable connectsAnew) {
        whenStuck = connectsAnew;
    }

    private boolean isUnwanted(Held mine) {
        return answers.isClosed() || mine.subscribed.isEnded() || held.get(mine.subscribed) != mine;
    }

    private CompletableFuture<Void> add(Held mine) {
        Object listener = new Object();
        mine.listener = listener;
        return answers.untilClosed(
                        () -> mine.subscribed.pattern() ? addPattern(mine, listener) : addExact(mine, listener))
                .thenAccept(id -> {
                    mine.stood = true;
                    mine.stands = true;
                });
    }

    private CompletableFuture<Integer> addExact(Held mine, Object listener) {
        String name = mine.subscribed.name();
        RTopic topic = client.getTopic(name, ByteArrayCodec.INSTANCE);
        return topic.addListenerAsync(byte[].class, (channel, frame) -> received(mine, listener, name, frame))
                .toCompletableFuture();
    }

    private CompletableFuture<Integer> addPattern(Held mine, Object listener) {
        RPatternTopic topic = client.getPatternTopic(mine.subscribed.name(), ByteArrayCodec.INSTANCE);
        return topic.addListenerAsync(
                        byte[].class, (pattern, channel, frame) -> received(mine, listener, channel.toString(), frame))
                .toCompletableFuture();
    }

    /** After a failover Redisson may bring back a listener that was replaced meanwhile; only the latest one counts. */
    private void received(Held mine, Object listener, String channel, byte[] frame) {
        if (mine.listener == listener && !answers.isClosed()) {
            SlotMigration overlap = mine.overlap;
            if (overlap == null) {
                mine.subscribed.frame(channel, frame);
            } else {
                overlap.onNew(channel, frame);
            }
        }
    }

    private CompletableFuture<Void> remove(String name, boolean pattern) {
        return answers.untilClosed(() -> pattern
                ? client.getPatternTopic(name, ByteArrayCodec.INSTANCE)
                        .removeAllListenersAsync()
                        .toCompletableFuture()
                : client.getTopic(name, ByteArrayCodec.INSTANCE)
                        .removeAllListenersAsync()
                        .toCompletableFuture());
    }

    public long arrivedBeside(Subscribed wanted) {
        Held mine = held.get(wanted);
        LongSupplier arrived = mine == null ? null : mine.arrived;
        return arrived == null ? 0 : arrived.getAsLong();
    }

    /** What it holds or is about to do; 0 when nothing is subscribed. */
    public int size() {
        return held.size() + byName.size() + turns.size() + lanes.size();
    }
}

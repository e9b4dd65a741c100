package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.durable.log.Complaints;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A consumer: the part that this node has in a consumer group. It reads in turns, at most one under way: a turn
 * acknowledges what was handled meanwhile and reads what there is room for. What it has taken is its own for as long as
 * its lease stands, which it renews each second, whatever its handlers do. Thread-safe.
 *
 * <p>If the lease has ended all the same, because this process was paused or cut off, others have taken over what it
 * had. Therefore no handler is started while the lease may have ended; and once it is known that it had, what was not
 * started is forgotten, and read again as far as it is still this consumer's.
 */
public final class GroupConsumer<T> extends Reader<T> {

    private static final String RENEW = "renew its lease";
    private static final String READ = "read and acknowledge";
    private static final String REMOVED =
            " was removed, and begins again with the oldest event, as it is consumed here";
    private static final int PAGE = 256;
    private static final int MAX_TAKEN = 128;

    private enum State {
        OPENING,
        OPEN,
        CLOSING,
        ENDED
    }

    private final GroupOptions options;
    private final Consumer consumer;
    private final Streams streams;
    private final Membership membership;
    private final Lease<T> lease;
    private final Handling<T> handling;
    private final Intake<T> intake;
    private final Complaints complaints;
    private final Window<T> window; // guarded by this, like all below
    private State state = State.OPENING;
    private boolean turning; // a turn is under way, or a pause
    private boolean news = true; // there may be something to read
    private boolean recreating; // the group
    private final Activity activity;
    private boolean leaveSent;
    private boolean nothingToLeave; // the group is gone, or is not this consumer's to give back to

    public GroupConsumer(
            TopicLog<T> topic, String group, GroupOptions options, Work<T> work, Dispatcher.Places places) {
        super(topic);
        this.options = options;
        this.streams = topic.streams();
        this.consumer = new Consumer(topic.keys(), group, topic.node(), options.singleActive());
        this.activity = new Activity(consumer.single(), topic.partition(), consumer.name());
        Executor executor = new CallerRunsExecutor(topic.events().executor(Optional.empty(), why -> {}));
        this.membership = new Membership(streams, topic.timing(), consumer);
        this.lease = new Lease<>(this, topic);
        this.complaints = new Complaints(topic, "Consumer group " + group);
        this.handling = new Handling<>(this, topic, options, work, places);
        this.window = new Window<>(options, handling);
        this.intake = new Intake<>(this, topic, handling, executor);
    }

    Consumer consumer() {
        return consumer;
    }

    Complaints complaints() {
        return complaints;
    }

    // Opening

    /** The topic stands, or cannot be opened. */
    public void topicReady(@Nullable Throwable failure) {
        if (failure == null) {
            createGroup(Failures.id(options.start()));
        } else {
            refused(Failures.notOpened(topic.name(), failure));
        }
    }

    private void createGroup(StreamId start) {
        membership.create(start, () -> !isOver(), this::begin, this::refused);
    }

    private void begin() {
        membership.begun(topic.epoch());
        synchronized (this) {
            recreating = false;
            if (state == State.OPENING) {
                state = State.OPEN;
            }
        }
        lease.renew();
    }

    private void refused(TransportException why) {
        isRefused(why);
        boolean open;
        synchronized (this) {
            open = state == State.OPEN;
            state = State.ENDED;
        }
        if (open) {
            topic.reports().onSubscriptionEnded(topic.name(), String.valueOf(why.getMessage()));
        }
        finish();
    }

    /** The group is gone: creates it again, for all that is there now; with the log, if that has begun anew. */
    private void recreate() {
        membership.whetherRemoved(topic, () -> {
            if (forgetAll()) {
                topic.reports().onUnsent(topic.name(), "Consumer group " + consumer.group() + REMOVED);
                createGroup(StreamId.EARLIEST);
            }
        });
    }

    @Override
    public void begunAnew() {
        if (forgetAll()) {
            createGroup(StreamId.EARLIEST);
        }
    }

    /** What this consumer had may be another one's: what was not started is read again, and the rest is doubted. */
    @Override
    public synchronized void failedOver() {
        activity.standBy();
        window.forgetUnstarted();
    }

    /** Forgets all that it has. Returns false if the group is not there yet. */
    private synchronized boolean forgetAll() {
        if (recreating || state != State.OPEN) {
            return false;
        }
        recreating = true;
        activity.standBy();
        lease.forget();
        window.forgetAll();
        handling.beginAnew();
        return true;
    }

    // The lease

    @Override
    public void tick() {
        lease.renew();
        wake();
    }

    /** How much there is room for, as of the rereads until now; empty if it has no lease, or needs none any more. */
    synchronized Optional<Lease.Claim> claim() {
        if (recreating || state == State.OPENING || state == State.ENDED || leaveSent) {
            return Optional.empty();
        }
        if (activity.isSingle() && state == State.OPEN) { // it needs no room: it is read again, from what is its own
            return Optional.of(new Lease.Claim(activity.claims() ? MAX_TAKEN : 0, window.rereads()));
        }
        boolean ownFirst = window.unseen() != null; // there is room for it only once
        int room = state == State.OPEN && !ownFirst ? Math.min(MAX_TAKEN, window.room()) : 0;
        window.reserve(room);
        return Optional.of(new Lease.Claim(room, window.rereads()));
    }

    private synchronized void cancel(int room) {
        window.cancel(room);
    }

    /** The lease stands, and so much was taken over. */
    void renewed(Streams.TakeOver taken, Lease.Claim claim) {
        isReady();
        complaints.succeeded(RENEW);
        boolean again;
        synchronized (this) {
            again = activity.renewed(taken, window);
            if (claim.asked() != window.rereads() && !taken.entries().isEmpty()) {
                window.reread(); // the reread under way may be past these, which are not taken
            }
        }
        if (again) {
            lease.renew();
        }
        if (!activity.isSingle()) {
            intake.take(taken.entries(), claim.asked(), () -> {
                cancel(claim.room());
                if (taken.more() && !taken.entries().isEmpty()) {
                    lease.renew();
                }
            });
        }
        resume();
        turn();
    }

    void notRenewed(TransportException failure, Lease.Claim claim) {
        cancel(activity.isSingle() ? 0 : claim.room());
        if (!failure.notSent()) {
            synchronized (this) {
                window.reread(); // something may have been taken
            }
        }
        if (failure.kind() == Kind.CLOSED) {
            abandon();
        } else if (!isSettled() && failure.kind() != Kind.NO_GROUP && !Failures.mayPass(failure)) {
            refused(failure);
        } else {
            failed(RENEW, failure);
        }
    }

    /** Redis has refused something: perhaps the group is gone, perhaps there is nothing that could be done. */
    private void failed(String action, TransportException failure) {
        boolean gone;
        boolean over;
        synchronized (this) {
            gone = failure.kind() == Kind.NO_GROUP && state == State.OPEN;
            over = state == State.CLOSING && !Failures.mayPass(failure) && failure.kind() != Kind.CLOSED;
            if (over) { // what is being handled still ends, but there is nobody to be notified
                nothingToLeave = true;
                window.forgetEnded();
            }
        }
        if (gone) {
            recreate();
        } else if (over) {
            turn();
        } else {
            complaints.failed(action, failure);
        }
    }

    /** Whether what it has is certainly its own: the lease stands, and the server is the one that gave it. */
    private boolean isCertain() {
        return lease.stands() && topic.history().isCompared();
    }

    /** Starts what had to wait until that is certain. */
    private void resume() {
        boolean waited;
        synchronized (this) {
            waited = activity.isActive() && isCertain() && handling.resume();
        }
        if (waited) {
            handling.start();
        }
    }

    /**
     * Notes that a handler is about to be started.
     *
     * @return false if it must not be: the event is not this node's any more, or it has to wait until that is certain
     */
    boolean mayStart(Held<T> one) {
        boolean wait;
        synchronized (this) {
            if (one.state == Held.State.GONE || state == State.ENDED) {
                handling.left();
                return false;
            }
            wait = !activity.isActive() || !isCertain();
            if (wait) {
                handling.pause(one);
            } else {
                one.state = Held.State.STARTED;
            }
        }
        if (wait) {
            lease.renew();
            topic.history().whenCompared(this::resume);
        }
        return !wait;
    }

    // Reading

    @Override
    public void wake() {
        synchronized (this) {
            news = true;
        }
        resume();
        turn();
    }

    /** Acknowledges and reads, unless that is under way, or there is nothing to do. */
    void turn() {
        handling.start();
        if (leftWithoutAsking()) {
            finish();
            return;
        }
        if (!topic.history().isCompared()) {
            topic.history().compare(); // which wakes it up
            return;
        }
        StreamId own = null;
        List<Held<T>> done;
        int count = 0;
        int number;
        boolean closingNow;
        synchronized (this) {
            if (turning
                    || recreating
                    || nothingToLeave
                    || state == State.OPENING
                    || state == State.ENDED
                    || !isCertain()) {
                return;
            }
            done = window.acknowledge();
            boolean doubted = !done.isEmpty() && done.get(0).doubtful; // then it goes alone
            if (state == State.OPEN && !doubted) {
                int room = window.room();
                own = room > 0 && done.isEmpty() && activity.mayRead() ? window.unseen() : null;
                int share = activity.isSingle() ? room : room - room / 4; // the rest is for a take-over
                count = window.unseen() == null && activity.mayRead() ? share : 0;
            }
            closingNow = isLeaving() && done.isEmpty() && window.isEmpty() && lease.isSettled();
            if (done.isEmpty() && own == null && (count == 0 || !news) && !closingNow) {
                return;
            }
            turning = true;
            window.reserve(own == null ? count : 0);
            number = window.rereads();
            news &= count == 0;
        }
        if (closingNow) {
            leave();
        } else if (own != null) {
            readOwn(own, number);
        } else {
            turn(done, count, number);
        }
    }

    private synchronized boolean leftWithoutAsking() {
        boolean left = nothingToLeave && state == State.CLOSING && window.isEmpty();
        if (left) {
            state = State.ENDED;
        }
        return left;
    }

    private void turn(List<Held<T>> done, int count, int number) {
        List<StreamId> ids = done.stream().map(Held::id).toList();
        streams.turn(consumer, ids, count).whenComplete((turn, failure) -> {
            if (failure != null) {
                cancel(count);
                notTurned(done, Failures.of(failure));
                return;
            }
            membership.answered();
            complaints.succeeded(READ);
            synchronized (this) {
                news |= turn.entries().size() == count && count > 0;
            }
            acknowledged(done, turn.acknowledged());
            intake.take(turn.entries(), number, () -> {
                cancel(count);
                turned();
            });
        });
    }

    private void turned() {
        synchronized (this) {
            turning = false;
        }
        turn();
    }

    private void acknowledged(List<Held<T>> done, long counted) {
        if (counted < done.size() && !done.get(0).perhapsAcknowledged) {
            lease.missing(done);
        }
        synchronized (this) {
            done.forEach(window::forget);
        }
    }

    private void notTurned(List<Held<T>> done, TransportException failure) {
        synchronized (this) {
            window.putBack(done);
            news = true;
            if (!failure.notSent()) {
                done.forEach(one -> one.perhapsAcknowledged = true);
                window.reread(); // what was read is this consumer's, although it has not seen it
            }
        }
        failed(READ, failure);
        membership.again(this::turned);
    }

    /** Reads what this consumer has according to the server, and takes what it does not know of. */
    private void readOwn(StreamId after, int number) {
        streams.pending(consumer, after, PAGE).whenComplete((entries, failure) -> {
            if (failure != null) {
                notTurned(List.of(), Failures.of(failure));
                return;
            }
            intake.takeWhile(entries, number, entry -> advance(entry, number), () -> {
                if (entries.isEmpty()) {
                    seen(number);
                }
                turned();
            });
        });
    }

    private synchronized boolean advance(StreamEntry entry, int number) {
        return window.advance(entry.id(), number);
    }

    private synchronized void seen(int number) {
        window.seen(number);
        news = true;
    }

    /**
     * Takes an entry, its own from now on; false if it is not to be handled, or is read again with what was forgotten.
     */
    synchronized boolean accepts(Held<T> one, boolean skip, int asked) {
        if (state == State.OPENING || state == State.ENDED || asked != window.rereads() || !window.add(one)) {
            return false;
        }
        if (skip) {
            window.ended(one);
            return false;
        }
        window.count(one);
        if (isLeaving()) {
            window.forget(one); // it is given back with the rest
            return false;
        }
        return true;
    }

    // Outcomes

    /** An event was handled: acknowledges it with the next turn. */
    void done(Held<T> one) {
        synchronized (this) {
            if (one.state == Held.State.GONE) {
                return;
            }
            window.ended(one);
            if (nothingToLeave) {
                window.forgetEnded();
            }
        }
        turn();
    }

    /** An event waits to be handled again here. */
    synchronized void waits(Held<T> one) {
        if (one.state != Held.State.GONE) {
            one.state = Held.State.WAITING;
            if (one.doubtful || state != State.OPEN || isLeaving()) {
                window.forget(one); // and is read again if it is still this consumer's
                window.reread();
            }
        }
    }

    /** An event is another one's now, or nobody's. */
    void gone(Held<T> one) {
        synchronized (this) {
            window.forget(one);
        }
        turn();
    }

    /** An event is not this consumer's any more, although a handler was run with it here. */
    void notMine(Held<T> one) {
        lease.missing(List.of(one));
        gone(one);
    }

    synchronized boolean isGone(Held<T> one) {
        return one.state == Held.State.GONE || state == State.ENDED;
    }

    synchronized boolean isClosing() {
        return state == State.CLOSING || state == State.ENDED;
    }

    /** Whether it gives back what it has, as it ends, or as another node is to have this partition. */
    synchronized boolean isLeaving() {
        return isClosing() || activity.isYielding();
    }

    // The end

    @Override
    public void close() {
        boolean never;
        synchronized (this) {
            if (state == State.CLOSING || state == State.ENDED) {
                return;
            }
            never = state == State.OPENING;
            state = never ? State.ENDED : State.CLOSING;
            window.forgetWaiting();
        }
        if (never) {
            finish();
        } else {
            lease.renew();
            turn();
        }
    }

    /** The executor refuses the handlers. */
    void refusedBy(RuntimeException why) {
        if (!isClosing()) {
            String refusal = "the executor of group " + consumer.group() + " refused to run the handler: ";
            topic.reports()
                    .onSubscriptionEnded(topic.name(), refusal + why.getClass().getName());
            close();
        }
    }

    /** Gives back what was not started; called within a turn, until it is answered. */
    private void leave() {
        boolean stays;
        synchronized (this) {
            leaveSent = true;
            stays = state == State.OPEN;
        }
        membership.leave(stays, stays ? this::yielded : this::left, this::abandon);
    }

    private void left() {
        synchronized (this) {
            state = State.ENDED;
        }
        finish();
    }

    /** Another node may have this partition now. */
    private void yielded() {
        synchronized (this) {
            leaveSent = false;
            activity.standBy();
        }
        lease.renew();
        turned();
    }

    private void finish() {
        isEnding();
        handling.close().whenComplete((done, failure) -> hasEnded());
    }

    @Override
    public void abandon() {
        synchronized (this) {
            if (state == State.ENDED) {
                return;
            }
            state = State.ENDED;
        }
        handling.abandon();
        finish();
    }

    @Override
    boolean isHandledHere() {
        return handling.isHandledHere();
    }

    @Override
    String handlerOf() {
        return consumer.group();
    }

    @Override
    public synchronized SubscriptionStats stats() {
        return window.stats();
    }
}

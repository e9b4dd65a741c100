package dev.omnibus.internal.durable;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.SubscribeException;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.durable.Delivery;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
final class GroupConsumer<T> implements OpenTopic.Reader {

    /** What a handler does. */
    @FunctionalInterface
    interface Work<T> {

        /** Handles an event; returns a stage if it is not handled yet. */
        @Nullable
        CompletionStage<?> handle(Event<T> event, Delivery delivery) throws Exception;
    }

    private static final int PAGE = 256;
    private static final int MAX_TAKEN = 128;

    private enum State {
        OPENING,
        OPEN,
        CLOSING,
        ENDED
    }

    private final OpenTopic<T> topic;
    private final GroupOptions options;
    private final Consumer consumer;
    private final Streams streams;
    private final Membership membership;
    private final Lease<T> lease;
    private final Handling<T> handling;
    private final Executor executor;
    private final Intake<T> intake;
    private final CompletableFuture<Void> ready = new GuardedFuture<>();
    private final CompletableFuture<Void> ended = new GuardedFuture<>(this::requireOutside);
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final Window<T> window; // guarded by this, like all below
    private State state = State.OPENING;
    private boolean turning; // a turn is under way, or a pause
    private boolean news = true; // there may be something to read
    private boolean recreating; // the group
    private boolean leaveSent;

    GroupConsumer(OpenTopic<T> topic, String group, GroupOptions options, Work<T> work) {
        this.topic = topic;
        this.options = options;
        this.streams = topic.streams();
        this.consumer = new Consumer(topic.keys(), group, topic.node());
        this.executor = new CallerRunsExecutor(topic.events().executor(Optional.empty(), why -> {}));
        this.membership = new Membership(streams, topic.timing(), consumer);
        this.lease = new Lease<>(this, topic);
        this.handling = new Handling<>(this, topic, options, work);
        this.window = new Window<>(options, handling);
        this.intake = new Intake<>(this, topic, handling, executor);
    }

    Consumer consumer() {
        return consumer;
    }

    // Opening

    /** The topic stands, or cannot be opened. */
    void topicReady(@Nullable Throwable failure) {
        if (failure == null) {
            createGroup(Failures.id(options.start()));
        } else {
            refused(new TransportException(
                    Kind.REFUSED,
                    true,
                    String.valueOf(Failures.of(topic.name(), failure).getMessage()),
                    failure));
        }
    }

    private void createGroup(StreamId start) {
        membership.create(start, () -> !isClosing(), this::begin, this::refused);
    }

    private void begin() {
        synchronized (this) {
            recreating = false;
            if (state == State.OPENING) {
                state = State.OPEN;
            }
        }
        lease.renew();
    }

    private void refused(TransportException why) {
        topic.settle(ready, null, new SubscribeException(why));
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

    /** The group is gone, as Redis was emptied: creates it again, for all that is there now. */
    private void recreate() {
        if (forgetAll()) {
            topic.reports().onReset(topic.name());
            createGroup(StreamId.EARLIEST);
        }
    }

    @Override
    public void begunAnew() {
        if (forgetAll()) {
            createGroup(StreamId.EARLIEST);
        }
    }

    /** What was not started is read again, if it is still this consumer's; now it is known what to doubt. */
    @Override
    public void failedOver() {
        forgetUnstarted();
    }

    /** Forgets all that it has. Returns false if the group is not there yet. */
    private synchronized boolean forgetAll() {
        if (recreating || state != State.OPEN) {
            return false;
        }
        recreating = true;
        lease.forget();
        window.forgetAll();
        return true;
    }

    // The lease

    @Override
    public void tick() {
        synchronized (this) {
            news = true;
        }
        lease.renew();
        turn();
    }

    /** How much there is room for; empty if it has no lease, or needs none any more. */
    synchronized OptionalInt roomToTakeOver() {
        if (recreating || state == State.OPENING || state == State.ENDED || leaveSent) {
            return OptionalInt.empty();
        }
        boolean ownFirst = window.unseen() != null; // there is room for it only once
        return OptionalInt.of(state == State.OPEN && !ownFirst ? Math.min(MAX_TAKEN, window.room()) : 0);
    }

    /** The lease stands, and so much was taken over. */
    void renewed(Streams.TakeOver taken) {
        if (!ready.isDone()) {
            topic.settle(ready, null, null);
        }
        if (!taken.entries().isEmpty()) {
            intake.take(taken.entries(), () -> {
                if (taken.more()) {
                    lease.renew();
                }
            });
        }
        resume();
        turn();
    }

    void notRenewed(TransportException failure) {
        boolean gone;
        synchronized (this) {
            gone = failure.kind() == Kind.NO_GROUP && state == State.OPEN;
            if (!failure.notSent()) {
                window.reread(); // something may have been taken
            }
        }
        if (gone) {
            recreate();
        } else if (failure.kind() == Kind.CLOSED) {
            abandon();
        } else if (!ready.isDone() && (failure.kind() == Kind.NOT_ALLOWED || failure.kind() == Kind.WRONG_TYPE)) {
            refused(failure);
        }
    }

    /** What this consumer had may be another one's: forgets what was not started, and doubts the rest. */
    synchronized void forgetUnstarted() {
        window.forgetUnstarted();
    }

    /** Whether what it has is certainly its own: the lease stands, and the server is the one that gave it. */
    private boolean isCertain() {
        return lease.stands() && topic.history().isCompared();
    }

    /** Starts what had to wait until that is certain. */
    private void resume() {
        List<Held<T>> waited;
        synchronized (this) {
            waited = isCertain() ? window.resumed() : List.of();
        }
        waited.forEach(handling::resume);
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
                boolean unused = handling.left(one);
                return false;
            }
            wait = !isCertain();
            if (wait) {
                window.stall(one);
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
            if (turning || recreating || state == State.OPENING || state == State.ENDED || !isCertain()) {
                return;
            }
            done = window.acknowledge();
            boolean doubted = !done.isEmpty() && done.get(0).doubtful; // then it goes alone
            if (state == State.OPEN && !doubted) {
                int room = window.room();
                own = room > 0 && done.isEmpty() ? window.unseen() : null;
                count = window.unseen() == null ? room : 0;
            }
            closingNow = state == State.CLOSING && done.isEmpty() && window.isEmpty() && lease.isSettled();
            if (done.isEmpty() && own == null && (count == 0 || !news) && !closingNow) {
                return;
            }
            turning = true;
            number = window.rereads();
            news &= count == 0;
        }
        if (closingNow) {
            leave();
        } else if (own != null) {
            readOwn(own, number);
        } else {
            turn(done, count);
        }
    }

    private void turn(List<Held<T>> done, int count) {
        List<StreamId> ids = done.stream().map(Held::id).toList();
        streams.turn(consumer, ids, count).whenComplete((turn, failure) -> {
            if (failure != null) {
                notTurned(done, Failures.of(failure));
                return;
            }
            membership.answered();
            synchronized (this) {
                news |= turn.entries().size() == count && count > 0;
            }
            acknowledged(done, turn.acknowledged());
            if (turn.entries().isEmpty()) {
                turned();
            } else {
                intake.take(turn.entries(), this::turned);
            }
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
            missing(done);
        }
        synchronized (this) {
            done.forEach(window::forget);
        }
    }

    /** Some of these were handled here, and are not pending any more. */
    private void missing(List<Held<T>> some) {
        String first = some.get(0).id().toString();
        String positions = some.size() == 1
                ? first
                : first + " to " + some.get(some.size() - 1).id();
        boolean gone;
        synchronized (this) {
            gone = some.stream().anyMatch(one -> one.doubtful);
            if (!gone) {
                lease.missing(positions);
            }
        }
        if (gone) {
            doubled(positions);
        } else {
            lease.renew();
        }
    }

    /** Another node has taken over what was handled here. */
    void doubled(String positions) {
        topic.reports().onDoubled(topic.name(), consumer.group(), positions);
    }

    private void notTurned(List<Held<T>> done, TransportException failure) {
        boolean gone;
        synchronized (this) {
            window.putBack(done);
            news = true;
            gone = failure.kind() == Kind.NO_GROUP && state == State.OPEN;
            if (!failure.notSent()) {
                done.forEach(one -> one.perhapsAcknowledged = true);
                window.reread(); // what was read is this consumer's, although it has not seen it
            }
        }
        if (gone) {
            recreate();
        }
        membership.again(this::turned);
    }

    /** Reads what this consumer has according to the server, and takes what it does not know of. */
    private void readOwn(StreamId after, int number) {
        streams.pending(consumer, after, PAGE).whenComplete((entries, failure) -> {
            if (failure != null) {
                notTurned(List.of(), Failures.of(failure));
                return;
            }
            intake.takeWhile(entries, entry -> advance(entry, number), () -> {
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

    /** Takes an entry that is this consumer's from now on; false if it is not to be handled. */
    synchronized boolean accepts(Held<T> one, boolean skip) {
        if ((state != State.OPEN && state != State.CLOSING) || !window.add(one)) {
            return false;
        }
        if (skip) {
            window.ended(one);
            return false;
        }
        window.count(one);
        if (state == State.CLOSING) {
            window.forget(one); // it is given back with the rest
            return false;
        }
        return true;
    }

    /** Runs something that may call the program, or hand over to its executor. */
    void execute(Runnable task) {
        executor.execute(task);
    }

    // Outcomes

    /** An event was handled: acknowledges it with the next turn. */
    void done(Held<T> one) {
        synchronized (this) {
            if (one.state == Held.State.GONE) {
                return;
            }
            window.ended(one);
        }
        turn();
    }

    /** An event waits to be handled again here. */
    synchronized void waits(Held<T> one) {
        if (one.state != Held.State.GONE) {
            one.state = Held.State.WAITING;
            if (one.doubtful || state != State.OPEN) {
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
        missing(List.of(one));
        gone(one);
    }

    synchronized boolean isGone(Held<T> one) {
        return one.state == Held.State.GONE;
    }

    synchronized boolean isClosing() {
        return state == State.CLOSING || state == State.ENDED;
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
            topic.reports()
                    .onSubscriptionEnded(
                            topic.name(),
                            "the executor of group " + consumer.group() + " refused to run the handler: "
                                    + why.getClass().getName());
            close();
        }
    }

    /** Gives back what was not started; called within a turn, until it is answered. */
    private void leave() {
        synchronized (this) {
            leaveSent = true;
        }
        membership.leave(
                () -> {
                    synchronized (this) {
                        state = State.ENDED;
                    }
                    finish();
                },
                this::abandon);
    }

    private void finish() {
        topic.ended(this);
        handling.close().whenComplete((done, failure) -> {
            over.complete(null);
            topic.settle(ended, null, null);
        });
    }

    @Override
    public CompletableFuture<Void> end() {
        close();
        return over;
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

    private void requireOutside() {
        if (handling.isHandledHere()) {
            throw new IllegalStateException("The handler of " + consumer.group() + " would wait for its own end, which"
                    + " comes when it returns. Close the subscription without waiting, or wait on another thread");
        }
    }

    // What programs see

    @Override
    public String topic() {
        return topic.name();
    }

    @Override
    public CompletableFuture<Void> ready() {
        return ready.copy();
    }

    @Override
    public CompletableFuture<Void> closed() {
        return ended.copy();
    }

    @Override
    public SubscriptionStats stats() {
        synchronized (this) {
            return window.stats();
        }
    }
}

package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.Timing;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.internal.event.Envelope;
import dev.omnibus.internal.event.OrderingKey;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.TraceContext;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The handling of what a consumer has taken: runs the handlers, and turns what they return or throw into an
 * acknowledgement, a retry or a dead letter. Thread-safe.
 *
 * <p>An event that a node has died with may be what has killed it. Such suspects are started one at a time, and each
 * start is written down first: so of those that a node had when it died, only the one that ran is suspected more.
 */
public final class Handling<T> {

    private static final OrderingKey SAME = Objects.requireNonNull(OrderingKey.of("")); // of all, without keys
    private static final int MAX_STARTS = 3; // of a suspect, without an end
    private static final int LOCAL_FAILURES = 3; // then another node may try
    private static final Duration MAX_LOCAL_DELAY = Duration.ofMinutes(1);
    private static final Duration AGAIN = Duration.ofMillis(500); // what Redis has not answered
    private static final String NOTE = "note what became of an event";
    private static final String BURY = "bury an event";
    private static final String REJECTED = "REJECTED"; // for observers
    private static final Duration DEAD_LETTERS_FULL = Duration.ofMinutes(1);

    private final GroupConsumer<T> consumer;
    private final TopicLog<T> topic;
    private final GroupOptions options;
    private final Work<T> work;
    private final Dispatcher<T> dispatcher;
    private final LongAdder handled = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder retried = new LongAdder();
    private final LongAdder bad = new LongAdder();
    private volatile boolean begunAnew; // else only what may have been run is looked for among what was handled
    private final RecentlyHandled recentlyHandled = new RecentlyHandled(); // guarded by this

    Handling(
            GroupConsumer<T> consumer,
            TopicLog<T> topic,
            GroupOptions options,
            Work<T> work,
            Dispatcher.Places places) {
        this.consumer = consumer;
        this.topic = topic;
        this.options = options;
        this.work = work;
        Executor executor = topic.events().executor(options.executor(), consumer::refusedBy);
        this.dispatcher = new Dispatcher<>(executor, topic.timing()::later, places, this::run);
    }

    // Starting

    /** Has an event handled when it is its turn. */
    void add(Held<T> one) {
        one.key = keyOf(one);
        dispatcher.add(one);
        if (consumer.isGone(one)) { // it was forgotten before it was in its line
            release(one);
            dispatcher.start();
        }
    }

    /** Returns the key of an event; none if that fails, which is reported: then it is handled without an order. */
    private @Nullable OrderingKey keyOf(Held<T> one) {
        if (options.orderingKey().isEmpty() || one.entry().event() == null) {
            return options.singleActive() && options.orderingKey().isEmpty() ? SAME : null;
        }
        Event<T> event = null;
        try {
            event = read(one);
            return OrderingKey.of(options.orderingKey().get().apply(event));
        } catch (IOException | RuntimeException | Error e) {
            if (event != null) { // else it is reported when it is handled
                topic.reports().onHandlerFailed(event, one.bytes(), e);
            }
            return null;
        }
    }

    /** What is ordered keeps its place, here; others may be handled by any node. */
    private boolean isOrdered() {
        return options.singleActive() || options.orderingKey().isPresent();
    }

    private Event<T> read(Held<T> one) throws IOException {
        Event<T> known = one.event;
        if (known != null) {
            return known;
        }
        byte[] bytes = one.entry().event();
        if (bytes == null) {
            throw new IOException("it is no event: it lacks the field of one");
        }
        Envelope envelope = topic.format().envelope(bytes);
        one.envelope = envelope;
        Event<T> event = topic.format().event(envelope);
        one.event = event;
        return event;
    }

    /** Starts nothing until {@link #resume}: neither this one, which is still the next one, nor others. */
    void pause(Held<T> one) {
        dispatcher.pause(one);
    }

    /** With the next {@link #start}, what had to wait is started. Returns false if nothing had to. */
    boolean resume() {
        return dispatcher.resume();
    }

    /** Gives the place of a handler to another one; to be called without a lock. */
    private void leave() {
        dispatcher.left();
        dispatcher.start();
    }

    /** Gives the place of a handler to another one, with the next {@link #start}. */
    void left() {
        dispatcher.left();
    }

    void release(Held<T> one) {
        dispatcher.release(one);
    }

    /** All that wait are about to be released. */
    void forgetWaiting() {
        dispatcher.forgetWaiting();
    }

    void start() {
        dispatcher.start();
    }

    /** Runs on the executor, in a place of the dispatcher. */
    private void run(Held<T> one) {
        if (!consumer.mayStart(one)) {
            if (consumer.isGone(one)) {
                release(one);
            }
            dispatcher.start();
            return;
        }
        Event<T> written = one.event;
        if (one.startWritten && written != null) {
            one.startWritten = false;
            handle(one, written);
            return;
        }
        Event<T> event;
        try {
            event = read(one);
        } catch (IOException | RuntimeException | Error e) { // a user's deserializer may throw anything
            leave();
            misfit(one, e);
            return;
        }
        if ((one.hasRun() || begunAnew) && isKnown(event)) {
            leave();
            topic.reports().onDuplicate(topic.name(), event.source(), event.id());
            done(one);
        } else if (one.attempts.suspect()) {
            runSuspect(one);
        } else {
            handle(one, event);
        }
    }

    /**
     * Writes the start of a suspect before it is run. Its lease may end meanwhile: so it waits again when that is
     * answered, and is run only if it may be started then, too.
     */
    private void runSuspect(Held<T> one) {
        if (one.attempts.starts() >= MAX_STARTS) {
            leave();
            bury(one, "it was being handled when its node ended, " + one.attempts.starts() + " times", false);
            return;
        }
        Attempts started = one.attempts.started();
        topic.streams().attempted(consumer.consumer(), one.id(), started).whenComplete((mine, failure) -> {
            if (failure != null) {
                leave();
                consumer.complaints().failed(NOTE, failure);
                later(AGAIN, one);
            } else if (!mine) {
                leave();
                gone(one);
            } else {
                one.attempts = started;
                one.startWritten = true;
                consumer.waits(one);
                if (consumer.isGone(one)) {
                    release(one);
                    leave();
                    consumer.turn();
                } else {
                    dispatcher.rerun(one);
                }
            }
        });
    }

    private void handle(Held<T> one, Event<T> event) {
        one.begin();
        Map<String, String> outer = TraceContext.enter(event.headers());
        Observers observers = topic.events().observers();
        Observed observed = observers == null
                ? null
                : observers.start(event, topic.name(), one.group()).attempts(one.starts());
        CompletionStage<?> stage;
        try {
            stage = work.handle(event, one);
        } catch (Throwable t) {
            if (t instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            ended(one, event, observed, t);
            return;
        } finally {
            TraceContext.leave(outer);
            if (observed != null) {
                observed.leave();
            }
        }
        if (stage == null) {
            ended(one, event, observed, null);
            return;
        }
        stage.whenComplete((done, failure) ->
                ended(one, event, observed, failure instanceof CompletionException ? failure.getCause() : failure));
    }

    // Outcomes

    private void ended(Held<T> one, Event<T> event, @Nullable Observed observed, @Nullable Throwable failure) {
        leave();
        Duration later = one.isToRetryLater();
        String rejected = one.isRejected();
        if (observed != null) {
            observed.end(
                    rejected != null ? REJECTED : failure == null || later != null ? "" : Observed.FAULT,
                    failure,
                    0,
                    false);
        }
        if (rejected != null) {
            failed.increment();
            one.attempts = one.attempts.ran(); // it has ended, and is no suspect any more
            bury(one, rejected, true);
        } else if (later != null) {
            postpone(one, later);
        } else if (failure == null) {
            handled.increment();
            learn(event);
            done(one);
        } else {
            failed(one, event, failure);
        }
    }

    private void done(Held<T> one) {
        release(one);
        consumer.done(one);
    }

    private void gone(Held<T> one) {
        release(one);
        consumer.gone(one);
    }

    private void misfit(Held<T> one, Throwable why) {
        bad.increment();
        Envelope envelope = one.envelope;
        String problem = envelope == null
                ? "it is no event: " + why.getMessage()
                : topic.format().misfit(envelope, why);
        topic.reports().onBadMessage(topic.name(), problem);
        bury(one, problem, false);
    }

    private void failed(Held<T> one, Event<T> event, Throwable why) {
        Attempts attempts = one.attempts.failed();
        String reason = why.getClass().getName() + ": " + why.getMessage();
        if (attempts.failures() > options.retries()) {
            failed.increment();
            topic.reports().onHandlerFailed(event, one.bytes(), why);
            one.attempts = attempts;
            bury(one, reason, true);
            return;
        }
        Duration delay = Timing.backoff(options.firstDelay(), options.maxDelay(), attempts.failures() - 1);
        if (attempts.failures() % LOCAL_FAILURES == 0 && !isOrdered()) {
            giveAway(one, attempts, delay);
            return;
        }
        write(one, attempts, () -> {
            topic.reports()
                    .onRedelivered(
                            topic.name(), one.group(), one.position().toString(), "its handler has failed: " + reason);
            later(delay, one);
        });
    }

    /** The handler has ended, so the event is no suspect any more; but it has run, whoever handles it next. */
    private void postpone(Held<T> one, Duration delay) {
        Attempts attempts = one.attempts.ran();
        if (delay.compareTo(MAX_LOCAL_DELAY) > 0 && !isOrdered()) {
            giveAway(one, attempts, delay);
        } else if (attempts.equals(one.attempts)) {
            later(delay, one);
        } else {
            write(one, attempts, () -> later(delay, one));
        }
    }

    /** Writes what was tried, until that is answered: only then another node may have it, and knows. */
    private void write(Held<T> one, Attempts attempts, Runnable then) {
        one.attempts = attempts;
        topic.streams().attempted(consumer.consumer(), one.id(), attempts).whenComplete((mine, failure) -> {
            if (failure != null && Failures.mayPass(Failures.of(failure))) {
                ifStillHere(one, () -> topic.timing().later(AGAIN, () -> write(one, attempts, then)));
            } else if (failure == null && !mine) {
                notMine(one);
            } else {
                if (failure != null) {
                    consumer.complaints().failed(NOTE, failure);
                }
                then.run();
            }
        });
    }

    /** Goes on with an event, unless it is not this node's any more: then others with its key may be started. */
    private void ifStillHere(Held<T> one, Runnable then) {
        if (consumer.isGone(one)) {
            release(one);
            consumer.turn();
        } else {
            then.run();
        }
    }

    /** Lets any node have an event, after a while. */
    private void giveAway(Held<T> one, Attempts attempts, Duration delay) {
        one.attempts = attempts;
        release(one, delay, false);
    }

    /** Once an answer is missing, another node may have it: so it is asked for again, and not handled here. */
    private void release(Held<T> one, Duration delay, boolean unanswered) {
        topic.streams()
                .release(consumer.consumer(), one.id(), one.attempts, delay)
                .whenComplete((mine, failure) -> {
                    if (failure == null) {
                        if (mine || unanswered) {
                            gone(one);
                        } else {
                            notMine(one);
                        }
                    } else if (!unanswered && Failures.of(failure).notSent()) {
                        later(delay, one);
                    } else if (consumer.isLeaving()) {
                        gone(one);
                    } else {
                        topic.timing().later(AGAIN, () -> release(one, delay, true));
                    }
                });
    }

    /** The event is not this node's any more, although a handler was run with it here. */
    private void notMine(Held<T> one) {
        release(one);
        consumer.notMine(one);
    }

    /** Has an event handled again here, which keeps its key meanwhile. */
    private void later(Duration delay, Held<T> one) {
        waitFor(delay, one, () -> {
            retried.increment();
            dispatcher.again(one);
        });
    }

    /** Does something with an event later, if it is still this node's. */
    private void waitFor(Duration delay, Held<T> one, Runnable then) {
        consumer.waits(one);
        if (consumer.isGone(one)) {
            release(one);
            consumer.turn();
            return;
        }
        dispatcher.suspend(one);
        dispatcher.start();
        topic.timing().later(delay, then);
    }

    private void bury(Held<T> one, String reason, boolean hasRun) {
        bury(one, reason, hasRun, false);
    }

    private void bury(Held<T> one, String reason, boolean hasRun, boolean unanswered) {
        topic.streams()
                .bury(consumer.consumer(), one.id(), one.attempts, reason)
                .whenComplete((buried, failure) -> {
                    if (failure != null) {
                        consumer.complaints().failed(NOTE, failure);
                        notBuried(one, reason, hasRun, unanswered, Failures.of(failure));
                    } else if (buried == Streams.Buried.FULL) {
                        consumer.complaints()
                                .failed(
                                        BURY,
                                        "its dead letters are full; event " + one.position()
                                                + " waits for room, and others" + " after it: " + reason);
                        waitFor(DEAD_LETTERS_FULL, one, () -> {
                            if (!consumer.isGone(one)) {
                                bury(one, reason, hasRun); // its handler has had its say
                            }
                        });
                    } else {
                        consumer.complaints().succeeded(NOTE);
                        consumer.complaints().succeeded(BURY);
                        boolean done = buried == Streams.Buried.DONE || unanswered;
                        if (done) {
                            topic.reports()
                                    .onDeadLetter(
                                            topic.name(),
                                            one.group(),
                                            one.position().toString(),
                                            reason);
                        }
                        if (done || !hasRun) {
                            gone(one);
                        } else {
                            notMine(one);
                        }
                    }
                });
    }

    /** Tries it again, also while closing; if that is of no use then, at least it is written that it has run. */
    private void notBuried(Held<T> one, String reason, boolean hasRun, boolean unanswered, TransportException why) {
        if (!consumer.isLeaving() || Failures.mayPass(why)) {
            boolean perhaps = unanswered || !why.notSent();
            ifStillHere(one, () -> topic.timing().later(AGAIN, () -> bury(one, reason, hasRun, perhaps)));
        } else if (hasRun && !unanswered) {
            write(one, one.attempts, () -> gone(one));
        } else {
            gone(one);
        }
    }

    // Recognising what was handled

    /** The group has begun anew: whatever comes may have been handled before. */
    void beginAnew() {
        begunAnew = true;
    }

    private synchronized boolean isKnown(Event<T> event) {
        return recentlyHandled.contains(event);
    }

    private synchronized void learn(Event<T> event) {
        recentlyHandled.add(event);
    }

    // The rest

    boolean isHandledHere() {
        return dispatcher.isHandledHere();
    }

    CompletableFuture<Void> close() {
        return dispatcher.close();
    }

    void abandon() {
        CompletableFuture<Void> unused = dispatcher.abandon();
    }

    SubscriptionStats stats(long received, long dropped, int waiting, long bytes) {
        return new SubscriptionStats(
                received, handled.sum(), failed.sum(), retried.sum(), bad.sum(), dropped, waiting, bytes);
    }
}

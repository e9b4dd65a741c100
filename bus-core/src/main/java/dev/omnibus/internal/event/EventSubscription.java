package dev.omnibus.internal.event;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.EventHandler;
import dev.omnibus.bus.Overflow;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.TraceContext;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A subscription: one handler with its mailbox. Thread-safe. */
public final class EventSubscription<T> implements Subscription, Mailbox.Handler<Envelope> {

    private static final Logger EVENTS = LoggerFactory.getLogger(Event.class);

    private static final Duration MAX_RETRY_DELAY = Duration.ofMinutes(1);

    /** Decodes the data of an envelope. */
    @FunctionalInterface
    interface Decoder<T> {

        Event<T> decode(Envelope envelope) throws IOException;
    }

    private final TopicPattern pattern;
    private final EventReader reader;
    private final String typeName;
    private final Decoder<T> decoder;
    private final EventHandler<T> handler;
    private final SubscribeOptions options;
    private final EventCounters counters;
    private final ListenerNotifier listener;
    private final Events events;
    private final Mailbox<Envelope> mailbox;
    private final LongAdder handled = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder retried = new LongAdder();
    private final LongAdder bad = new LongAdder();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CompletableFuture<Void> ended = new GuardedFuture<>(this::requireOutside);

    EventSubscription(
            TopicPattern pattern,
            EventReader reader,
            String typeName,
            Decoder<T> decoder,
            EventHandler<T> handler,
            SubscribeOptions options,
            EventCounters counters,
            ListenerNotifier listener,
            Events events) {
        this.pattern = pattern;
        this.reader = reader;
        this.typeName = typeName;
        this.decoder = decoder;
        this.handler = handler;
        this.options = options;
        this.counters = counters;
        this.listener = listener;
        this.events = events;
        Mailbox.Overflow overflow = options.overflow() == Overflow.DROP_OLDEST
                ? Mailbox.Overflow.DROP_OLDEST
                : Mailbox.Overflow.DROP_NEWEST;
        Mailbox.Limits waiting = new Mailbox.Limits(options.mailboxEvents(), options.mailboxBytes(), overflow);
        Executor executor = events.executor(options.executor(), this::refusedBy);
        this.mailbox = options.orderingKey().isEmpty()
                ? new Mailbox<>(executor, events.later(), options.concurrency(), waiting, Envelope::weight, this)
                : new Mailbox<>(
                        executor,
                        events.later(),
                        options.concurrency(),
                        waiting,
                        Envelope::weight,
                        keyOf(options.orderingKey().get()),
                        this);
    }

    /**
     * Wraps the function of the user: an event whose key cannot be computed is handled in any order; one that cannot be
     * decoded is reported later.
     */
    private Function<Envelope, @Nullable Object> keyOf(Function<? super Event<?>, ?> key) {
        return envelope -> {
            Event<T> event = null;
            try {
                event = decoder.decode(envelope);
                return OrderingKey.of(key.apply(event));
            } catch (Throwable t) {
                if (event != null) {
                    listener.onHandlerFailed(event, envelope.weight(), t);
                }
                return null;
            }
        };
    }

    void offer(Envelope event, Executor next) {
        if (options.orderingKey().isPresent() || mailbox.isFilling(event.frameBytes())) {
            event.detach(); // it may wait long after the rest of its frame has been handled
        }
        if (options.orderingKey().isPresent()) {
            event.share(); // its data is decoded for the key, and again when it is handled
        }
        if (options.executor().isPresent()) {
            mailbox.offer(event); // the reader's hand-off would not run on the user's executor
        } else {
            mailbox.offer(event, next);
        }
    }

    @Override
    public void handle(Envelope envelope, Executor next) {
        if (options.executor().isEmpty()) {
            Thread.interrupted(); // an interrupt was meant for one event, not for those after it
        }
        Event<T> event;
        try {
            event = decoder.decode(envelope);
        } catch (IOException | RuntimeException | Error e) { // a user's deserializer may throw anything
            bad.increment();
            listener.onBadMessage(envelope.topic, envelope.misfit(typeName, e));
            return;
        }
        if (EVENTS.isDebugEnabled()) {
            EVENTS.debug(
                    "Event {} of {}, number {}, is passed to the handler of {}",
                    event.id(),
                    ListenerNotifier.printable(event.source()),
                    event.sequence(),
                    topic());
        }
        handle(event, envelope.weight());
    }

    private void handle(Event<T> event, int bytes) {
        Map<String, String> outer = TraceContext.enter(event.headers());
        Observers observers = events.observers();
        Observed observed = observers == null ? null : observers.start(event, topic(), "");
        try {
            handle(event, bytes, observed);
        } finally {
            if (observed != null) {
                observed.leave();
            }
            TraceContext.leave(outer);
        }
    }

    private void handle(Event<T> event, int bytes, @Nullable Observed observed) {
        for (int failures = 0; ; failures++) {
            try {
                handler.handle(event);
                handled.increment();
                counters.handled.increment();
                if (observed != null) {
                    observed.end();
                }
                return;
            } catch (Throwable t) {
                if (t instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                if (t instanceof Error || failures == options.retries() || !pause(failures)) {
                    failed.increment();
                    listener.onHandlerFailed(event, bytes, t);
                    if (observed != null) {
                        observed.end(Observed.FAULT, t, 0, false);
                    }
                    return;
                }
                retried.increment();
                if (observed != null) {
                    observed.retried(Observed.FAULT, t, 0, false);
                    observed.attempts(failures + 2);
                }
            }
        }
    }

    /** Waits before the next retry; returns false if the thread is interrupted, or there is no memory to wait. */
    private boolean pause(int failures) {
        long first = options.retryDelay().toMillis();
        long longest = Math.max(first, MAX_RETRY_DELAY.toMillis());
        try {
            events.later().pause(Duration.ofMillis(first > longest >> failures ? longest : first << failures));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    @Override
    public void dropping() {
        listener.onDropping(topic());
        if (options.overflow() == Overflow.CLOSE) {
            mailbox.close(); // at once: no event after the gap may be handled when there is room again
            close();
            listener.onSubscriptionEnded(topic(), "its mailbox was full, and its overflow is CLOSE");
        }
    }

    /** Closes it, because the user's executor rejects its handler. */
    private void refusedBy(RuntimeException why) {
        if (beginClosing()) {
            listener.onSubscriptionEnded(
                    topic(),
                    "its executor refused to run the handler: " + why.getClass().getName());
        }
    }

    @Override
    public void dropped(long items) {
        listener.onDropped(topic(), items);
    }

    @Override
    public String topic() {
        return pattern.toString();
    }

    TopicPattern pattern() {
        return pattern;
    }

    @Override
    public CompletableFuture<Void> ready() {
        return events.ready(reader);
    }

    @Override
    public CompletableFuture<Void> closed() {
        return ended.copy();
    }

    @Override
    public void close() {
        boolean unused = beginClosing();
    }

    /** Closes it; completes when it has ended. */
    CompletableFuture<Void> end() {
        close();
        return closed();
    }

    /** Returns false if it is closing already. */
    private boolean beginClosing() {
        boolean first = closing.compareAndSet(false, true);
        if (first) {
            events.remove(reader, this).thenCompose(done -> mailbox.close()).whenComplete((done, failure) -> {
                events.ended(this);
                events.settle(ended, null, failure);
            });
        }
        return first;
    }

    /** Throws inside its handler, which must not wait for its own end. */
    void requireOutside() {
        if (mailbox.isHandledHere()) {
            throw new IllegalStateException(
                    "The handler of " + topic() + " would wait for its own end, which comes when"
                            + " it returns. Close the subscription without waiting, or wait on another thread");
        }
    }

    /** Closes it without waiting for the handler: what is queued is dropped. */
    void abandon() {
        mailbox.abandon();
        close();
    }

    long dropped() {
        return mailbox.dropped();
    }

    int waiting() {
        return mailbox.size();
    }

    @Override
    public SubscriptionStats stats() {
        return new SubscriptionStats(
                mailbox.offered(),
                handled.sum(),
                failed.sum(),
                retried.sum(),
                bad.sum(),
                mailbox.dropped(),
                mailbox.size(),
                mailbox.bytes());
    }
}

package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.durable.FollowHandler;
import dev.omnibus.durable.Position;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.durable.log.Complaints;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.MeanSize;
import dev.omnibus.internal.durable.log.Timing;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.internal.event.Envelope;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.TraceContext;
import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A follower: reads the whole log from a position on, and goes on when it is noticed that something was appended. It
 * reads live events from the log too, and not from the event channel: so they have positions and the order of the log,
 * and there is nothing to be missed between replay and live. Thread-safe.
 */
public final class Follower<T> extends Reader<T> {

    private static final String READ_LOG = "read the log";
    private static final String SAVE = "save its position";
    private static final int MAX_WAITING = 1_024;
    private static final long MAX_WAITING_BYTES = 8L << 20;
    private static final int MAX_SOURCES = 1_024;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(1);

    private final Optional<String> name;
    private final FollowHandler<T> handler;
    private final Complaints complaints;
    private final Mailbox<StreamEntry> mailbox;
    private final LongAdder handled = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder bad = new LongAdder();
    private final Map<String, Long> sequences = new LinkedHashMap<>(16, 0.75f, true) { // confined to the mailbox

                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > MAX_SOURCES;
                }
            };

    private final Position from;
    private @Nullable StreamId next; // read what is behind it; guarded by this, like all below. Null until known
    private boolean exact; // there was an event at that position, so what is trimmed behind it is lost
    private boolean reading;
    private boolean news = true;
    private boolean closed;
    private boolean finished;
    private int attempts;
    private final MeanSize mean = new MeanSize();
    private int waiting; // until they are handled; the mailbox counts them until it has handled several
    private long waitingBytes;
    private long received;
    private StreamId done = StreamId.EARLIEST;
    private StreamId saved = StreamId.EARLIEST;

    public Follower(TopicLog<T> topic, Optional<String> name, Position from, FollowHandler<T> handler) {
        super(topic);
        this.name = name;
        this.from = from;
        this.handler = handler;
        this.complaints =
                new Complaints(topic, name.map(known -> "Follower " + known).orElse("A follower"));
        Mailbox.Limits unlimited = new Mailbox.Limits(Integer.MAX_VALUE, Long.MAX_VALUE); // what is read is bounded
        this.mailbox = new Mailbox<>(
                topic.events().executor(Optional.empty(), why -> {}),
                topic.timing()::later,
                1,
                unlimited,
                Follower::weight,
                (entry, after) -> handle(entry));
    }

    private static int weight(StreamEntry entry) {
        byte[] event = entry.event();
        return 256 + (event == null ? 0 : event.length);
    }

    public void topicReady(@Nullable Throwable failure) {
        if (failure != null) {
            isRefused(Failures.notOpened(topic.name(), failure));
            close();
            return;
        }
        begin();
    }

    private void begin() {
        CompletableFuture<StreamId> start = name.isPresent()
                ? topic.streams()
                        .position(topic.keys(), name.get())
                        .thenApply(stored -> stored.orElse(StreamId.EARLIEST))
                : from.equals(Position.LATEST)
                        ? topic.streams().status(topic.keys()).thenApply(StreamStatus::last)
                        : CompletableFuture.completedFuture(Failures.id(from));
        start.whenComplete((position, failure) -> {
            if (failure != null && Failures.mayPass(Failures.of(failure))) {
                again(this::begin);
                return;
            }
            if (failure != null) {
                isRefused(Failures.of(failure));
                close();
                return;
            }
            synchronized (this) {
                next = position;
                saved = position;
                done = position;
                exact = !position.equals(StreamId.EARLIEST) && position.sequence() != Long.MAX_VALUE;
                attempts = 0;
            }
            isReady();
            read();
        });
    }

    private void again(Runnable what) {
        Duration pause;
        synchronized (this) {
            if (closed) {
                return;
            }
            pause = Timing.backoff(FIRST_PAUSE, MAX_PAUSE, attempts++);
        }
        topic.timing().later(pause, what);
    }

    @Override
    public void wake() {
        synchronized (this) {
            news = true;
        }
        read();
    }

    @Override
    public void tick() {
        wake();
        save();
    }

    @Override
    public void failedOver() {} // it has no acknowledgements that could be lost

    @Override
    public void begunAnew() {
        synchronized (this) {
            if (next == null) {
                return;
            }
            next = StreamId.EARLIEST;
            done = StreamId.EARLIEST;
            exact = false;
        }
        wake();
    }

    private void read() {
        StreamId after;
        int count;
        synchronized (this) {
            after = next;
            count = mean.read(MeanSize.MAX_READ, MeanSize.MAX_READ_BYTES);
            if (after == null || reading || closed || !news || isFull()) {
                return;
            }
            reading = true;
            news = false;
        }
        topic.streams().range(topic.keys(), after, count).whenComplete((range, failure) -> {
            if (failure != null) {
                complaints.failed(READ_LOG, failure);
                again(() -> {
                    synchronized (this) {
                        reading = false;
                        news = true;
                    }
                    read();
                });
                return;
            }
            complaints.succeeded(READ_LOG);
            boolean lost = take(range, after, count);
            if (lost) {
                topic.reports()
                        .onLost(
                                topic.name(),
                                name.orElse("a follower"),
                                0,
                                "positions after " + topic.position(after) + " up to "
                                        + topic.position(range.trimmed()));
            }
            read();
        });
    }

    private boolean isFull() {
        return waiting > MAX_WAITING - MeanSize.MAX_READ || waitingBytes > MAX_WAITING_BYTES;
    }

    private synchronized boolean take(Streams.Range range, StreamId after, int count) {
        attempts = 0;
        reading = false;
        if (!after.equals(next)) { // the log has begun anew meanwhile
            news = true;
            return false;
        }
        boolean lost = exact && range.trimmed().compareTo(after) > 0;
        for (StreamEntry entry : range.entries()) {
            mean.count(weight(entry));
            waiting++;
            waitingBytes += weight(entry);
            mailbox.offer(entry);
        }
        received += range.entries().size();
        news |= range.entries().size() == count;
        if (!range.entries().isEmpty()) {
            next = range.entries().get(range.entries().size() - 1).id();
            exact = true;
        } else if (lost) {
            next = range.trimmed();
        }
        return lost;
    }

    private void handle(StreamEntry entry) {
        byte[] bytes = entry.event();
        if (bytes != null && entry.onlyFor().isEmpty()) {
            try {
                handle(entry, bytes);
            } catch (IOException | RuntimeException | Error e) {
                bad.increment();
                topic.reports()
                        .onBadMessage(
                                topic.name(),
                                "Event " + topic.position(entry.id()) + " was skipped: " + e.getMessage());
            }
        }
        synchronized (this) {
            waiting--;
            waitingBytes -= weight(entry);
            if (done.compareTo(entry.id()) < 0) {
                done = entry.id();
            }
        }
        read();
    }

    private void handle(StreamEntry entry, byte[] bytes) throws IOException {
        Envelope envelope = topic.format().envelope(bytes);
        Long before = sequences.get(envelope.source);
        if (entry.repaired() && before != null && envelope.sequence <= before) {
            topic.reports().onDuplicate(topic.name(), envelope.source, envelope.id); // it was read before it was lost
            return;
        }
        sequences.put(envelope.source, envelope.sequence);
        Event<T> event;
        try {
            event = topic.format().event(envelope);
        } catch (IOException | RuntimeException | Error e) { // a user's deserializer may throw anything
            bad.increment();
            topic.reports().onBadMessage(topic.name(), topic.format().misfit(envelope, e));
            return;
        }
        Map<String, String> outer = TraceContext.enter(event.headers());
        Observers observers = topic.events().observers();
        Observed observed = observers == null ? null : observers.start(event, topic.name(), "");
        Throwable failure = null;
        try {
            handler.handle(event, topic.position(entry.id()));
            handled.increment();
        } catch (Throwable t) {
            if (t instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            failure = t;
            failed.increment();
            topic.reports().onHandlerFailed(event, bytes.length, t);
        } finally {
            if (observed != null) {
                observed.end(failure == null ? "" : Observed.FAULT, failure, 0, false);
                observed.leave();
            }
            TraceContext.leave(outer);
        }
    }

    /** Writes down how far a named follower is. */
    private CompletableFuture<Void> save() {
        StreamId position;
        synchronized (this) {
            if (name.isEmpty() || done.equals(saved)) {
                return CompletableFuture.completedFuture(null);
            }
            position = done;
        }
        return topic.streams().savePosition(topic.keys(), name.get(), position).whenComplete((written, failure) -> {
            if (failure != null) {
                complaints.failed(SAVE, failure);
                return;
            }
            complaints.succeeded(SAVE);
            synchronized (this) {
                saved = position;
            }
        });
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        mailbox.close().thenCompose(last -> save()).whenComplete((last, failure) -> finish());
    }

    private void finish() {
        synchronized (this) {
            if (finished) {
                return;
            }
            finished = true;
        }
        isEnding();
        hasEnded();
    }

    @Override
    public void abandon() {
        CompletableFuture<Void> unused = mailbox.abandon();
        close();
        finish();
    }

    @Override
    boolean isHandledHere() {
        return mailbox.isHandledHere();
    }

    @Override
    String handlerOf() {
        return "a follower of " + topic.name();
    }

    @Override
    public synchronized SubscriptionStats stats() {
        return new SubscriptionStats(
                received, handled.sum(), failed.sum(), 0, bad.sum(), 0, mailbox.size(), mailbox.bytes());
    }
}

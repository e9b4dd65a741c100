package dev.omnibus.internal.durable.append;

import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.PublishException.Reason;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What was appended, and is to be at replicas or in the append-only file before its publisher is notified. One question
 * is under way; its answer is one for all that was appended before it and asks for no more. Thread-safe.
 */
public final class Confirmations {

    private static final Duration PAUSE = Duration.ofMillis(50);

    /** An event that is appended and not confirmed. */
    private record Wanted(
            CompletableFuture<Position> done,
            Position position,
            long sequence,
            int replicas,
            boolean synced,
            long deadline) {

        /** Whether another one that is confirmed says that this one is, too. */
        boolean isIn(Wanted other) {
            return sequence <= other.sequence && replicas <= other.replicas && (!synced || other.synced);
        }
    }

    private final TopicLog<?> topic;
    private final ArrayDeque<Wanted> queue = new ArrayDeque<>(); // guarded by this, like all below
    private boolean busy;
    private boolean closed;
    private @Nullable CompletableFuture<Void> drained;

    public Confirmations(TopicLog<?> topic) {
        this.topic = topic;
    }

    static boolean isWantedBy(PublishOptions options) {
        return options.replicas() > 0 || options.synced();
    }

    /** Completes a future when what it stands for is confirmed. */
    void add(
            CompletableFuture<Position> done, Position position, long sequence, PublishOptions options, long deadline) {
        synchronized (this) {
            queue.add(new Wanted(done, position, sequence, options.replicas(), options.synced(), deadline));
        }
        next();
    }

    private void next() {
        Wanted asked;
        synchronized (this) {
            if (busy || closed || queue.isEmpty()) {
                return;
            }
            busy = true;
            asked = strongest(queue.getFirst());
        }
        topic.streams()
                .confirm(topic.keys(), topic.node(), asked.sequence(), asked.replicas(), asked.synced())
                .whenComplete((confirmed, failure) -> answered(asked, failure == null && confirmed, failure));
    }

    /** The last one that wants the same as the first one. */
    private Wanted strongest(Wanted first) {
        Wanted last = first;
        for (Wanted one : queue) {
            last = one.replicas() == first.replicas() && one.synced() == first.synced() ? one : last;
        }
        return last;
    }

    private void answered(Wanted asked, boolean confirmed, @Nullable Throwable failure) {
        TransportException why = failure == null ? null : Failures.of(failure);
        boolean never = why != null && why.kind() != Kind.CLOSED && !Failures.mayPass(why);
        List<Wanted> ended = new ArrayList<>();
        List<Wanted> late = new ArrayList<>();
        synchronized (this) {
            long now = topic.timing().nanos();
            for (Iterator<Wanted> all = queue.iterator(); all.hasNext(); ) {
                Wanted one = all.next();
                boolean ends = (confirmed && one.isIn(asked))
                        || (never && one.replicas() == asked.replicas() && one.synced() == asked.synced());
                if (ends) {
                    ended.add(one);
                } else if (now - one.deadline() >= 0) {
                    late.add(one);
                }
                if (ends || now - one.deadline() >= 0) {
                    all.remove();
                }
            }
            if (!confirmed && queue.size() > 1 && queue.getFirst().isIn(asked)) {
                queue.addLast(queue.removeFirst()); // others may want less, or something else
            }
        }
        ended.forEach(one -> {
            if (confirmed) {
                topic.settle(one.done(), one.position(), null);
            } else {
                fail(one, "Redis cannot confirm it: " + (why == null ? "" : why.getMessage()), why);
            }
        });
        late.forEach(one -> fail(one, "that was not confirmed in time", why));
        if (confirmed || never) {
            proceed();
        } else {
            topic.timing().later(PAUSE, this::proceed);
        }
    }

    private void fail(Wanted one, String why, @Nullable Throwable cause) {
        if (one.done().isDone()) { // it was unknown for too long whether it is appended
            return;
        }
        String places = (one.replicas() > 0 ? one.replicas() + " replicas" : "")
                + (one.replicas() > 0 && one.synced() ? " and " : "")
                + (one.synced() ? "the append-only file" : "");
        PublishException failure = new PublishException(
                Reason.UNCONFIRMED,
                Outcome.APPENDED,
                "The event at " + one.position() + " of " + topic.name() + " is appended, but not known to be at "
                        + places + ": " + why,
                cause);
        topic.reports().onPublishFailed(topic.name(), failure);
        topic.settle(one.done(), null, failure);
    }

    private void proceed() {
        CompletableFuture<Void> idle = null;
        synchronized (this) {
            busy = false;
            idle = queue.isEmpty() ? drained : null;
        }
        if (idle != null) {
            idle.complete(null);
        }
        next();
    }

    /** Completes when nothing waits any more. */
    public synchronized CompletableFuture<Void> drain() {
        CompletableFuture<Void> end = drained == null ? new CompletableFuture<>() : drained;
        drained = end;
        if (queue.isEmpty()) {
            end.complete(null);
        }
        return end;
    }

    /** Fails what still waits. */
    public void close() {
        List<Wanted> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(queue);
            queue.clear();
        }
        left.forEach(one -> fail(one, "the bus was closed", null));
        drain().complete(null);
    }
}

package dev.omnibus.internal.durable.append;

import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.PublishException.Reason;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.internal.channel.Frames;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.append.RecentEvents.Outgoing;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.Timing;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamIds;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.AppendResult.Appended;
import dev.omnibus.transport.Streams.AppendResult.Hole;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The lane of a durable topic: appends events in the order in which they were published, one batch at a time. What
 * gathers while a batch is under way is the next one.
 *
 * <p>A batch whose answer is lost is sent again, the same one, until there is an answer: the server drops what it has
 * already, by their sequences. By these it finds out, too, that it has lost earlier events; those that are recent
 * enough are appended again. Thread-safe.
 */
public final class Appender {

    private static final int MAX_EVENTS = 512;
    private static final int MAX_BYTES = 256 * 1024;
    private static final long MAX_WAITING_BYTES = 64L << 20;
    private static final int OVERHEAD = 256;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(1);
    private static final long CONFIRMED_WITHIN = TimeUnit.MINUTES.toNanos(1); // lest the server forgets this publisher
    private static final long FORGOTTEN_AFTER =
            Streams.PUBLISHER_REMEMBERED.minusMinutes(1).toNanos();

    /** An event that waits for its answer. */
    private final class Waiting {

        final Outgoing outgoing;
        final byte[] event;
        final long deadline;
        final CompletableFuture<Position> done = new GuardedFuture<>();
        final @Nullable Chain chain;

        @Nullable
        PublishOptions confirmed; // what it is to be confirmed by, if it is

        Waiting(Outgoing outgoing, long deadline, @Nullable Chain chain) {
            this.outgoing = outgoing;
            this.event = outgoing.event();
            this.deadline = deadline;
            this.chain = chain;
        }

        void fail(PublishException failure) {
            if (!done.isDone()) {
                if (chain == null) { // else its publisher tries it again
                    topic.reports().onPublishFailed(topic.name(), failure);
                }
                topic.settle(done, null, failure);
            }
        }
    }

    /** Events of which none is appended if one before it was not. */
    private static final class Chain {

        private boolean broken; // guarded by the appender
    }

    private final TopicLog<?> topic;
    private final Confirmations confirmations;
    private final ArrayDeque<Waiting> queue = new ArrayDeque<>(); // guarded by this, like all below
    private long waitingBytes; // of the queue and the batch
    private List<Waiting> batch = List.of(); // the one under way, until it is answered
    private long last; // the sequence of the last event before the batch
    private boolean uncertain; // the batch may have been appended
    private boolean full; // room was made for the batch once
    private boolean busy; // an answer or a pause is awaited
    private int attempts; // without an answer
    private boolean resetting; // the topic has to be opened anew before anything can be appended
    private boolean known = true; // false: the server certainly knows nothing of what was appended before
    private boolean check; // whether the server still has everything
    private long confirmed; // when it last had
    private final RecentEvents recent = new RecentEvents();
    private final ArrayDeque<Outgoing> repairs = new ArrayDeque<>();
    private long repairFrom; // the sequence of the first of them
    private int repairing; // how many of them are under way
    private boolean gap; // what is before the first of them is lost for good
    private boolean closed;
    private @Nullable CompletableFuture<Void> drained;

    public Appender(TopicLog<?> topic, Confirmations confirmations) {
        this.topic = topic;
        this.confirmations = confirmations;
    }

    public CompletableFuture<Position> publish(byte[] event, PublishOptions options) {
        Waiting waiting = new Waiting(new Outgoing(event, options.id()), deadline(options.timeout()), null);
        waiting.confirmed = Confirmations.isWantedBy(options) ? options : null;
        PublishException refused;
        synchronized (this) {
            refused = enqueue(waiting);
        }
        if (refused != null) {
            waiting.fail(refused);
        } else {
            next();
        }
        return waiting.done;
    }

    /** Publishes events of which none is appended if one before it was not. Their failures are not reported. */
    public List<CompletableFuture<Position>> publishInOrder(List<Outgoing> events, Duration timeout) {
        Chain chain = new Chain();
        List<Waiting> all = events.stream()
                .map(one -> new Waiting(one, deadline(timeout), chain))
                .toList();
        PublishException refused = null;
        int queued = 0;
        synchronized (this) {
            while (queued < all.size() && (refused = enqueue(all.get(queued))) == null) {
                queued++;
            }
        }
        if (refused != null) {
            for (Waiting one : all.subList(queued, all.size())) {
                one.fail(refused);
            }
        }
        next();
        return all.stream().map(one -> one.done).toList();
    }

    private long deadline(Duration timeout) {
        return topic.timing().nanos() + Math.min(timeout.toNanos(), Long.MAX_VALUE / 4);
    }

    private @Nullable PublishException enqueue(Waiting waiting) {
        int length = waiting.event.length;
        if (closed) {
            return notSent(Reason.CLOSED, "the bus is closed", null);
        }
        if (length > topic.format().limit()) {
            return notSent(
                    Reason.TOO_LARGE,
                    "it has " + length + " bytes; the limit is "
                            + topic.format().limit(),
                    null);
        }
        if (waitingBytes + length + OVERHEAD > MAX_WAITING_BYTES) {
            return notSent(Reason.OUTBOX_FULL, "too much is waiting to be appended", null);
        }
        waitingBytes += length + OVERHEAD;
        queue.add(waiting);
        return null;
    }

    /** Takes out of the queue what must not be appended because something before it was not. */
    private List<Waiting> dependents(List<Waiting> failed) {
        List<Waiting> dependents = new ArrayList<>();
        boolean chained = false;
        for (Waiting one : failed) {
            if (one.chain != null) {
                one.chain.broken = true;
                chained = true;
            }
        }
        if (chained) {
            queue.removeIf(one -> one.chain != null && one.chain.broken && dependents.add(one));
        }
        return dependents;
    }

    private PublishException notSent(Reason reason, String why, @Nullable Throwable cause) {
        return new PublishException(
                reason, Outcome.NOT_SENT, "An event on " + topic.name() + " was not appended: " + why, cause);
    }

    /** Has the server asked whether it still has what was appended recently, as the connection was lost meanwhile. */
    public void check() {
        synchronized (this) {
            check |= last > 0 && !recent.isEmpty();
        }
        next();
    }

    /** Fails what has waited too long, and keeps the server from forgetting this publisher. */
    public void tick() {
        List<Waiting> late = new ArrayList<>();
        List<Waiting> unknown = new ArrayList<>();
        long now = topic.timing().nanos();
        synchronized (this) {
            Predicate<Waiting> isLate = one -> now - one.deadline >= 0;
            queue.removeIf(one -> isLate.test(one) && late.add(one));
            late.addAll(dependents(late));
            late.forEach(this::leave);
            if (uncertain) {
                batch.stream().filter(isLate).forEach(unknown::add);
            }
            check |= last > 0 && (!recent.isEmpty() || now - confirmed > CONFIRMED_WITHIN);
        }
        late.forEach(one -> one.fail(notSent(Reason.CONNECTION_LOST, "Redis did not answer in time", null)));
        unknown.forEach(one -> one.fail(unknown(Reason.CONNECTION_LOST)));
        next();
    }

    private PublishException unknown(Reason reason) {
        return new PublishException(
                reason,
                Outcome.UNKNOWN,
                "Redis did not say whether an event on " + topic.name() + " was appended; it is still being tried",
                null);
    }

    private void leave(Waiting waiting) {
        waitingBytes -= waiting.event.length + OVERHEAD;
    }

    /** Sends what comes next, unless something is under way. */
    private void next() {
        Append append;
        synchronized (this) {
            Streams.Description stands = topic.description();
            if (busy || closed || stands == null || (append = nextAppend(stands.epoch())) == null) {
                return;
            }
            busy = true;
        }
        topic.streams().append(topic.keys(), append).whenComplete((result, failure) -> {
            if (result != null) {
                answered(append, result);
            } else {
                failed(Failures.of(failure));
            }
        });
    }

    private @Nullable Append nextAppend(String epoch) {
        repairing = 0;
        boolean forgotten = known && last > 0 && topic.timing().nanos() - confirmed > FORGOTTEN_AFTER;
        if (forgotten) { // perhaps; an append could not tell that from a loss
            return append(epoch, last + 1, true, false, List.of());
        }
        if (!repairs.isEmpty()) {
            List<Outgoing> events = repairs.stream().limit(MAX_EVENTS).toList();
            repairing = events.size();
            return append(epoch, repairFrom, gap || repairFrom == 1, true, events);
        }
        if (batch.isEmpty()) {
            fillBatch();
        }
        if (!batch.isEmpty()) { // if it was sent before, a server that is gone may have stored it
            List<Outgoing> events = outgoing(batch);
            return append(epoch, last + 1, last == 0 || gap, uncertain, events);
        }
        if (check) {
            return append(epoch, last + 1, last == 0 || gap, false, List.of());
        }
        return null;
    }

    private static List<Outgoing> outgoing(List<Waiting> waiting) {
        return waiting.stream().map(one -> one.outgoing).toList();
    }

    private Append append(String epoch, long first, boolean gapAllowed, boolean repaired, List<Outgoing> events) {
        List<byte[]> entries = events.stream().map(Outgoing::event).toList();
        byte[] frame = entries.isEmpty() ? new byte[0] : Frames.join(entries);
        return new Append(epoch, topic.node(), first, gapAllowed, repaired, entries, frame, ids(first, events));
    }

    /** If one event of a batch has an id, all have: the others one that nobody else gives. */
    private Optional<StreamIds> ids(long first, List<Outgoing> events) {
        if (events.stream().allMatch(one -> one.id().isEmpty())) {
            return Optional.empty();
        }
        List<String> each = new ArrayList<>(events.size());
        for (Outgoing one : events) {
            long sequence = first + each.size();
            each.add(one.id().orElseGet(() -> topic.node() + '#' + sequence));
        }
        return Optional.of(new StreamIds(each, topic.retention().idWindow()));
    }

    private void fillBatch() {
        List<Waiting> taken = new ArrayList<>();
        int bytes = 0;
        while (taken.size() < MAX_EVENTS && !queue.isEmpty()) {
            bytes += queue.getFirst().event.length;
            if (bytes > MAX_BYTES && !taken.isEmpty()) {
                break;
            }
            Waiting one = queue.removeFirst();
            topic.format().sequence(one.event, last + 1 + taken.size());
            taken.add(one);
        }
        batch = taken;
        uncertain = false;
        full = false;
    }

    private void answered(Append append, AppendResult result) {
        synchronized (this) {
            attempts = 0;
            resetting = result instanceof AppendResult.OtherEpoch;
        }
        if (result instanceof Appended appended) {
            appended(append, appended);
        } else if (result instanceof Hole hole) {
            repair(hole.last(), false);
        } else if (result instanceof AppendResult.Full) {
            full();
            return;
        } else {
            topic.reset(); // which goes on here when it stands again
            return;
        }
        proceed();
    }

    private void proceed() {
        CompletableFuture<Void> idle = null;
        synchronized (this) {
            busy = false;
            if (isIdle()) {
                idle = drained;
            }
        }
        if (idle != null) {
            idle.complete(null);
        }
        next();
    }

    private boolean isIdle() {
        return queue.isEmpty() && batch.isEmpty() && lost() == 0;
    }

    /** Returns how many recent events the server has lost: they are to be appended again. */
    private int lost() {
        return resetting || !known ? recent.after(0).size() : repairs.size();
    }

    private void appended(Append append, Appended appended) {
        List<Waiting> done = List.of();
        long repaired = 0;
        boolean behind = false;
        synchronized (this) {
            long now = topic.timing().nanos();
            confirmed = now;
            check = false;
            known = true;
            if (append.entries().isEmpty()) {
                behind = !gap && appended.last() < append.first() - 1;
                if (!behind) {
                    recent.forgetOld(now);
                }
            } else if (repairing > 0) {
                gap = false;
                repaired = repairing;
                recent.repaired(repairFrom, repairing, now);
                for (int i = 0; i < repairing; i++) {
                    repairs.removeFirst();
                }
                repairFrom += repairing;
            } else {
                gap = false;
                done = batch;
                recent.add(outgoing(batch), last + 1, now);
                last += batch.size();
                batch = List.of();
                done.forEach(this::leave);
            }
        }
        if (behind) {
            repair(appended.last(), appended.last() == 0);
        }
        if (repaired > 0) {
            topic.reports().onRepaired(topic.name(), repaired);
        }
        settle(append, appended, done);
    }

    private void settle(Append append, Appended appended, List<Waiting> done) {
        List<CompletableFuture<Position>> futures = new ArrayList<>(done.size());
        List<Position> positions = new ArrayList<>(done.size());
        for (int i = 0; i < done.size(); i++) {
            StreamId at = appended.idOf(append.first() + i).or(appended::id).orElseThrow();
            Waiting one = done.get(i);
            PublishOptions confirmed = one.confirmed;
            if (confirmed != null) {
                confirmations.add(one.done, topic.position(at), append.first() + i, confirmed, one.deadline);
            } else {
                futures.add(one.done);
                positions.add(topic.position(at));
            }
        }
        topic.events().settleAll(futures, positions);
    }

    /**
     * The server has only what is up to a sequence: appends what is behind it again, as far as it is known. If it has
     * forgotten this publisher, it does not say how much it has: then that is doubled rather than lost.
     */
    private void repair(long upTo, boolean forgotten) {
        long lost = 0;
        synchronized (this) {
            List<Outgoing> events = recent.after(upTo);
            repairs.clear();
            repairing = 0;
            repairs.addAll(events);
            repairFrom = last - events.size() + 1;
            lost = forgotten ? 0 : repairFrom - 1 - upTo;
            gap = forgotten || lost > 0;
        }
        reportLost(upTo + 1, lost);
    }

    private void reportLost(long first, long count) {
        if (count > 0) {
            String which = "sequences " + first + " to " + (first + count - 1) + " of this node";
            topic.reports().onLost(topic.name(), "", count, which);
        }
    }

    private void full() {
        boolean again;
        synchronized (this) {
            again = !full || !repairs.isEmpty();
            full = true;
        }
        if (again) {
            topic.streams().trim(topic.keys(), Duration.ZERO).whenComplete((trimmed, failure) -> {
                if (failure == null && trimmed.removed() > 0) {
                    proceed();
                } else {
                    refuse(Reason.FULL, "the topic is full", null);
                }
            });
        } else {
            refuse(Reason.FULL, "the topic is full", null);
        }
    }

    /** The batch was certainly not appended: the script is atomic, and its sequences are given to others. */
    private void refuse(Reason reason, String why, @Nullable Throwable cause) {
        List<Waiting> refused;
        synchronized (this) {
            refused = new ArrayList<>(batch);
            batch = List.of();
            refused.addAll(dependents(refused));
            refused.forEach(this::leave);
        }
        refused.forEach(one -> one.fail(notSent(reason, why, cause)));
        boolean wait;
        synchronized (this) {
            wait = !repairs.isEmpty() || check;
        }
        if (wait) {
            pause();
        } else {
            proceed();
        }
    }

    private void failed(TransportException failure) {
        boolean refused;
        synchronized (this) {
            boolean answer = switch (failure.kind()) {
                case CONNECTION_LOST, NOT_READY, OUTBOX_FULL, CLOSED -> false;
                case REFUSED, TOO_LARGE, OUT_OF_MEMORY, NO_GROUP, WRONG_TYPE, NOT_ALLOWED -> true;
            };
            uncertain |= !failure.notSent() && !answer;
            refused = answer && !uncertain && repairs.isEmpty();
            if (!uncertain && !refused && repairs.isEmpty()) {
                putBack();
            }
        }
        if (failure.kind() == TransportException.Kind.CLOSED) {
            close();
        } else if (refused) {
            PublishException translated = new PublishException(failure);
            refuse(translated.reason(), String.valueOf(failure.getMessage()), failure);
        } else {
            pause();
        }
    }

    /** Nothing of the batch was sent: its events wait like the others, and may leave when their time is over. */
    private void putBack() {
        for (int i = batch.size() - 1; i >= 0; i--) {
            queue.addFirst(batch.get(i));
        }
        batch = List.of();
    }

    private void pause() {
        Duration pause;
        synchronized (this) {
            pause = Timing.backoff(FIRST_PAUSE, MAX_PAUSE, attempts++);
        }
        topic.timing().later(pause, this::proceed);
    }

    /** The topic cannot be opened: nothing can be appended. */
    public void refuseAll(Reason reason, String why, Throwable cause) {
        List<Waiting> refused;
        CompletableFuture<Void> idle;
        synchronized (this) {
            refused = new ArrayList<>(queue);
            queue.clear();
            if (resetting && !uncertain) {
                refused.addAll(batch);
                batch = List.of();
            }
            refused.forEach(this::leave);
            idle = batch.isEmpty() ? drained : null;
        }
        refused.forEach(one -> one.fail(notSent(reason, why, cause)));
        if (idle != null) {
            idle.complete(null);
        }
    }

    /**
     * The topic stands: what has been published meanwhile can be appended.
     *
     * @param anew whether it has another epoch than before, and so nothing of this publisher
     */
    public void opened(boolean anew) {
        boolean waited;
        synchronized (this) {
            waited = resetting;
            resetting = false;
            known &= !anew;
            check |= anew && last > 0;
        }
        if (waited) {
            proceed();
        } else {
            next();
        }
    }

    /** Completes when everything that was published until now has been answered, and what was lost is there again. */
    public CompletableFuture<Void> drain() {
        synchronized (this) {
            if (drained == null) {
                drained = new CompletableFuture<>();
            }
            if (isIdle()) {
                drained.complete(null);
            }
            return drained;
        }
    }

    /** Fails what still waits, and reports what was to be appended again. */
    public void close() {
        List<Waiting> queued;
        List<Waiting> sent;
        boolean maybe;
        int lost;
        long end;
        synchronized (this) {
            lost = closed ? 0 : lost();
            end = last + 1;
            closed = true;
            queued = new ArrayList<>(queue);
            queue.clear();
            sent = batch;
            batch = List.of();
            repairs.clear();
            maybe = uncertain || (busy && !resetting && repairing == 0); // else what is busy is not the batch
            busy = true; // for good
        }
        queued.forEach(one -> one.fail(notSent(Reason.CLOSED, "the bus was closed", null)));
        sent.forEach(
                one -> one.fail(maybe ? unknown(Reason.CLOSED) : notSent(Reason.CLOSED, "the bus was closed", null)));
        reportLost(end - lost, lost);
        drain().complete(null);
    }
}

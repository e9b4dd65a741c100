package dev.omnibus.internal.durable;

import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxRow;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.append.RecentEvents.Outgoing;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A relay of an outbox: in rounds of reading rows, publishing them, and noting those that were confirmed, one round at
 * a time. All of them have ids, so nothing is doubled if two relays work for a moment; the lease is there to spare the
 * work, and so that a process that was paused publishes nothing that is older than the ids that Redis remembers.
 * Thread-safe.
 */
final class Relay<T> implements OutboxRelay {

    private static final String ROLE = "outbox";
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final long TRUSTED = TimeUnit.SECONDS.toNanos(2); // since the renewal was sent
    private static final int ROWS = 256;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(30);

    /** What was published of some rows. */
    private record Published(List<String> ids, List<CompletableFuture<Position>> positions, Optional<Throwable> bad) {}

    private final OpenTopic<T> topic;
    private final TopicFacade<T> target;
    private final OutboxSource<T> source;
    private final Executor executor;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new GuardedFuture<>();
    private boolean holds; // guarded by this, like all below
    private long held; // when the last renewal that was confirmed had been sent
    private boolean renewing;
    private boolean busy; // a round is under way
    private boolean woken; // there may be more than it has read
    private boolean pausing; // after a failure
    private int failures; // in a row
    private boolean closed;
    private boolean finished;

    /**
     * Of one outbox.
     *
     * @param topic the log that has the lease
     * @param target where the rows go: that log, or all partitions, of which it is the first
     */
    Relay(OpenTopic<T> topic, TopicFacade<T> target, OutboxSource<T> source) {
        this.topic = topic;
        this.target = target;
        this.source = source;
        this.executor = new CallerRunsExecutor(topic.events().executor(Optional.empty(), why -> {}));
    }

    void topicReady(@Nullable Throwable failure) {
        if (failure == null) {
            tick();
        } else {
            topic.reports().onOutboxFailed(topic.name(), Failures.of(topic.name(), failure));
            close();
        }
    }

    /** Renews the lease, or tries to get it, and looks for rows. */
    void tick() {
        synchronized (this) {
            if (closed || pausing || renewing) {
                return;
            }
            renewing = true;
        }
        long now = topic.timing().nanos();
        topic.streams().hold(topic.keys(), ROLE, topic.node(), LEASE).whenComplete((has, failure) -> {
            synchronized (this) {
                renewing = false;
                if (failure == null) {
                    holds = has && !finished;
                    held = now;
                }
            }
            if (failure == null) {
                poll();
            } else if (!Failures.mayPass(Failures.of(failure))) {
                pause(Failures.of(topic.name(), failure));
            }
        });
    }

    private synchronized boolean stands() {
        return holds && topic.timing().nanos() - held < TRUSTED;
    }

    @Override
    public boolean isActive() {
        return stands();
    }

    @Override
    public void wake() {
        poll();
    }

    private void poll() {
        synchronized (this) {
            woken = true;
            if (busy || closed || pausing || !stands()) {
                return;
            }
            busy = true;
        }
        executor.execute(this::round);
    }

    private void round() {
        synchronized (this) {
            woken = false;
        }
        Published published;
        boolean full;
        try {
            List<OutboxRow<T>> rows = source.next(ROWS);
            full = rows.size() >= ROWS;
            published = stands() ? publish(rows) : new Published(List.of(), List.of(), Optional.empty());
        } catch (Throwable e) { // of the program
            failed(e);
            return;
        }
        CompletableFuture.allOf(published.positions().toArray(CompletableFuture[]::new))
                .whenComplete((all, failure) -> executor.execute(() -> confirm(published, full)));
    }

    /** One that cannot be written stops those behind it; one that is not appended, those behind it in its log. */
    private Published publish(List<OutboxRow<T>> rows) {
        List<String> ids = new ArrayList<>();
        List<OpenTopic<T>> logs = new ArrayList<>();
        Map<OpenTopic<T>, List<Outgoing>> events = new LinkedHashMap<>();
        Optional<Throwable> bad = Optional.empty();
        for (OutboxRow<T> row : rows) {
            try {
                TopicFacade.Routed<T> routed = route(row);
                Outgoing event = new Outgoing(routed.event(), Optional.of(row.id()));
                events.computeIfAbsent(routed.log(), log -> new ArrayList<>()).add(event);
                logs.add(routed.log());
            } catch (RuntimeException | Error e) { // of the program's serializers
                bad = Optional.of(e);
                break;
            }
            ids.add(row.id());
        }
        Map<OpenTopic<T>, Iterator<CompletableFuture<Position>>> positions = new HashMap<>();
        events.forEach((log, some) -> positions.put(
                log,
                log.appender()
                        .publishInOrder(some, PublishOptions.defaults().timeout())
                        .iterator()));
        return new Published(
                ids,
                logs.stream()
                        .map(log -> Objects.requireNonNull(positions.get(log)).next())
                        .toList(),
                bad);
    }

    private TopicFacade.Routed<T> route(OutboxRow<T> row) {
        PublishOptions options = PublishOptions.defaults().withId(row.id());
        return target.route(row.data(), target.keyed(row.data(), row.headers()), options);
    }

    private void confirm(Published published, boolean full) {
        Optional<Throwable> problem = published.bad();
        int confirmed = 0;
        for (CompletableFuture<Position> one : published.positions()) {
            if (one.isCompletedExceptionally()) {
                problem = Optional.of(failureOf(one));
                break;
            }
            confirmed++;
        }
        try {
            if (confirmed > 0) {
                source.done(List.copyOf(published.ids().subList(0, confirmed)));
            }
        } catch (Throwable e) { // of the program
            problem = Optional.of(e);
        }
        if (problem.isPresent()) {
            failed(problem.get());
        } else {
            ended(full);
        }
    }

    private static Throwable failureOf(CompletableFuture<?> failed) {
        return failed.handle((value, failure) -> failure instanceof CompletionException ? failure.getCause() : failure)
                .join();
    }

    /** A round has ended well. */
    private void ended(boolean more) {
        boolean again;
        synchronized (this) {
            failures = 0;
            again = (more || woken) && !closed && stands();
            busy = again;
        }
        if (again) {
            executor.execute(this::round);
        } else {
            finish();
        }
    }

    /** A round has ended badly. */
    private void failed(Throwable why) {
        synchronized (this) {
            busy = false;
        }
        pause(why);
        finish();
    }

    private void pause(Throwable why) {
        Duration pause;
        synchronized (this) {
            if (closed || pausing) {
                return;
            }
            pausing = true;
            pause = Timing.backoff(FIRST_PAUSE, MAX_PAUSE, failures++);
        }
        topic.reports().onOutboxFailed(topic.name(), why);
        topic.timing().later(pause, () -> {
            synchronized (this) {
                pausing = false;
            }
            tick();
        });
    }

    // The end

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        finish();
    }

    /** Gives the lease back, when it is closed and nothing is under way. */
    private void finish() {
        synchronized (this) {
            if (!closed || busy || finished) {
                return;
            }
            finished = true;
            holds = false;
        }
        topic.streams()
                .hold(topic.keys(), ROLE, topic.node(), Duration.ZERO)
                .whenComplete((has, failure) -> { // if it fails, the lease ends by itself
                    topic.ended(this);
                    over.complete(null);
                    topic.settle(ended, null, null);
                });
    }

    /** Completes when it has ended, without an exception. */
    CompletableFuture<Void> end() {
        close();
        return over;
    }

    @Override
    public CompletableFuture<Void> closed() {
        return ended.copy();
    }
}

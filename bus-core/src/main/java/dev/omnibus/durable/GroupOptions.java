package dev.omnibus.durable;

import dev.omnibus.bus.Event;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The options of a consumer group's subscription on this node: how its events are read, handled and retried. Start from
 * {@link #defaults()} and change what matters. Immutable.
 *
 * @param concurrency how many events are handled at the same time on this node
 * @param orderingKey what events must have in common to be handled in order on this node
 * @param singleActive whether one node of the group at a time handles its events
 * @param windowEvents how many events may be read and not yet acknowledged on this node
 * @param windowBytes how many bytes of events may be read and not yet acknowledged on this node
 * @param retries how often an event is handled again after its handler failed; then it becomes a dead letter
 * @param firstDelay how long the first retry waits; each further one waits twice as long, give or take a fifth
 * @param maxDelay how long a retry waits at most
 * @param executor where handlers run; the executor of the bus unless given
 * @param start where a group begins that does not exist yet
 */
public record GroupOptions(
        int concurrency,
        Optional<Function<? super Event<?>, ?>> orderingKey,
        boolean singleActive,
        int windowEvents,
        long windowBytes,
        int retries,
        Duration firstDelay,
        Duration maxDelay,
        Optional<Executor> executor,
        Position start) {

    private static final int MAX_CONCURRENCY = 1024;
    private static final int MAX_WINDOW = 65_536;
    private static final int MAX_RETRIES = 500;
    private static final Duration MAX_DELAY = Duration.ofDays(365);

    private static final GroupOptions DEFAULTS = new GroupOptions(
            1,
            Optional.empty(),
            false,
            512,
            4L << 20,
            5,
            Duration.ofSeconds(1),
            Duration.ofMinutes(10),
            Optional.empty(),
            Position.EARLIEST);

    /**
     * Checks the values.
     *
     * @param concurrency how many events are handled at the same time
     * @param orderingKey what events must have in common to be handled in order
     * @param singleActive whether one node at a time handles its events
     * @param windowEvents how many events may be read and not yet acknowledged
     * @param windowBytes how many bytes of events may be read and not yet acknowledged
     * @param retries how often an event is handled again
     * @param firstDelay how long the first retry waits
     * @param maxDelay how long a retry waits at most
     * @param executor where handlers run
     * @param start where a new group begins
     * @throws IllegalArgumentException if one of them is out of its range
     */
    public GroupOptions {
        require(
                concurrency >= 1 && concurrency <= MAX_CONCURRENCY,
                "concurrency is " + concurrency + "; it must be between 1 and " + MAX_CONCURRENCY);
        require(
                windowEvents >= 1 && windowEvents <= MAX_WINDOW,
                "windowEvents is " + windowEvents + "; it must be between 1 and " + MAX_WINDOW);
        require(windowBytes >= 1, "windowBytes is " + windowBytes + "; it must be positive");
        require(
                retries >= 0 && retries <= MAX_RETRIES,
                "retries is " + retries + "; it must be between 0 and " + MAX_RETRIES);
        require(!firstDelay.isNegative(), "firstDelay is " + firstDelay + "; it must not be negative");
        require(
                maxDelay.compareTo(firstDelay) >= 0 && maxDelay.compareTo(MAX_DELAY) <= 0,
                "maxDelay is " + maxDelay + "; it must not be less than firstDelay, which is " + firstDelay
                        + ", nor more than " + MAX_DELAY);
        Objects.requireNonNull(orderingKey, "orderingKey");
        Objects.requireNonNull(executor, "executor");
        Objects.requireNonNull(start, "start");
    }

    /**
     * Returns the defaults: one event at a time; 512 events or 4 MiB are read ahead; five retries after 1, 2, 4, 8 and
     * 16 seconds; on the executor of the bus; a new group begins with the first event that is kept.
     *
     * @return the defaults
     */
    public static GroupOptions defaults() {
        return DEFAULTS;
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }

    /**
     * Sets how many events are handled at the same time on this node, whichever partitions they are from. Then they
     * have no order, unless {@link #withOrderingKey} gives them one, or the key of a topic with {@link Partitions} and
     * {@link #withSingleActiveConsumer}.
     *
     * @param handlers how many
     * @return a copy with this option
     * @throws IllegalArgumentException if it is out of range
     */
    public GroupOptions withConcurrency(int handlers) {
        return with(draft -> draft.concurrency = handlers);
    }

    /**
     * Handles events with equal keys in order and never at the same time, on this node, while {@link #withConcurrency}
     * lets others run in parallel. An event that waits for a retry holds up those with its key. Not for a topic with
     * {@link Partitions}, which has a key of its own.
     *
     * @param keyOf returns the key; {@code null} for an event that needs no order. It must be fast
     * @return a copy with this option
     */
    public GroupOptions withOrderingKey(Function<? super Event<?>, ?> keyOf) {
        return with(draft -> draft.orderingKey = Optional.of(keyOf));
    }

    /**
     * Keeps the order across nodes: a single active consumer. One node of the group at a time handles its events, and
     * the others stand by; when it has ended, left or lost its lease, another one goes on with what it had, in the
     * order of the topic, and reads nothing new before. Events with equal keys of {@link #withOrderingKey} are handled
     * in order, also through deaths, retries and redeliveries; without keys all events are, one at a time. An event
     * that a paused node had begun may still be running there when the next one is given it, with
     * {@link Delivery#mayHaveRun()}. A dead letter that is redelivered comes after all others.
     *
     * <p>Of a topic with {@link Partitions}, each has an active consumer of its own, and the nodes have equal shares of
     * them; the key is that of the topic. When a node joins, another one gives up a partition when it has ended what it
     * was handling there. Without partitions, more nodes are not faster: they take over. A node that closes stays the
     * active one until what it is handling has ended. All nodes of the group have to say so: stop those that do not
     * before the first one does, or what they are handling is handled again; one that does not is refused while one
     * that does is active.
     *
     * @return a copy with this option
     */
    public GroupOptions withSingleActiveConsumer() {
        return with(draft -> draft.singleActive = true);
    }

    /**
     * Sets how much may be read and not yet acknowledged on this node. What is not read stays in Redis, for any node.
     *
     * @param events how many events
     * @param bytes how many bytes
     * @return a copy with this option
     * @throws IllegalArgumentException if one is out of range
     */
    public GroupOptions withWindow(int events, long bytes) {
        return with(draft -> {
            draft.windowEvents = events;
            draft.windowBytes = bytes;
        });
    }

    /**
     * Sets how often an event is handled again after its handler failed, and how long it waits before that. After the
     * last retry it becomes a dead letter.
     *
     * @param times how often, 0 to 500
     * @param first how long the first retry waits; each further one waits twice as long, give or take a fifth
     * @param longest how long a retry waits at most; no more than 365 days
     * @return a copy with this option
     * @throws IllegalArgumentException if one is out of range
     */
    public GroupOptions withRetries(int times, Duration first, Duration longest) {
        return with(draft -> {
            draft.retries = times;
            draft.firstDelay = first;
            draft.maxDelay = longest;
        });
    }

    /**
     * Runs the handler on another executor.
     *
     * @param where the executor, which the bus does not shut down
     * @return a copy with this option
     */
    public GroupOptions withExecutor(Executor where) {
        return with(draft -> draft.executor = Optional.of(where));
    }

    /**
     * Sets where the group begins if it does not exist yet. A group that exists goes on where it was.
     *
     * @param position what comes after it is delivered; of a topic with {@link Partitions}, no position of an event
     * @return a copy with this option
     */
    public GroupOptions withStart(Position position) {
        return with(draft -> draft.start = position);
    }

    private GroupOptions with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.options();
    }

    /** A copy to be changed. */
    private static final class Draft {

        private int concurrency;
        private Optional<Function<? super Event<?>, ?>> orderingKey;
        private boolean singleActive;
        private int windowEvents;
        private long windowBytes;
        private int retries;
        private Duration firstDelay;
        private Duration maxDelay;
        private Optional<Executor> executor;
        private Position start;

        Draft(GroupOptions from) {
            concurrency = from.concurrency;
            orderingKey = from.orderingKey;
            singleActive = from.singleActive;
            windowEvents = from.windowEvents;
            windowBytes = from.windowBytes;
            retries = from.retries;
            firstDelay = from.firstDelay;
            maxDelay = from.maxDelay;
            executor = from.executor;
            start = from.start;
        }

        GroupOptions options() {
            return new GroupOptions(
                    concurrency,
                    orderingKey,
                    singleActive,
                    windowEvents,
                    windowBytes,
                    retries,
                    firstDelay,
                    maxDelay,
                    executor,
                    start);
        }
    }
}

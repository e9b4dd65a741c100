package dev.omnibus.bus;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The options of a subscription: how its events are queued and handled. Start from {@link #defaults()} and change what
 * matters. Immutable.
 *
 * @param concurrency how many events are handled at the same time; 1 keeps their order
 * @param orderingKey what events must have in common to be handled in order, if several are handled at a time
 * @param mailboxEvents how many events may wait for the handler
 * @param mailboxBytes how many bytes of events may wait for the handler
 * @param overflow what happens beyond that
 * @param retries how often an event is passed to the handler again after it failed
 * @param retryDelay how long the first retry waits; each further one waits twice as long
 * @param executor where handlers run; the executor of the bus unless given
 */
public record SubscribeOptions(
        int concurrency,
        Optional<Function<? super Event<?>, ?>> orderingKey,
        int mailboxEvents,
        long mailboxBytes,
        Overflow overflow,
        int retries,
        Duration retryDelay,
        Optional<Executor> executor) {

    private static final SubscribeOptions DEFAULTS = new SubscribeOptions(
            1,
            Optional.empty(),
            512 * 1024,
            64L * 1024 * 1024,
            Overflow.DROP_NEWEST,
            0,
            Duration.ofMillis(100),
            Optional.empty());

    private static final int MAX_CONCURRENCY = 1024;
    private static final int MAX_RETRIES = 20; // the last one waits half a million times the first delay

    /**
     * Checks the values.
     *
     * @param concurrency how many events are handled at the same time
     * @param orderingKey what events must have in common to be handled in order
     * @param mailboxEvents how many events may wait for the handler
     * @param mailboxBytes how many bytes of events may wait for the handler
     * @param overflow what happens beyond that
     * @param retries how often an event is passed to the handler again after it failed
     * @param retryDelay how long the first retry waits
     * @param executor where handlers run
     * @throws IllegalArgumentException if one of them is out of its range
     */
    public SubscribeOptions {
        require(
                concurrency >= 1 && concurrency <= MAX_CONCURRENCY,
                "concurrency is " + concurrency + "; it must be between 1 and " + MAX_CONCURRENCY);
        require(mailboxEvents >= 1, "mailboxEvents is " + mailboxEvents + "; it must be positive");
        require(mailboxBytes >= 1, "mailboxBytes is " + mailboxBytes + "; it must be positive");
        require(
                retries >= 0 && retries <= MAX_RETRIES,
                "retries is " + retries + "; it must be between 0 and " + MAX_RETRIES);
        require(!retryDelay.isNegative(), "retryDelay is " + retryDelay + "; it must not be negative");
        Objects.requireNonNull(orderingKey, "orderingKey");
        Objects.requireNonNull(overflow, "overflow");
        Objects.requireNonNull(executor, "executor");
    }

    /**
     * Returns the defaults: one event at a time, in order; up to 524,288 events or 64 MiB wait; beyond that the newest
     * is dropped; no retries; on the executor of the bus.
     *
     * @return the defaults
     */
    public static SubscribeOptions defaults() {
        return DEFAULTS;
    }

    private static void require(boolean condition, String problem) {
        if (!condition) {
            throw new IllegalArgumentException(problem);
        }
    }

    /**
     * Handles several events at a time. That gives up their order; see {@link #withOrderingKey} for a part of it.
     *
     * @param handlers how many at most, 1 to 1,024
     * @return a copy with this option
     * @throws IllegalArgumentException if it is out of range
     */
    public SubscribeOptions withConcurrency(int handlers) {
        return new SubscribeOptions(
                handlers, orderingKey, mailboxEvents, mailboxBytes, overflow, retries, retryDelay, executor);
    }

    /**
     * Handles events with equal keys in order and never at the same time, while {@link #withConcurrency} lets others
     * run in parallel.
     *
     * @param keyOf returns the key, for instance {@code event -> event.headers().get("partitionkey")}; {@code null} for
     *     an event that needs no order. It runs for each event before that is queued, must be fast, and may read the
     *     data
     * @return a copy with this option
     */
    public SubscribeOptions withOrderingKey(Function<? super Event<?>, ?> keyOf) {
        return new SubscribeOptions(
                concurrency, Optional.of(keyOf), mailboxEvents, mailboxBytes, overflow, retries, retryDelay, executor);
    }

    /**
     * Sets how much may wait for the handler.
     *
     * @param events how many events
     * @param bytes how many bytes, as the library counts them: the message plus 256 bytes of overhead
     * @return a copy with this option
     * @throws IllegalArgumentException if one is not positive
     */
    public SubscribeOptions withMailbox(int events, long bytes) {
        return new SubscribeOptions(concurrency, orderingKey, events, bytes, overflow, retries, retryDelay, executor);
    }

    /**
     * Sets what happens when the mailbox is full.
     *
     * @param whenFull what to do
     * @return a copy with this option
     */
    public SubscribeOptions withOverflow(Overflow whenFull) {
        return new SubscribeOptions(
                concurrency, orderingKey, mailboxEvents, mailboxBytes, whenFull, retries, retryDelay, executor);
    }

    /**
     * Passes an event to its handler again when that threw an exception. The events after it wait meanwhile. An
     * {@link Error} is not retried.
     *
     * @param times how often at most, 0 to 20; the event counts as failed only after the last one
     * @param firstDelay how long the first retry waits; each further one waits twice as long
     * @return a copy with this option
     * @throws IllegalArgumentException if the number is out of range or the delay negative
     */
    public SubscribeOptions withRetries(int times, Duration firstDelay) {
        return new SubscribeOptions(
                concurrency, orderingKey, mailboxEvents, mailboxBytes, overflow, times, firstDelay, executor);
    }

    /**
     * Runs the handler on another executor, for instance on the thread of a user interface. If that rejects a task, the
     * subscription is closed, and what waits is dropped and reported.
     *
     * @param where the executor, which the bus does not shut down
     * @return a copy with this option
     */
    public SubscribeOptions withExecutor(Executor where) {
        return new SubscribeOptions(
                concurrency,
                orderingKey,
                mailboxEvents,
                mailboxBytes,
                overflow,
                retries,
                retryDelay,
                Optional.of(where));
    }
}

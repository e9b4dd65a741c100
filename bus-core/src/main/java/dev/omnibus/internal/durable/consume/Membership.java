package dev.omnibus.internal.durable.consume;

import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.Timing;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * A consumer's membership in its group: creates the group, and leaves it, and repeats both until they are answered; and
 * finds out why a group is gone. Thread-safe.
 */
public final class Membership {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(1);

    private final Streams streams;
    private final Timing timing;
    private final Consumer consumer;
    private int attempts; // guarded by this, like all below
    private String epoch = ""; // of the log, when the group was created
    private boolean asking; // why the group is gone

    Membership(Streams streams, Timing timing, Consumer consumer) {
        this.streams = streams;
        this.timing = timing;
        this.consumer = consumer;
    }

    /** Creates the group unless it is there, as long as that is wanted. */
    void create(
            StreamId start,
            BooleanSupplier wanted,
            Runnable created,
            java.util.function.Consumer<TransportException> refused) {
        streams.createGroup(consumer.stream(), consumer.group(), start).whenComplete((done, failure) -> {
            if (failure == null) {
                answered();
                created.run();
            } else if (!Failures.mayPass(Failures.of(failure))) {
                refused.accept(Failures.of(failure));
            } else {
                again(() -> {
                    if (wanted.getAsBoolean()) {
                        create(start, wanted, created, refused);
                    }
                });
            }
        });
    }

    /** The group is there, in the log with that epoch. */
    synchronized void begun(String now) {
        epoch = now;
    }

    /** The group is gone: it was removed, unless the log has begun anew, which the topic reports to its readers. */
    void whetherRemoved(TopicLog<?> topic, Runnable removed) {
        String since;
        synchronized (this) {
            if (asking) {
                return;
            }
            asking = true;
            since = epoch;
        }
        topic.whetherAnew(since, anew -> {
            synchronized (this) {
                asking = false;
                epoch = topic.epoch(); // should the group be gone again, it was removed
            }
            if (!anew) {
                removed.run();
            }
        });
    }

    /** Gives back what the consumer has; perhaps it stays, and another one is to be the active one. */
    void leave(boolean stays, Runnable left, Runnable closed) {
        streams.leave(consumer, stays).whenComplete((all, failure) -> {
            TransportException why = failure == null ? null : Failures.of(failure);
            if (why != null && why.kind() == Kind.CLOSED) {
                closed.run();
            } else if (why != null && Failures.mayPass(why)) {
                again(() -> leave(stays, left, closed));
            } else if (why == null && !all) {
                leave(stays, left, closed);
            } else { // or it is refused: then its lease ends
                left.run();
            }
        });
    }

    /** Something was answered: the next pause is a short one. */
    synchronized void answered() {
        attempts = 0;
    }

    /** Repeats something after a pause. */
    void again(Runnable what) {
        Duration pause;
        synchronized (this) {
            pause = Timing.backoff(FIRST_PAUSE, MAX_PAUSE, attempts++);
        }
        timing.later(pause, what);
    }
}

package dev.omnibus.internal.durable;

import dev.omnibus.transport.Streams.TakeOver;

/**
 * Whether a consumer may have events handled: always, or, of a group with a single active consumer, in its turn.
 * Guarded by the consumer.
 */
final class Activity {

    private final boolean single;
    private boolean active; // of a single one, as of the last renewal
    private boolean mayRead; // and it has what those before it had

    Activity(boolean single) {
        this.single = single;
        this.active = !single;
    }

    boolean isSingle() {
        return single;
    }

    boolean isActive() {
        return active;
    }

    boolean mayRead() {
        return mayRead;
    }

    /** Another single consumer may be the active one: the next renewal tells. */
    void standBy() {
        active = !single;
        mayRead &= active;
    }

    /**
     * A single consumer is active, or stands by. What it has taken over it reads again, together with what it had
     * itself: so all of that is handled in the order of the log, and before anything new.
     *
     * @return whether there is more to take over at once
     */
    boolean renewed(TakeOver taken, Window<?> window) {
        if (!single) {
            mayRead = true;
            return false;
        }
        if (active && !taken.active()) {
            window.forgetUnstarted();
        }
        if (!taken.entries().isEmpty()) {
            window.reread();
        }
        active = taken.active();
        mayRead = active && !taken.more();
        return active && taken.more() && !taken.entries().isEmpty();
    }
}

package dev.omnibus.internal.durable.consume;

import dev.omnibus.internal.durable.log.Partition;
import dev.omnibus.transport.Streams.TakeOver;
import java.util.Set;

/**
 * Whether a consumer may have events handled: always, or, of a group with a single active consumer, in its turn. Of a
 * topic with partitions, that is as long as it {@linkplain Partition#owner owns} this one: then the one before gives it
 * up when it has ended what it was handling. Guarded by the consumer.
 */
public final class Activity {

    private final boolean single;
    private final Partition partition;
    private final String node;
    private Set<String> candidates = Set.of(); // of which one is the owner
    private boolean owner; // as of the last renewal, like the next one
    private boolean active;
    private boolean mayRead; // and it has what those before it had
    private boolean yielding;

    Activity(boolean single, Partition partition, String node) {
        this.single = single;
        this.partition = partition;
        this.node = node;
        this.owner = partition.isWhole(); // then anyone who comes first may be the active one, and stays it
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

    /** Whether it is to become the active one, if no other is, and to have what the others had. */
    boolean claims() {
        return owner && !yielding;
    }

    /** Whether it is the active one, and is to give that up. */
    boolean isYielding() {
        return yielding;
    }

    /** Another single consumer may be the active one: the next renewal shows. */
    void standBy() {
        active = !single;
        mayRead &= active;
        yielding = false;
    }

    /**
     * A single consumer is active, or stands by. What it has taken over it reads again, together with what it had
     * itself: so all of that is handled in the order of the log, and before anything new.
     *
     * @return whether there is more to take over at once, or the turn of this one has come
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
        boolean before = owner;
        findOwner(taken.candidates());
        if (active && !owner && !yielding) {
            yielding = true;
            int unused = window.forgetWaiting();
        }
        mayRead = active && !taken.more() && !yielding;
        return active ? taken.more() && !taken.entries().isEmpty() : owner && !before;
    }

    private void findOwner(Set<String> now) {
        if (!partition.isWhole() && !now.equals(candidates)) {
            candidates = now;
            owner = !now.isEmpty() && partition.owner(now).equals(node);
        }
    }
}

package dev.omnibus.internal.durable.append;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A repair window: the last events that a publisher has appended. If the server loses them in a failover, they are
 * appended again. Confined to the appender, under its lock.
 *
 * <p>The age counts up to the last answer of the server, not up to now: while it does not answer, nothing is forgotten.
 */
public final class RecentEvents {

    static final long MAX_BYTES = 8L << 20;

    /** Sentinels let a master that they have replaced go on for ten seconds, and more if they are busy. */
    static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(30);

    /**
     * An event as it is appended.
     *
     * @param id by which the server recognises it, if it has one of the program
     */
    public record Outgoing(byte[] event, Optional<String> id) {}

    private static final class Appended {

        final Outgoing event;
        final long sequence;
        long at;

        Appended(Outgoing event, long sequence, long at) {
            this.event = event;
            this.sequence = sequence;
            this.at = at;
        }
    }

    private final ArrayDeque<Appended> events = new ArrayDeque<>();
    private long bytes;

    /** Adds events that follow those before. */
    public void add(List<Outgoing> appended, long first, long now) {
        for (int i = 0; i < appended.size(); i++) {
            events.add(new Appended(appended.get(i), first + i, now));
            bytes += appended.get(i).event().length;
        }
        forgetOld(now);
    }

    /** Some of them were appended again, to a server that may be lost as well: they are as old as that. */
    public void repaired(long first, int count, long now) {
        for (Appended one : events) {
            if (one.sequence >= first && one.sequence < first + count) {
                one.at = now;
            }
        }
    }

    /** Forgets what is too old or too much, as the server has just answered. */
    public void forgetOld(long now) {
        while (!events.isEmpty() && (bytes > MAX_BYTES || now - events.getFirst().at > MAX_NANOS)) {
            bytes -= events.removeFirst().event.event().length;
        }
    }

    public boolean isEmpty() {
        return events.isEmpty();
    }

    /** Returns the events behind a sequence, in order, as far as they are known. */
    public List<Outgoing> after(long sequence) {
        List<Outgoing> after = new ArrayList<>();
        for (Appended one : events) {
            if (one.sequence > sequence) {
                after.add(one.event);
            }
        }
        return after;
    }
}

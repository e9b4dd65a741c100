package dev.omnibus.transport.redisson.subscription;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * A merge of one subscription on two servers of a cluster, while it moves from the one to the other: each receives
 * everything, and the listener gets everything once, and in order.
 *
 * <p>Publishers learn of the move one after the other. What is published on the old server still is received there at
 * once, and on the new one a little later, by way of the cluster's bus; a publisher that has followed may then overtake
 * itself on the new server, but not on the old one. So the old one counts until all publishers had the time to follow,
 * and what the new one delivers is kept until then, or dropped when the old one delivers the same.
 *
 * <p>Used on the event loop of the bus only, on which both connections are.
 */
public final class SlotMigration {

    /** Under a flood a doubled frame, which receivers drop, is better than to run out of memory. */
    private static final long MAX_BYTES = 16L * 1024 * 1024;

    /** Publishers check once a second for slots that have moved. */
    private static final Duration SETTLED = Duration.ofMillis(2_500);

    /** The cluster's bus brings everything well within this time. */
    private static final Duration MAX_WAY = Duration.ofSeconds(1);

    private record Frame(String channel, ByteBuffer bytes) {}

    private record Awaited(Frame frame, byte[] bytes, long at) {}

    private final Subscribed subscribed;
    private final Map<Frame, Integer> early = new HashMap<>(); // by the old one, before the new one began to listen
    private final Map<Frame, Integer> ahead = new HashMap<>(); // by the old one, awaited from the new one
    private final Deque<Awaited> awaited = new ArrayDeque<>(); // by the new one, awaited from the old one
    private boolean stands; // on the new one
    private long since; // when it began to stand there
    private boolean over; // on the old one
    private long bytes;

    SlotMigration(Subscribed subscribed) {
        this.subscribed = subscribed;
    }

    /** The new server has confirmed: from here on it delivers everything, too. */
    void stands() {
        if (!stands) {
            stands = true;
            since = System.nanoTime();
        }
    }

    boolean isStanding() {
        return stands;
    }

    /** Whether all publishers have had the time to follow. */
    boolean isSettled() {
        return stands && System.nanoTime() - since > SETTLED.toNanos();
    }

    boolean isOver() {
        return over;
    }

    /** It moves on, to a third server, before all publishers can have learnt of the move to the second. */
    void moved() {
        stands = false;
    }

    void onOld(String channel, byte[] bytes) {
        if (over) {
            return;
        }
        Frame frame = new Frame(channel, ByteBuffer.wrap(bytes));
        if (!isAwaited(frame)) {
            count(stands ? ahead : early, frame);
        }
        subscribed.frame(channel, bytes);
    }

    private boolean isAwaited(Frame frame) {
        for (Iterator<Awaited> all = awaited.iterator(); all.hasNext(); ) { // nearly always the first one
            if (all.next().frame.equals(frame)) {
                all.remove();
                bytes -= frame.bytes.capacity();
                return true;
            }
        }
        return false;
    }

    void onNew(String channel, byte[] bytes) {
        Frame frame = new Frame(channel, ByteBuffer.wrap(bytes));
        if (forget(ahead, frame) || forget(early, frame)) {
            return;
        }
        if (over) {
            subscribed.frame(channel, bytes);
        } else {
            awaited.add(new Awaited(frame, bytes, System.nanoTime()));
            grown(bytes.length);
        }
    }

    /** The old server has had its time, or is gone: the new one counts, beginning with what only it has delivered. */
    void end() {
        over = true;
        early.clear(); // what the new one can deliver of these, it has delivered by now
        long now = System.nanoTime();
        for (Awaited next = awaited.poll(); next != null; next = awaited.poll()) {
            // What came at first the old server may have delivered before all this began; but not what came later.
            if (next.at - since >= MAX_WAY.toNanos() || now - next.at < MAX_WAY.toNanos()) {
                subscribed.frame(next.frame.channel, next.bytes);
            }
        }
    }

    private void count(Map<Frame, Integer> frames, Frame frame) {
        frames.merge(frame, 1, Integer::sum);
        grown(frame.bytes.capacity());
    }

    private boolean forget(Map<Frame, Integer> frames, Frame frame) {
        Integer times = frames.get(frame);
        if (times == null) {
            return false;
        }
        if (times == 1) {
            frames.remove(frame);
        } else {
            frames.put(frame, times - 1);
        }
        bytes -= frame.bytes.capacity();
        return true;
    }

    private void grown(int by) {
        bytes += by;
        if (bytes > MAX_BYTES && stands) {
            ahead.clear();
            bytes = 0;
            end();
        } else if (bytes > MAX_BYTES) {
            early.clear();
            bytes = 0;
        }
    }
}

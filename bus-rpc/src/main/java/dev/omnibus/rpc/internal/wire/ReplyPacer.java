package dev.omnibus.rpc.internal.wire;

import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A token bucket per inbox that replies go to. A request names the inbox for its answer, and may name that of another
 * process: a few small requests with large answers would make Redis close the connection of that process, for what it
 * has not read yet. So beyond a first burst, replies to one inbox are spread over time, and a little later calls for it
 * are refused. Small replies are not counted: to request them costs as much as they do. Thread-safe.
 */
public final class ReplyPacer {

    /** Why a call is refused whose caller requests replies faster than they may be sent. */
    public static final String CROWDED =
            "too much waits to be sent to the caller's inbox already; nothing was executed";

    /** Replies below this size pass freely. */
    static final int FREE_BYTES = 1_024;

    /** The bytes that an inbox gets at once. */
    static final long BURST_BYTES = 2L * 1024 * 1024;

    /** The bytes that it gets per second from then on. */
    static final long BYTES_PER_SECOND = 32L * 1024 * 1024;

    /** How many bytes may wait for one inbox before further calls for it are refused. */
    static final long MAX_WAITING_BYTES = 8L * 1024 * 1024;

    /** How many bytes may wait for all inboxes together. */
    static final long MAX_TOTAL_WAITING_BYTES = 64L * 1024 * 1024;

    /** Every debt is paid by then; after days the product with the rate would overflow. */
    private static final long LONG_AGO_MICROS = TimeUnit.HOURS.toMicros(1);

    private static final int SWEEP_AT = 1_024;

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class); // the name that users know

    private record Waiting(int bytes, Runnable send) {}

    private static final class Bucket {

        private long level = BURST_BYTES;
        private long filledAt;
        private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
        private long waitingBytes;

        Bucket(long now) {
            filledAt = now;
        }

        void fill(long now) {
            long micros = Math.min((now - filledAt) / 1_000, LONG_AGO_MICROS);
            long gained = micros * BYTES_PER_SECOND / 1_000_000;
            if (gained > 0) {
                level = Math.min(BURST_BYTES, level + gained);
                filledAt = now;
            }
        }

        /** Takes the replies whose turn it is. A reply that is larger than the level leaves a debt. */
        void take(List<Runnable> into) {
            while (level > 0 && !waiting.isEmpty()) {
                Waiting next = waiting.remove();
                level -= next.bytes();
                waitingBytes -= next.bytes();
                into.add(next.send());
            }
        }

        long nanosUntilNext() {
            return (1 - level) * TimeUnit.SECONDS.toNanos(1) / BYTES_PER_SECOND;
        }
    }

    /** The one of a bus. */
    public static ReplyPacer of(BusRuntime bus) {
        Executor executor = new CallerRunsExecutor(bus.channels().executor());
        return bus.layer(ReplyPacer.class, any -> new ReplyPacer(executor, bus.channels()::later));
    }

    private final Executor executor;
    private final DelayedExecutor later;
    private final LongSupplier clock;
    private final Map<String, Bucket> buckets = new HashMap<>(); // guarded by this, like all below
    private int sweepAt = SWEEP_AT;
    private boolean closed;
    private volatile long waitingBytes; // written under the lock only

    public ReplyPacer(Executor executor, DelayedExecutor later) {
        this(executor, later, System::nanoTime);
    }

    ReplyPacer(Executor executor, DelayedExecutor later, LongSupplier clock) {
        this.executor = executor;
        this.later = later;
        this.clock = clock;
    }

    /**
     * Sends a reply, now or when it is its turn.
     *
     * @param send sends it; must not block
     */
    public void pass(String inbox, int bytes, Runnable send) {
        if (bytes < FREE_BYTES || passes(inbox, bytes, send)) {
            send.run();
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    private boolean passes(String inbox, int bytes, Runnable send) {
        boolean first;
        long nanos;
        synchronized (this) {
            if (closed) {
                return true;
            }
            long now = clock.getAsLong();
            Bucket bucket = buckets.get(inbox);
            if (bucket == null) {
                sweep(now);
                bucket = new Bucket(now);
                buckets.put(inbox, bucket);
            }
            bucket.fill(now);
            if (bucket.waiting.isEmpty() && bucket.level > 0) {
                bucket.level -= bytes;
                return true;
            }
            first = bucket.waiting.isEmpty();
            bucket.waiting.add(new Waiting(bytes, send));
            bucket.waitingBytes += bytes;
            waitingBytes += bytes;
            nanos = bucket.nanosUntilNext();
        }
        if (first) {
            later(inbox, nanos);
        }
        return false;
    }

    /** Refunds a reply that reached no receiver: the next one need not wait for it. */
    public void refund(String inbox, int bytes) {
        if (bytes < FREE_BYTES) {
            return;
        }
        boolean someWait;
        synchronized (this) {
            Bucket bucket = buckets.get(inbox);
            if (bucket == null) {
                return;
            }
            bucket.level = Math.min(BURST_BYTES, bucket.level + bytes);
            someWait = !bucket.waiting.isEmpty();
        }
        if (someWait) {
            executor.execute(() -> release(inbox)); // this may be the thread of the transport
        }
    }

    private void later(String inbox, long nanos) {
        later.run(Duration.ofNanos(nanos), () -> release(inbox));
    }

    /** Sends what may be sent by now. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    void release(String inbox) {
        List<Runnable> ready = new ArrayList<>();
        long nanos = 0;
        synchronized (this) {
            Bucket bucket = buckets.get(inbox);
            if (bucket == null) {
                return;
            }
            bucket.fill(clock.getAsLong());
            long before = bucket.waitingBytes;
            bucket.take(ready);
            waitingBytes -= before - bucket.waitingBytes;
            if (!bucket.waiting.isEmpty()) {
                nanos = Math.max(1, bucket.nanosUntilNext());
            }
        }
        if (nanos > 0) {
            later(inbox, nanos);
        }
        sendAll(ready);
    }

    /** A reply that cannot be sent does not hold up the others. */
    private static void sendAll(List<Runnable> replies) {
        for (Runnable reply : replies) {
            try {
                reply.run();
            } catch (RuntimeException | Error e) {
                FailureLog.error(LOG, e, "A reply that had waited for its turn could not be sent");
            }
        }
    }

    /** Whether so much waits for an inbox that nothing more should be done for it. */
    public boolean isCrowded(String inbox) {
        return waitingBytes > 0 && isFull(inbox);
    }

    private synchronized boolean isFull(String inbox) {
        Bucket bucket = buckets.get(inbox);
        return bucket != null
                && bucket.waitingBytes > 0
                && (bucket.waitingBytes >= MAX_WAITING_BYTES || waitingBytes >= MAX_TOTAL_WAITING_BYTES);
    }

    /** Removes inboxes whose buckets are full again, which is soon, once there are many. */
    private void sweep(long now) {
        if (buckets.size() < sweepAt) {
            return;
        }
        buckets.values().forEach(bucket -> bucket.fill(now));
        buckets.values().removeIf(bucket -> bucket.waiting.isEmpty() && bucket.level == BURST_BYTES);
        sweepAt = Math.max(SWEEP_AT, 2 * buckets.size());
    }

    synchronized int inboxes() {
        return buckets.size();
    }

    /** Sends everything at once, and passes what comes later: the node is about to leave. */
    public void close() {
        List<Runnable> all = new ArrayList<>();
        synchronized (this) {
            closed = true;
            buckets.values().forEach(bucket -> bucket.waiting.forEach(one -> all.add(one.send())));
            buckets.clear();
            waitingBytes = 0;
        }
        sendAll(all);
    }
}

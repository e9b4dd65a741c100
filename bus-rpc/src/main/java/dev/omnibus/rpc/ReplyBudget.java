package dev.omnibus.rpc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Admission control by the bytes of the replies that are to be expected. Redis ends the connection of a process for
 * which it holds too much, and large replies of many nodes come all at once: so calls and broadcasts for methods with
 * large replies wait until there is room for theirs. How large the replies of a method are is learned from those that
 * came. Of a broadcast whose replies nobody knows yet, one goes first, and the next ones wait for its first reply, or
 * for a second. Thread-safe.
 */
final class ReplyBudget {

    /** What may be under way at a time; one alone may be larger. */
    static final long MAX_BYTES = 16L * 1024 * 1024;

    /** Calls whose replies are smaller than that are not counted. */
    static final int FREE_BYTES = 1_024;

    /** How long a broadcast waits for the first reply to another one of its method. */
    static final long PROBE_MILLIS = 1_000;

    private static final int MAX_METHODS = 10_000;
    private static final int FADING = 16; // an estimate comes down by a part of the difference each time

    /** A place for the replies of one call or broadcast. */
    final class Reservation {

        private final String method;
        private final Runnable send;
        private int awaited;
        private long perReply;
        private boolean probed;
        private boolean admitted;
        private boolean ended;

        private Reservation(String method, int awaited, Runnable send) {
            this.method = method;
            this.awaited = awaited;
            this.send = send;
        }

        /** A reply has come; those that are still to come are expected to be alike. */
        void replied(int bytes) {
            learn(method, bytes);
            synchronized (ReplyBudget.this) {
                if (awaited > 0 && !ended) {
                    expected -= awaited * perReply;
                    awaited--;
                    perReply = sizes.getOrDefault(method, 0);
                    expected += awaited * perReply;
                }
                endProbe(this);
            }
            admit();
        }

        /** Nothing more is awaited. */
        void end() {
            synchronized (ReplyBudget.this) {
                if (ended) {
                    return;
                }
                ended = true;
                expected -= admitted ? awaited * perReply : 0;
                endProbe(this);
            }
            admit();
        }
    }

    private final Executor executor;
    private final Map<String, Integer> sizes =
            new ConcurrentHashMap<>(); // of replies, by method; written under the lock
    private final ArrayDeque<Reservation> waiting = new ArrayDeque<>(); // guarded by this, like all below
    private final Map<String, Reservation> probes = new HashMap<>(); // the first of their method
    private final Map<String, List<Reservation>> behindProbes = new HashMap<>();
    private long expected;

    ReplyBudget(Executor executor) {
        this.executor = executor;
    }

    /** Whether a call needs a place. */
    boolean counts(String method) {
        return !sizes.isEmpty() && sizes.getOrDefault(method, 0) >= FREE_BYTES;
    }

    /** How large a reply to a call was. */
    void observed(String method, int bytes) {
        if (bytes < FREE_BYTES && !sizes.containsKey(method)) {
            return; // as most are; a broadcast makes its method known in any case
        }
        learn(method, bytes);
    }

    private synchronized void learn(String method, int bytes) {
        Integer before = sizes.get(method);
        if (before != null || sizes.size() < MAX_METHODS) {
            sizes.put(method, before == null || bytes > before ? bytes : before - (before - bytes) / FADING);
        }
    }

    /**
     * Sends when there is room for the replies: at once and here, or later on the executor.
     *
     * @param replies how many there will be
     * @param send not called any more once the reservation has ended
     */
    Reservation reserve(String method, int replies, Runnable send) {
        Reservation reservation = new Reservation(method, replies, send);
        boolean now;
        synchronized (this) {
            now = !waitsForProbe(reservation) && waiting.isEmpty() && fits(reservation);
            if (!now && !reservation.probed) {
                waiting.add(reservation);
            }
        }
        if (now) {
            send.run();
        } else if (reservation.probed) {
            CompletableFuture.delayedExecutor(PROBE_MILLIS, TimeUnit.MILLISECONDS, executor)
                    .execute(() -> letGo(reservation));
        }
        return reservation;
    }

    /** Another one goes first, whose replies will tell how large they are. */
    private boolean waitsForProbe(Reservation reservation) {
        if (reservation.awaited < 2 || sizes.containsKey(reservation.method)) {
            return false;
        }
        if (probes.putIfAbsent(reservation.method, reservation) == null) {
            return false;
        }
        reservation.probed = true;
        behindProbes
                .computeIfAbsent(reservation.method, any -> new ArrayList<>(1))
                .add(reservation);
        return true;
    }

    private boolean fits(Reservation reservation) {
        long size = sizes.getOrDefault(reservation.method, 0);
        if (expected > 0 && expected + reservation.awaited * size > MAX_BYTES) {
            return false;
        }
        reservation.perReply = size;
        reservation.admitted = true;
        expected += reservation.awaited * size;
        return true;
    }

    private void endProbe(Reservation reservation) {
        if (probes.remove(reservation.method, reservation)) {
            List<Reservation> behind = behindProbes.remove(reservation.method);
            if (behind != null) {
                waiting.addAll(behind);
            }
        }
    }

    /** It has waited for long enough for somebody else's reply. */
    private void letGo(Reservation reservation) {
        synchronized (this) {
            List<Reservation> behind = behindProbes.get(reservation.method);
            if (behind == null || !behind.remove(reservation)) {
                return;
            }
            waiting.add(reservation);
        }
        admit();
    }

    /** Sends what has room now, in the order in which it came. */
    private void admit() {
        List<Reservation> ready = new ArrayList<>();
        synchronized (this) {
            Reservation next = waiting.peek();
            while (next != null && (next.ended || fits(next))) {
                waiting.remove();
                if (!next.ended) {
                    ready.add(next);
                }
                next = waiting.peek();
            }
        }
        for (Reservation reservation : ready) {
            executor.execute(reservation.send); // this may be the thread of the transport
        }
    }

    synchronized long expected() {
        return expected;
    }
}

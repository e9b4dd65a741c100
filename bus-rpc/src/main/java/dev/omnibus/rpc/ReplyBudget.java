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
 * large replies wait until there is room for theirs. Small ones have a room of their own, so that nothing small waits
 * behind a few large ones that take their time. How large the replies of a method are is learned from those that came.
 * Of a broadcast whose replies nobody knows yet, one goes first, and the next ones wait for its first reply, or for a
 * second. Thread-safe.
 */
final class ReplyBudget {

    /** What may be under way at a time of large replies; those to one question alone may be larger. */
    static final long MAX_BYTES = 16L * 1024 * 1024;

    /** And of small ones besides: together less than what Redis holds. */
    static final long MAX_SMALL_BYTES = 8L * 1024 * 1024;

    /** Up to so many bytes, all replies to one question together are small. */
    static final long SMALL_BYTES = 64L * 1024;

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
        private Account account = small;
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
                    account.expected -= awaited * perReply;
                    awaited--;
                    perReply = sizes.getOrDefault(method, 0);
                    account(this).expected += awaited * perReply; // what was thought to be small may be large
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
                account.expected -= admitted ? awaited * perReply : 0;
                endProbe(this);
            }
            admit();
        }
    }

    /** A room of its own, with those that wait for it. */
    private static final class Account {

        private final long max;
        private final ArrayDeque<Reservation> waiting = new ArrayDeque<>();
        private long expected;

        Account(long max) {
            this.max = max;
        }
    }

    private final Executor executor;
    private final Map<String, Integer> sizes =
            new ConcurrentHashMap<>(); // of replies, by method; written under the lock
    private final Account small = new Account(MAX_SMALL_BYTES); // guarded by this, like all below
    private final Account large = new Account(MAX_BYTES);
    private final Map<String, Reservation> probes = new HashMap<>(); // the first of their method
    private final Map<String, List<Reservation>> behindProbes = new HashMap<>();

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
            boolean probed = waitsForProbe(reservation);
            Account account = account(reservation);
            now = !probed && account.waiting.isEmpty() && fits(reservation);
            if (!now && !probed) {
                account.waiting.add(reservation);
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

    /** Where it takes its room from, by what is known now. */
    private Account account(Reservation reservation) {
        long size = sizes.getOrDefault(reservation.method, 0);
        reservation.account = reservation.awaited * size <= SMALL_BYTES ? small : large;
        return reservation.account;
    }

    private boolean fits(Reservation reservation) {
        Account account = reservation.account;
        long size = sizes.getOrDefault(reservation.method, 0);
        if (account.expected > 0 && account.expected + reservation.awaited * size > account.max) {
            return false;
        }
        reservation.perReply = size;
        reservation.admitted = true;
        account.expected += reservation.awaited * size;
        return true;
    }

    private void endProbe(Reservation reservation) {
        if (probes.remove(reservation.method, reservation)) {
            List<Reservation> behind = behindProbes.remove(reservation.method);
            if (behind != null) {
                behind.forEach(next -> account(next).waiting.add(next));
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
            account(reservation).waiting.add(reservation);
        }
        admit();
    }

    /** Sends what has room now, in the order in which it came. */
    private void admit() {
        List<Reservation> ready = new ArrayList<>();
        synchronized (this) {
            admit(small, ready);
            admit(large, ready);
        }
        for (Reservation reservation : ready) {
            executor.execute(reservation.send); // this may be the thread of the transport
        }
    }

    private void admit(Account account, List<Reservation> ready) {
        Reservation next = account.waiting.peek();
        while (next != null && (next.ended || fits(next))) {
            account.waiting.remove();
            if (!next.ended) {
                ready.add(next);
            }
            next = account.waiting.peek();
        }
    }

    synchronized long expected() {
        return small.expected + large.expected;
    }
}

package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Admission control by the expected size of replies. Redis closes the connection of a process for which it holds too
 * much, and large replies of many nodes come all at once: so calls and broadcasts of methods with large replies wait
 * until there is room for theirs. Small replies have an account of their own, so that nothing small waits behind a few
 * large ones. How large the replies of a method are is learned from those that came. Of the broadcasts of a method
 * whose replies are not known yet, one goes first as a probe, and the next ones wait for its first reply, or for a
 * second. Thread-safe.
 */
public final class ReplyBudget {

    /** The expected bytes of large replies at a time; those to one request alone may be larger. */
    public static final long MAX_BYTES = 16L * 1024 * 1024;

    /** The same for small replies; both together are less than what Redis holds. */
    static final long MAX_SMALL_BYTES = 8L * 1024 * 1024;

    /** Up to this many bytes, all replies to one request together count as small. */
    static final long SMALL_BYTES = 64L * 1024;

    /** Calls with smaller replies are not counted. */
    static final int FREE_BYTES = 1_024;

    /** How long a broadcast waits for the first reply to the probe of its method. */
    static final long PROBE_MILLIS = 1_000;

    private static final int MAX_METHODS = 10_000;
    private static final int DECAY = 16; // an estimate comes down by a part of the difference each time

    /** A reservation for the replies of one call or broadcast. */
    public final class Reservation {

        private final String method;
        private @Nullable Runnable send; // guarded by the budget, like all below
        private int awaited;
        private long perReply;
        private int largestError = -1; // none
        private Account account = small;
        private boolean probed;
        private boolean admitted;
        private boolean ended;

        private Reservation(String method, int awaited) {
            this.method = method;
            this.awaited = awaited;
        }

        /**
         * Sends when there is room for the replies: at once on this thread, or later on the executor. If there is
         * something else to send meanwhile, a further call replaces what waits. Once admitted, it stays so until the
         * end.
         *
         * @param whatWaits not run any more once the reservation has ended
         */
        public void whenRoom(Runnable whatWaits) {
            boolean now;
            boolean waitsForAnother;
            synchronized (ReplyBudget.this) {
                boolean first = send == null;
                send = whatWaits;
                now = !ended && (first ? enter(this) : admitted);
                waitsForAnother = first && probed;
            }
            if (now) {
                whatWaits.run();
            } else if (waitsForAnother) {
                later.run(Duration.ofMillis(PROBE_MILLIS), () -> stopWaitingForProbe(this));
            }
        }

        /** Counts a result; those that are still expected are assumed to be alike. */
        public void replied(int bytes) {
            came(bytes, true);
        }

        /** Counts an error, whose size predicts little of the size of results. */
        public void failed(int bytes) {
            came(bytes, false);
        }

        private void came(int bytes, boolean isResult) {
            synchronized (ReplyBudget.this) {
                learn(method, bytes, isResult);
                largestError = isResult ? largestError : Math.max(largestError, bytes);
                if (awaited > 0 && !ended) {
                    account.expected -= awaited * perReply;
                    awaited--;
                    perReply = sizes.getOrDefault(method, 0);
                    account(this).expected += awaited * perReply; // what was thought to be small may be large
                }
                if (isResult) {
                    endProbe(this);
                }
            }
            admit();
        }

        /** Ends the reservation. */
        public void end() {
            synchronized (ReplyBudget.this) {
                if (ended) {
                    return;
                }
                ended = true;
                account.expected -= admitted ? awaited * perReply : 0;
                if (largestError >= 0 && sizes.size() < MAX_METHODS) {
                    sizes.putIfAbsent(method, largestError); // only errors have come: so the next ones need not wait
                }
                endProbe(this);
            }
            admit();
        }
    }

    /** An account, with the reservations that wait for room in it. */
    private static final class Account {

        private final long max;
        private final ArrayDeque<Reservation> waiting = new ArrayDeque<>();
        private long expected;

        Account(long max) {
            this.max = max;
        }
    }

    private final Executor executor;
    private final DelayedExecutor later;
    private final Map<String, Integer> sizes =
            new ConcurrentHashMap<>(); // of replies, by method; written under the lock
    private final Account small = new Account(MAX_SMALL_BYTES); // guarded by this, like all below
    private final Account large = new Account(MAX_BYTES);
    private final Map<String, Reservation> probes = new HashMap<>(); // the first of their method
    private final Map<String, List<Reservation>> behindProbes = new HashMap<>();

    public ReplyBudget(Executor executor, DelayedExecutor later) {
        this.executor = executor;
        this.later = later;
    }

    /** Whether calls of a method need a reservation. */
    boolean counts(String method) {
        return !sizes.isEmpty() && sizes.getOrDefault(method, 0) >= FREE_BYTES;
    }

    /** Learns the size of a reply to a call, which mostly changes nothing; a broadcast makes its method known. */
    public void observed(String method, int bytes, boolean isResult) {
        Integer before = sizes.get(method);
        if (before == null ? bytes >= FREE_BYTES : estimate(before, bytes, isResult) != before) {
            learn(method, bytes, isResult);
        }
    }

    private synchronized void learn(String method, int bytes, boolean isResult) {
        Integer before = sizes.get(method);
        if (before != null) {
            sizes.put(method, estimate(before, bytes, isResult));
        } else if ((isResult || bytes >= FREE_BYTES) && sizes.size() < MAX_METHODS) {
            sizes.put(method, bytes);
        }
    }

    /** Errors may be large as well. Small ones, such as those of a busy node, predict nothing. */
    private static int estimate(int before, int bytes, boolean isResult) {
        if (bytes > before) {
            return bytes;
        }
        return isResult ? before - (before - bytes) / DECAY : before;
    }

    /**
     * Creates a reservation. It takes no room before something is to be sent.
     *
     * @param replies the number of replies that are expected
     */
    public Reservation reserve(String method, int replies) {
        return new Reservation(method, replies);
    }

    /** Whether it is admitted at once; if not, it waits. */
    private boolean enter(Reservation reservation) {
        if (waitsForProbe(reservation)) {
            return false;
        }
        Account account = account(reservation);
        boolean now = account.waiting.isEmpty() && fits(reservation);
        if (!now) {
            account.waiting.add(reservation);
        }
        return now;
    }

    /** Whether it waits for the probe of its method, whose replies show how large they are. */
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

    /** The account that it belongs to, as far as is known now. */
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

    /** Stops waiting for a probe that takes too long. */
    private void stopWaitingForProbe(Reservation reservation) {
        synchronized (this) {
            List<Reservation> behind = behindProbes.get(reservation.method);
            if (behind == null || !behind.remove(reservation)) {
                return;
            }
            account(reservation).waiting.add(reservation);
        }
        admit();
    }

    /** Sends what has room now, in order of arrival. */
    private void admit() {
        List<Runnable> ready = new ArrayList<>();
        synchronized (this) {
            admit(small, ready);
            admit(large, ready);
        }
        ready.forEach(executor::execute); // this may be the thread of the transport
    }

    private void admit(Account account, List<Runnable> ready) {
        Reservation next = account.waiting.peek();
        while (next != null && (next.ended || fits(next))) {
            account.waiting.remove();
            if (!next.ended && next.send != null) {
                ready.add(next.send);
            }
            next = account.waiting.peek();
        }
    }

    public synchronized long expected() {
        return small.expected + large.expected;
    }
}

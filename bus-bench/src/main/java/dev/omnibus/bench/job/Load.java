package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.Caller;
import dev.omnibus.bench.peer.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How calls follow each other. */
public interface Load {

    Ability needs();

    Metric metric();

    void run(Caller caller, Tally tally, long nanos) throws Exception;

    /** The next call when the one before it has been answered. */
    static Load alone(Ability needs) {
        return new OneByOne(needs, (caller, tally) -> {
            Order order = tally.nextOrder();
            tally.answered(order, caller.call(order));
        });
    }

    /** The same to a handler that never waits. */
    static Load aloneQuick() {
        return new OneByOne(Ability.CALL, (caller, tally) -> {
            Order order = tally.nextOrder();
            tally.answered(order, caller.callQuick(order));
        });
    }

    /** The same with questions to all nodes. */
    static Load broadcasts() {
        return new OneByOne(
                Ability.BROADCAST,
                (caller, tally) -> tally.count(caller.broadcast(tally.nextOrder()) == tally.nodes()));
    }

    /** One thread calls, and stops while so many calls are not answered. */
    static Load inFlight(Ability needs, int calls) {
        return new InFlight(needs, calls);
    }

    /** So many threads call and wait. */
    static Load threads(int threads) {
        return new Blocking(threads);
    }

    /** One operation. */
    interface Step {

        void run(Caller caller, Tally tally) throws Exception;
    }

    /** Measures how long each takes. */
    record OneByOne(Ability needs, Step step) implements Load {

        @Override
        public Metric metric() {
            return Metric.P50;
        }

        @Override
        public void run(Caller caller, Tally tally, long nanos) throws Exception {
            long start = System.nanoTime();
            long before = start;
            while (before - start < nanos) {
                step.run(caller, tally);
                long now = System.nanoTime();
                tally.latencies().recordValue(now - before);
                before = now;
            }
            tally.ended(start);
        }
    }

    /** Measures how many are answered. */
    record InFlight(Ability needs, int calls) implements Load {

        private static final long LAST_ANSWERS_SECONDS = 15;

        @Override
        public Metric metric() {
            return Metric.RATE;
        }

        @Override
        public void run(Caller caller, Tally tally, long nanos) throws Exception {
            Semaphore window = new Semaphore(calls);
            long start = System.nanoTime();
            while (System.nanoTime() - start < nanos) {
                if (window.tryAcquire(LAST_ANSWERS_SECONDS, TimeUnit.SECONDS)) {
                    Order order = tally.nextOrder();
                    caller.callAsync(order).whenComplete((receipt, failure) -> {
                        if (failure != null) {
                            tally.failed(failure);
                        }
                        tally.answered(order, receipt);
                        window.release();
                    });
                }
            }
            tally.ended(start);
            if (!window.tryAcquire(calls, LAST_ANSWERS_SECONDS, TimeUnit.SECONDS)) {
                tally.failed(calls - window.availablePermits());
            }
        }
    }

    /** Measures how many are answered. */
    record Blocking(int threads) implements Load {

        @Override
        public Ability needs() {
            return Ability.CALL;
        }

        @Override
        public Metric metric() {
            return Metric.RATE;
        }

        @Override
        public void run(Caller caller, Tally tally, long nanos) throws Exception {
            long start = System.nanoTime();
            List<Thread> running = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                Thread thread = new Thread(() -> callAndWait(caller, tally, start, nanos), "caller-" + i);
                running.add(thread);
                thread.start();
            }
            for (Thread thread : running) {
                thread.join();
            }
            tally.ended(start);
        }

        private static void callAndWait(Caller caller, Tally tally, long start, long nanos) {
            while (System.nanoTime() - start < nanos) {
                Order order = tally.nextOrder();
                try {
                    tally.answered(order, caller.call(order));
                } catch (Exception e) {
                    tally.failed(e);
                    tally.count(false);
                }
            }
        }
    }
}

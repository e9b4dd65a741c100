package dev.omnibus.examples.quakes;

import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Many calls, each to one node of those that serve {@link Geo}. */
final class DistanceCalls {

    /** So many wait for their answer at a time; the next call is made when one has it. */
    static final int IN_FLIGHT = 64;

    /** Far more than any needs, for a machine that has other things to do. */
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    /**
     * What became of the calls.
     *
     * @param right calls whose answer is the distance
     * @param byNode how many of them each node executed
     * @param sortedNanos how long each took, from the call to its answer or failure
     * @param elapsed how long all of them took
     */
    record Result(int right, Map<String, Integer> byNode, long[] sortedNanos, Duration elapsed) {

        double percentileMillis(int percent) {
            return sortedNanos[Math.min(sortedNanos.length - 1, sortedNanos.length * percent / 100)] / 1e6;
        }
    }

    private DistanceCalls() {}

    /** Asks how far it is from each event to the next. */
    static Result make(RpcClient client, List<Quake> quakes, int calls) {
        Geo geo = client.proxy(Geo.class, CallOptions.defaults().withTimeout(TIMEOUT));
        Semaphore free = new Semaphore(IN_FLIGHT);
        AtomicInteger right = new AtomicInteger();
        Map<String, Integer> byNode = new ConcurrentSkipListMap<>();
        long[] nanos = new long[calls];
        CompletableFuture<?>[] all = new CompletableFuture<?>[calls];

        long begin = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            int call = i;
            Position from = quakes.get(i % quakes.size()).position();
            Position to = quakes.get((i + 1) % quakes.size()).position();
            free.acquireUninterruptibly(); // a call ends by its timeout, so this does too
            long start = System.nanoTime();
            all[i] = geo.distanceKm(from, to).handle((distance, failure) -> {
                nanos[call] = System.nanoTime() - start;
                free.release();
                if (failure == null && distance.km() == from.distanceKm(to)) {
                    right.incrementAndGet();
                    byNode.merge(distance.node(), 1, Integer::sum);
                }
                return null;
            });
        }
        CompletableFuture.allOf(all).orTimeout(60, TimeUnit.SECONDS).join();
        Duration elapsed = Duration.ofNanos(System.nanoTime() - begin);
        Arrays.sort(nanos);
        return new Result(right.get(), byNode, nanos, elapsed);
    }
}

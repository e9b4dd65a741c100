package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A measurement: what those notice of a stopped master of a cluster who wait for each answer of the other masters. By
 * turns it goes and stands still, {@code -Dtests.excluded=none -Dwindows=6} times, because other things run on the
 * machine as well.
 */
@Tag("slow")
@EnabledIfSystemProperty(named = "windows", matches = "\\d+", disabledReason = "measures; takes ten seconds a window")
class FrozenMasterRatesIT {

    private static final int WINDOWS = Integer.getInteger("windows", 6);
    private static final int LOOPS = 16;
    private static final long WINDOW_NANOS = SECONDS.toNanos(3);
    private static final long WARM_UP_NANOS = SECONDS.toNanos(10);
    private static final long FROZEN_PERIOD_NANOS = SECONDS.toNanos(1) / 40;

    /** What the loops did in one window. */
    private record Figures(double rate, double p50, double p99) {

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,.0f/s, p50 %.2f ms, p99 %.2f ms", rate, p50, p99);
        }
    }

    @Test
    void ratesAndLatenciesWhileOneMasterStandsStill() throws Exception {
        try (RedisCluster redis = RedisCluster.start(0)) {
            RedisServer idle = null;
            for (int tries = 0;
                    idle == null && tries < 100;
                    tries++) { // until one master has nothing of what is needed
                try (Bus caller = Bus.builder(Configs.connect(redis)).build();
                        Bus server = Bus.builder(Configs.connect(redis)).build()) {
                    idle = free(redis, caller, server);
                    if (idle != null) {
                        measure(redis, idle, caller, server);
                    }
                }
            }
            assertNotNull(idle, "each master has something of what is needed");
        }
    }

    private static @Nullable RedisServer free(RedisCluster redis, Bus caller, Bus server) {
        List<Integer> needed = Stream.of(
                        "bus:inbox:" + caller.node(),
                        "bus:inbox:" + server.node(),
                        "bus:rpc:work.again@" + server.node(),
                        "bus:presence",
                        "{bus:nodes}")
                .map(channel -> redis.masterOf(channel).port())
                .toList();
        return redis.nodes().stream()
                .filter(node -> !needed.contains(node.port()))
                .findFirst()
                .orElse(null);
    }

    private static void measure(RedisCluster redis, RedisServer frozen, Bus caller, Bus server) throws Exception {
        RpcServer.on(server).serve(Work.class, Work.Worker.named("a")).ready().get(20, SECONDS);
        RpcClient client = RpcClient.on(caller);
        List<String> stuck = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (int i = 0; stuck.size() < 8 || others.size() < LOOPS; i++) {
            boolean isStuck = redis.masterOf("bus:evt:n" + i).port() == frozen.port();
            (isStuck ? stuck : others).add("n" + i);
        }
        for (String topic : others.subList(0, LOOPS)) {
            server.subscribe(topic, Integer.class, event -> {}).ready().get(10, SECONDS);
        }
        AtomicBoolean over = new AtomicBoolean();
        Thread background = new Thread(() -> {
            for (int i = 0; !over.get(); i++) {
                caller.publish(stuck.get(i % stuck.size()), i);
                LockSupport.parkNanos(FROZEN_PERIOD_NANOS);
            }
        });
        background.setDaemon(true);
        background.start();
        compare(
                "publish",
                frozen,
                caller,
                loop -> () -> caller.publish(others.get(loop), loop).join());
        compare(
                "call",
                frozen,
                caller,
                loop -> () -> client.call("work.again", Long.class, (long) loop).join());
        over.set(true);
        background.join();
    }

    private static void compare(String what, RedisServer frozen, Bus caller, IntFunction<Runnable> work)
            throws InterruptedException {
        run(WARM_UP_NANOS, work);
        List<Double> rates = new ArrayList<>();
        List<Double> tails = new ArrayList<>();
        Figures before = run(WINDOW_NANOS, work);
        for (int i = 0; i < WINDOWS; i++) {
            frozen.pause();
            Figures during;
            BusState state;
            try {
                during = run(WINDOW_NANOS, work);
                state = caller.state();
            } finally {
                frozen.resume();
            }
            LockSupport.parkNanos(SECONDS.toNanos(2)); // what waited for it goes
            Figures after = run(WINDOW_NANOS, work);
            rates.add(2 * during.rate / (before.rate + after.rate));
            tails.add(2 * during.p99 / (before.p99 + after.p99));
            System.out.println("[frozen] " + what + ": before " + before + "; during " + during + ", " + state
                    + "; after " + after);
            before = after;
        }
        System.out.printf(
                Locale.ROOT,
                "[frozen] %s, median of %d: rate x %.2f, p99 x %.2f%n",
                what,
                WINDOWS,
                median(rates),
                median(tails));
    }

    private static double median(List<Double> all) {
        return all.stream().sorted().toList().get(all.size() / 2);
    }

    private static Figures run(long nanos, IntFunction<Runnable> work) throws InterruptedException {
        List<long[]> latencies = new ArrayList<>();
        List<Thread> loops = new ArrayList<>();
        long begun = System.nanoTime();
        for (int i = 0; i < LOOPS; i++) {
            Runnable once = work.apply(i);
            Thread loop = new Thread(() -> {
                long[] own = new long[1 << 20];
                int count = 0;
                for (long start = System.nanoTime(); start - begun < nanos && count < own.length; count++) {
                    once.run();
                    long end = System.nanoTime();
                    own[count] = end - start;
                    start = end;
                }
                synchronized (latencies) {
                    latencies.add(Arrays.copyOf(own, count));
                }
            });
            loops.add(loop);
            loop.start();
        }
        for (Thread loop : loops) {
            loop.join();
        }
        long[] all = latencies.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        return new Figures(
                all.length * 1e9 / (System.nanoTime() - begun),
                all[all.length / 2] / 1e6,
                all[(int) (all.length * 0.99)] / 1e6);
    }
}

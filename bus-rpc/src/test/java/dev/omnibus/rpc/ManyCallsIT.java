package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Many calls of all kinds, and nothing of them stays. 100,000 by default; {@code -Domnibus.calls=1000000} for more. */
@WithRedis
class ManyCallsIT {

    private static final int CALLS = Integer.getInteger("omnibus.calls", 100_000);
    private static final int WARM_UP = 60_000; // more than fill the windows of requests and of idempotent calls
    private static final long HEAP_ROOM = 4L * 1024 * 1024; // 4 bytes for each of a million calls
    private static final int IN_FLIGHT = 256;

    interface Mixed {
        int plus(int number);

        int fault(int number);

        CompletableFuture<Integer> never(int number);

        @Idempotent
        int again(int number);

        @NonBlocking
        int quick(int number);

        @OneWay
        void tell(int number);
    }

    private static final class Mixing implements Mixed {
        @Override
        public int plus(int number) {
            return number + 1;
        }

        @Override
        public int fault(int number) {
            throw new RpcFault(number + 1, "as asked");
        }

        @Override
        public CompletableFuture<Integer> never(int number) {
            CompletableFuture<Integer> never = new CompletableFuture<>();
            CallContext.current().onCancel(() -> never.cancel(true));
            return never;
        }

        @Override
        public int again(int number) {
            return number + 1;
        }

        @Override
        public int quick(int number) {
            return number + 1;
        }

        @Override
        public void tell(int number) {}
    }

    private final RedisServer redis;

    ManyCallsIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void manyCallsLeaveNothingBehind() throws Exception {
        try (Bus server = Bus.builder(redis.url()).prefix("many").build();
                Bus caller = Bus.builder(redis.url()).prefix("many").build()) {
            RpcServer.on(server).serve(Mixed.class, new Mixing()).ready().join();
            RpcClient client = RpcClient.on(caller);
            assertEquals(2, client.call("mixed.plus", Integer.class, 1).join());
            callAll(client, WARM_UP); // fills what is remembered, which is bounded, and the pools
            Set<String> channels = channels();
            long threads = threads();
            long heap = heap();
            long started = System.nanoTime();

            Map<String, Integer> outcomes = callAll(client, CALLS);

            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - started);
            int of50 = CALLS / 50;
            assertEquals(Map.of("value", CALLS - 2 * of50, "fault", of50, "end", of50), outcomes);
            await().until(() -> client.runtime().pending().size() == 0);
            await().atMost(40, SECONDS).until(() -> heap() < heap + HEAP_ROOM); // other threads allocate meanwhile
            System.out.println(CALLS + " calls in " + seconds + " s: heap " + heap / 1024 + " KiB before, "
                    + heap() / 1024 + " KiB after; threads " + threads + ", " + threads());
            Node node = client.runtime().directory().serving("mixed.plus").get(0);
            assertEquals(0, node.callsInFlight().get());
            assertEquals(channels, channels());
            await().atMost(40, SECONDS).until(() -> threads() <= threads);
            for (int i = 0; i < 2 * IN_FLIGHT; i++) {
                assertEquals(2, client.call("mixed.plus", Integer.class, 1).join());
            }
        }
    }

    private Set<String> channels() {
        Set<String> names = new TreeSet<>();
        ((List<?>) Objects.requireNonNull(redis.command("PUBSUB", "CHANNELS", "many*")))
                .forEach(name -> names.add(String.valueOf(name)));
        return names;
    }

    /** Without those that wait for the test's conditions, and the JDK's pool, which grows and shrinks as it likes. */
    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !thread.getName().startsWith("awaitility")
                        && !thread.getName().startsWith("ForkJoinPool.commonPool"))
                .count();
    }

    /** What is in use after everything that is not has been collected. */
    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static Map<String, Integer> callAll(RpcClient client, int calls) throws InterruptedException {
        Map<String, Integer> outcomes = new ConcurrentHashMap<>();
        Semaphore free = new Semaphore(IN_FLIGHT);
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofSeconds(30));
        CallOptions hasty = CallOptions.defaults().withTimeout(Duration.ofMillis(20));
        for (int i = 0; i < calls; i++) {
            assertTrue(free.tryAcquire(60, SECONDS), "calls do not end");
            int number = i;
            CompletableFuture<?> call = switch (i % 50) {
                case 0 -> client.call("mixed.fault", Integer.class, patient, number);
                case 1 -> client.call("mixed.never", Integer.class, hasty, number);
                case 2 -> client.call("mixed.again", Integer.class, patient.asIdempotent(), number);
                case 3 -> client.call("mixed.quick", Integer.class, patient, number);
                case 4 -> client.send("mixed.tell", patient, number);
                default -> client.call("mixed.plus", Integer.class, patient, number);
            };
            call.whenComplete((value, failure) -> {
                outcomes.merge(outcome(value, failure, number), 1, Integer::sum);
                free.release();
            });
            if (i % 100 == 1) {
                call.cancel(true);
            }
        }
        assertTrue(free.tryAcquire(IN_FLIGHT, 60, SECONDS), "calls do not end");
        return outcomes;
    }

    private static String outcome(@Nullable Object value, @Nullable Throwable failure, int number) {
        if (failure == null) {
            return value == null || value.equals(number + 1) ? "value" : "wrong value";
        }
        if (failure instanceof RpcFault fault) {
            return fault.code() == number + 1 ? "fault" : "wrong fault";
        }
        boolean ended = failure instanceof CancellationException
                || (failure instanceof RpcException e && e.reason() == Reason.TIMEOUT);
        return ended ? "end" : String.valueOf(failure.getMessage()).replaceAll("\\d+", "n");
    }
}

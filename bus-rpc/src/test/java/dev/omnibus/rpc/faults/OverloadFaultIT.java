package dev.omnibus.rpc.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Insides;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A service that is asked for ten times as much as it can do goes on doing what it can, and says no to the rest. */
@Tag("slow")
@WithRedis
class OverloadFaultIT {

    private static final int AT_A_TIME = 8;
    private static final int MILLIS_EACH = 20;
    private static final int CAPACITY = AT_A_TIME * 1_000 / MILLIS_EACH; // calls a second

    interface Slow {
        long work(long number) throws InterruptedException;
    }

    @Test
    void tenTimesTheLoadLeavesTheWorkDoneAndRefusesTheRestAtOnce(RedisServer redis) throws Exception {
        AtomicLong done = new AtomicLong();
        Slow slow = number -> {
            TimeUnit.MILLISECONDS.sleep(MILLIS_EACH); // stands for work that takes its time
            done.incrementAndGet();
            return number;
        };
        ServiceOptions options =
                ServiceOptions.defaults().withConcurrency(AT_A_TIME).withQueue(64);
        try (Bus server = Patiently.open(
                        () -> Bus.builder(redis.url()).prefix("overload").build());
                Bus caller = Patiently.open(
                        () -> Bus.builder(redis.url()).prefix("overload").build())) {
            RpcServer.on(server).serve(Slow.class, slow, options).ready().get(20, TimeUnit.SECONDS);
            RpcClient client = RpcClient.on(caller);
            CallOptions patient =
                    CallOptions.defaults().withTimeout(Duration.ofSeconds(20)).withRetries(0);
            assertEquals(1L, client.call("slow.work", Long.class, patient, 1L).get(20, TimeUnit.SECONDS));
            Queue<Long> rejections = new ConcurrentLinkedQueue<>();
            Queue<Throwable> strange = new ConcurrentLinkedQueue<>();
            Queue<CompletableFuture<?>> calls = new ConcurrentLinkedQueue<>();

            long begun = System.nanoTime();
            long lasting =
                    Bounds.longOr(Duration.ofSeconds(10), Duration.ofSeconds(2)).toNanos();
            long doneBefore = done.get();
            for (long number = 0; System.nanoTime() - begun < lasting; number++) {
                long mine = number;
                long asked = System.nanoTime();
                calls.add(client.call("slow.work", Long.class, patient, mine).handle((value, failure) -> {
                    if (failure instanceof RpcException e && e.reason() == Reason.OVERLOADED && e.notExecuted()) {
                        rejections.add((System.nanoTime() - asked) / 1_000);
                    } else if (failure != null || value != mine) {
                        strange.add(failure == null ? new AssertionError(value) : failure);
                    }
                    return null;
                }));
                // 10 × the capacity, as far as this machine gets
                LockSupport.parkNanos(begun + (number + 1) * 100_000_000L / CAPACITY - System.nanoTime());
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            long good = done.get() - doneBefore;
            CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);

            List<Long> sorted = rejections.stream().sorted().toList();
            assertTrue(!sorted.isEmpty(), "nothing was refused");
            double goodput = good / seconds / CAPACITY;
            double p99 = sorted.get((int) (sorted.size() * 0.99)) / 1_000.0;
            System.out.printf(
                    "[fault] overload: asked for %.0f/s of %d/s, goodput %.0f %%, refused %d, p99 %.1f ms%n",
                    calls.size() / seconds, CAPACITY, 100 * goodput, sorted.size(), p99);
            assertEquals(List.of(), List.copyOf(strange));
            // The bounds of the promise for a machine with nothing else to do; in the short form only that it works on.
            assertTrue(goodput >= (Bounds.LONG ? 0.8 : 0.1), () -> "goodput " + goodput);
            assertTrue(p99 <= (Bounds.LONG ? 20 : 10_000), () -> "refused after " + p99 + " ms");
            assertEquals(1L, client.call("slow.work", Long.class, patient, 1L).get(20, TimeUnit.SECONDS));
            assertEquals(0, Insides.pending(caller));
        }
    }
}

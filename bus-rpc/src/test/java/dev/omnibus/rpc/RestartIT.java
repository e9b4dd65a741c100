package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.faults.Patiently;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Servers that come and go while others call them, in order and not. */
@Tag("slow")
@WithRedis
class RestartIT {

    interface Work {
        long once(long number) throws InterruptedException;

        @Idempotent
        long again(long number) throws InterruptedException;
    }

    private record Worker(AtomicLong executed, boolean tells) implements Work {

        @Override
        public long once(long number) throws InterruptedException {
            executed.incrementAndGet();
            if (tells) {
                System.out.println("once " + number); // a pipe keeps what a killed process has written
            }
            TimeUnit.MILLISECONDS.sleep(2); // stands for work that takes its time
            return number;
        }

        @Override
        public long again(long number) throws InterruptedException {
            TimeUnit.MILLISECONDS.sleep(2);
            return number;
        }
    }

    /** A server in a process of its own: serves until it is killed, or its input ends. */
    static final class ServerProcess {

        private ServerProcess() {}

        public static void main(String[] arguments) throws Exception {
            try (Bus bus = Patiently.open(
                    () -> Bus.builder(arguments[0]).prefix(arguments[1]).build())) {
                RpcServer.on(bus)
                        .serve(Work.class, new Worker(new AtomicLong(), true))
                        .ready()
                        .join();
                System.out.println("ready");
                while (System.in.read() >= 0) {}
            }
        }
    }

    private static final long HURRIED = 1_000_000_000; // above all numbers of the others

    private static final long ROOM_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String prefix = "restart-" + UUID.randomUUID();
    private final RedisServer redis;
    private final AtomicLong executed = new AtomicLong();

    RestartIT(RedisServer redis) {
        this.redis = redis;
    }

    private Bus bus() {
        return Bus.builder(redis.url()).prefix(prefix).build();
    }

    private Bus server() {
        Bus bus = bus();
        RpcServer.on(bus).serve(Work.class, new Worker(executed, false)).ready().join();
        return bus;
    }

    /** What becomes of the calls of many threads that call until they are told to stop. */
    private static final class Callers {

        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicLong numbers = new AtomicLong();
        private final AtomicLong succeeded = new AtomicLong();
        private final Map<Long, RpcException> failed = new ConcurrentHashMap<>();
        private final Queue<Span> spans = new ConcurrentLinkedQueue<>(); // of those that took a while
        private final CountDownLatch ended;

        Callers(int threads, CallThat call) {
            ended = new CountDownLatch(threads);
            for (int i = 0; i < threads; i++) {
                new Thread(() -> run(call), "caller-" + i).start();
            }
        }

        private void run(CallThat call) {
            try {
                while (!stop.get()) {
                    long number = numbers.incrementAndGet();
                    long started = System.nanoTime();
                    try {
                        assertEquals(number, call.with(number));
                        succeeded.incrementAndGet();
                    } catch (RpcException e) {
                        failed.put(number, e);
                    }
                    Span span = new Span(started, System.nanoTime());
                    if (span.nanos() > TimeUnit.MILLISECONDS.toNanos(500)) {
                        spans.add(span);
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                ended.countDown();
            }
        }

        void stop() throws InterruptedException {
            stop.set(true);
            assertTrue(ended.await(30, SECONDS), "a call does not end");
        }
    }

    private record Span(long from, long to) {

        long nanos() {
            return to - from;
        }
    }

    /**
     * Each ends 100 ms after its deadline at the latest, on a machine that is free. Three threads have to go on in turn
     * for that: the one that finds it, the one that ends it, and the one that waits for it; and each may be held up by
     * the machine, more often than can be measured beside them. So there is room; but a call that is not ended by its
     * deadline at all ends later than that, when the lease of the killed node is over.
     */
    private static void assertEndedInTime(Callers callers, Duration timeout, Stalls stalls) {
        long longest = 0;
        long longestHeldUp = 0;
        for (Span span : callers.spans) {
            long deadline = span.from() + timeout.toNanos();
            long late = span.to() - deadline;
            long heldUp = late <= 0 ? 0 : 3 * stalls.longest(deadline, span.to());
            longest = Math.max(longest, span.nanos());
            longestHeldUp = Math.max(longestHeldUp, heldUp);
            assertTrue(
                    late - heldUp <= TimeUnit.MILLISECONDS.toNanos(100) + ROOM_NANOS,
                    () -> "a call with a timeout of " + timeout + " took " + span.nanos() / 1_000_000
                            + " ms, held up by the machine for " + heldUp / 1_000_000 + " ms at most");
        }
        System.out.println("timeout " + timeout + ": the longest of " + callers.numbers + " calls took "
                + longest / 1_000_000 + " ms; up to " + longestHeldUp / 1_000_000 + " ms are put down to the machine");
    }

    private interface CallThat {
        long with(long number) throws InterruptedException;
    }

    @Test
    void noCallFailsWhenServersAreRestartedOneAfterTheOther() throws Exception {
        List<Bus> servers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            servers.add(server());
        }
        try (Bus caller = bus()) {
            RpcClient client = RpcClient.on(caller);
            Work work = client.proxy(Work.class, CallOptions.defaults().withTimeout(Duration.ofSeconds(20)));
            Callers callers = new Callers(64, work::once);
            for (int i = 0; i < 8; i++) {
                long before = callers.succeeded.get();
                await().until(() -> callers.succeeded.get() > before + 500);
                servers.remove(0).close();
                servers.add(server());
            }
            callers.stop();

            assertEquals(Map.of(), callers.failed);
            assertTrue(callers.succeeded.get() > 4_000);
            assertEquals(callers.succeeded.get(), executed.get(), "each call is executed once");
            assertEquals(0, client.runtime().pending().size());
        } finally {
            servers.forEach(Bus::close);
        }
    }

    @Test
    void everyCallEndsAndNoneIsExecutedTwiceWhenServersAreKilled() throws Exception {
        Duration timeout = Duration.ofSeconds(9);
        Duration hurry = Duration.ofSeconds(1); // over before the lease of a killed node is
        Map<Long, Integer> executions = new ConcurrentHashMap<>();
        List<Process> servers = new ArrayList<>();
        try (Bus caller = bus();
                Stalls stalls = new Stalls()) {
            for (int i = 0; i < 4; i++) {
                servers.add(start(executions));
            }
            RpcClient client = RpcClient.on(caller);
            await().atMost(20, SECONDS)
                    .until(() -> Insides.serving(client.runtime().directory().nodes())
                                    .size()
                            == 4);
            Work work = client.proxy(Work.class, CallOptions.defaults().withTimeout(timeout));
            Work hasty = client.proxy(Work.class, CallOptions.defaults().withTimeout(hurry));
            Callers once = new Callers(24, work::once);
            Callers again = new Callers(24, work::again);
            Callers hurried = new Callers(16, number -> hasty.once(HURRIED + number) - HURRIED);
            for (int i = 0; i < 3; i++) {
                long before = once.succeeded.get() + again.succeeded.get();
                await().atMost(20, SECONDS).until(() -> once.succeeded.get() + again.succeeded.get() > before + 500);
                servers.remove(0).destroyForcibly().waitFor();
            }
            long before = once.succeeded.get();
            await().atMost(30, SECONDS).until(() -> once.succeeded.get() > before + 500);
            once.stop();
            again.stop();
            hurried.stop();

            assertEquals(Map.of(), again.failed, "idempotent calls are tried again elsewhere");
            assertEndedInTime(once, timeout, stalls);
            assertEndedInTime(again, timeout, stalls);
            assertEndedInTime(hurried, hurry, stalls);
            executions.forEach((number, times) -> assertEquals(1, times, () -> number + " was executed " + times));
            once.failed.forEach((number, e) ->
                    assertTrue(!e.notExecuted() || !executions.containsKey(number), () -> e + ", and yet it was"));
            hurried.failed.forEach((number, e) -> assertTrue(
                    !e.notExecuted() || !executions.containsKey(HURRIED + number), () -> e + ", and yet it was"));
            assertTrue(!once.failed.isEmpty(), "the killed servers had calls to do");
            assertEquals(0, client.runtime().pending().size());
            client.runtime()
                    .directory()
                    .serving("work.once")
                    .forEach(node -> assertEquals(0, node.callsInFlight().get()));
        } finally {
            servers.forEach(Process::destroyForcibly);
        }
    }

    private Process start(Map<Long, Integer> executions) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        java,
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ServerProcess.class.getName(),
                        redis.url(),
                        prefix)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        CountDownLatch ready = new CountDownLatch(1);
        Thread reader = new Thread(() -> read(process, executions, ready), "server-output");
        reader.setDaemon(true);
        reader.start();
        assertTrue(ready.await(30, SECONDS), "a server does not start");
        return process;
    }

    private static void read(Process process, Map<Long, Integer> executions, CountDownLatch ready) {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            String line = lines.readLine();
            while (line != null) {
                if (line.equals("ready")) {
                    ready.countDown();
                } else if (line.startsWith("once ")) {
                    executions.merge(Long.valueOf(line.substring(5)), 1, Integer::sum);
                }
                line = lines.readLine();
            }
        } catch (IOException e) {
            // it has ended
        }
    }
}

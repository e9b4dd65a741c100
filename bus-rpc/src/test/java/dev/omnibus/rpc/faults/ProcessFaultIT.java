package dev.omnibus.rpc.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Insides;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whole processes that stop for a while or for ever. What a kill does to calls is in {@code RestartIT}, too. */
@Tag("slow")
class ProcessFaultIT {

    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration HELD_TIMEOUT = Duration.ofSeconds(2);

    private static RedisServer redis;

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load")
            .channelsOf(() -> redis)
            .keysOf(() -> redis);

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    /**
     * Makes calls that end soon, and one at a time that the server may hold; until one of these gives a value. A call
     * of the first kind may fail as it likes here, but not end wrongly.
     */
    static final class Caller {

        private Caller() {}

        public static void main(String[] arguments) throws Exception {
            try (Bus bus = Patiently.open(arguments[0], "paused")) {
                RpcClient client = RpcClient.on(bus);
                Outcomes calls = new Outcomes("calls", TIMEOUT);
                CallOptions options = CallOptions.defaults().withTimeout(TIMEOUT);
                Object outcome = "none";
                for (long number = 0; !(outcome instanceof Long); ) {
                    long first = number;
                    CompletableFuture<Object> held = client.call(
                                    "held.hold", Long.class, options.withTimeout(HELD_TIMEOUT), first)
                            .handle((value, failure) -> failure == null ? value : Outcomes.reason(failure));
                    while (!held.isDone()) {
                        long mine = number++;
                        calls.add(
                                mine,
                                value -> value == mine,
                                () -> client.call("work.once", Long.class, options, mine));
                        LockSupport.parkNanos(5_000_000);
                    }
                    number++;
                    outcome = held.join();
                    System.out.println("held " + first + " " + outcome);
                }
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while ((calls.unfinished() > 0 || Insides.pending(bus) > 0) && System.nanoTime() - deadline < 0) {
                    LockSupport.parkNanos(5_000_000);
                }
                System.out.println("wrong " + calls.wrong());
                System.out.println("end " + calls.count() + " calls, unfinished " + calls.unfinished() + ", pending "
                        + Insides.pending(bus));
                System.out.println("told " + calls);
            }
            TimeUnit.HOURS.sleep(1); // so that it can be paused and resumed whenever that is
        }
    }

    /** Its deadlines have passed when it wakes up, and the reply that waited for it is too late. */
    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aCallerIsPausedForLongerThanItsCallsMayTake() throws Exception {
        Work.Worker worker = Work.Worker.named("a");
        BlockingQueue<Long> held = new LinkedBlockingQueue<>();
        CountDownLatch release = new CountDownLatch(1);
        try (Bus server = Patiently.open(redis.url(), "a")) {
            RpcServer.on(server).serve(Work.class, worker).ready().get(20, TimeUnit.SECONDS);
            RpcServer.on(server)
                    .serve("held.hold", params -> {
                        long number = params.get(0).asLong();
                        held.add(number);
                        release.await();
                        return number;
                    })
                    .ready()
                    .get(20, TimeUnit.SECONDS);
            try (NodeProcess caller = NodeProcess.start(Caller.class, redis.url())) {
                Long number = held.poll(60, TimeUnit.SECONDS);
                caller.pause();
                release.countDown(); // the reply is there when the caller goes on, and so is its deadline
                LockSupport.parkNanos(HELD_TIMEOUT.plusSeconds(1).toNanos());
                caller.resume();
                String told = caller.awaitLine(line -> line.startsWith("told"));
                System.out.println("[fault] caller paused for 3 s: " + told);
                assertEquals(
                        "held " + number + " TIMEOUT",
                        caller.awaitLine(line -> line.startsWith("held " + number + " ")));
                assertEquals("wrong []", caller.awaitLine(line -> line.startsWith("wrong")));
                String end = caller.awaitLine(line -> line.startsWith("end"));
                assertTrue(end.endsWith("unfinished 0, pending 0"), end);
                worker.executions().forEach((call, times) -> assertEquals(1, times, "executions of " + call));
            }
        } finally {
            release.countDown();
        }
    }

    /** First for longer than its lease, then for ever: others do its work, and none is done twice. */
    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aServerIsPausedAndLaterKilled() throws Exception {
        Work.Worker worker = Work.Worker.named("a");
        List<CompletableFuture<Object>> calls = new ArrayList<>();
        try (Bus server = Patiently.open(redis.url(), "a");
                OutsideNode doomed = new OutsideNode(redis.url());
                Bus caller = Patiently.open(redis.url(), "caller")) {
            RpcServer.on(server).serve(Work.class, worker).ready().get(20, TimeUnit.SECONDS);
            NodeProcess process = doomed.running();
            call(caller, calls, Duration.ofSeconds(1));
            process.pause();
            call(caller, calls, Bounds.longOr(Duration.ofSeconds(8), Duration.ofSeconds(2)));
            process.resume();
            call(caller, calls, Duration.ofSeconds(1));
            doomed.kill();
            call(caller, calls, Duration.ofSeconds(1));

            long failed = 0;
            for (int i = 0; i < calls.size(); i++) {
                Object outcome = calls.get(i).get(20, TimeUnit.SECONDS);
                assertTrue(outcome instanceof RpcException || Long.valueOf(i).equals(outcome), outcome::toString);
                failed += outcome instanceof RpcException ? 1 : 0;
            }
            Map<Long, Integer> executed = new HashMap<>(worker.executions());
            doomed.executions().forEach((number, times) -> executed.merge(number, times, Integer::sum));
            System.out.println("[fault] server paused, then killed: " + calls.size() + " calls, " + failed + " failed, "
                    + executed.size() + " executed");
            long again =
                    executed.values().stream().mapToLong(times -> times - 1).sum();
            System.out.println(
                    new Figures("a server process paused, then killed", List.of(), TIMEOUT, calls.size(), 0, again, 0));
            assertEquals(0, again, "something was executed twice");
            assertEquals(0, Insides.pending(caller));
        }
    }

    private static void call(Bus caller, List<CompletableFuture<Object>> calls, Duration lasting) {
        CallOptions options = CallOptions.defaults().withTimeout(TIMEOUT);
        long until = System.nanoTime() + lasting.toNanos();
        while (System.nanoTime() - until < 0) {
            calls.add(RpcClient.on(caller)
                    .call("work.once", Long.class, options, (long) calls.size())
                    .handle((value, failure) -> failure == null ? value : failure));
            LockSupport.parkNanos(5_000_000);
        }
    }
}

package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.PublishException;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Insides;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.Stalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Calls, broadcast calls and events between three nodes, all the time, and what must hold of them whatever happens:
 * everything ends in time in one way that has a type, nothing is done twice that must not be, what is missing is what
 * was reported, and it goes on soon after the fault is over.
 */
final class Load implements AutoCloseable {

    /** Opens a node. */
    interface Opener {
        Bus open(String name, BusListener listener);
    }

    /** Something that goes wrong, and is over when this returns. */
    interface Fault {
        void happen() throws Exception;
    }

    private static final Duration TICK = Duration.ofMillis(5);
    private static final int TICKS_PER_BROADCAST = 10;
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final String TOPIC = "load.n";

    private final List<Work.Worker> workers = List.of(Work.Worker.named("a"), Work.Worker.named("b"));
    private final List<Supplier<Map<Long, Integer>>> executions = new ArrayList<>(); // by number
    private final List<Bus> buses = new ArrayList<>(); // the caller and two servers
    private final List<Hearing> hearings = new ArrayList<>();
    private final Outcomes once = new Outcomes("calls", TIMEOUT);
    private final Outcomes again = new Outcomes("idempotent calls", TIMEOUT);
    private final Outcomes broadcasts = new Outcomes("broadcasts", TIMEOUT);
    private final List<Outcomes> kinds = List.of(once, again, broadcasts);
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final Thread generator = new Thread(this::generate, "load");
    private final RpcClient client;
    private final Set<String> sources; // who publishes
    private volatile long next; // the number of the next tick; written by one thread at a time
    private volatile boolean stopped;
    private final Stalls stalls = new Stalls();
    private final List<Long> backAfter = new ArrayList<>(); // milliseconds, by round
    private Duration bound = Duration.ZERO;
    private volatile long begun; // when all worked for the first time; a start may take its time

    /** Opens three nodes by their names: caller, a and b. */
    Load(Opener opener) throws Exception {
        workers.forEach(worker -> executions.add(worker::executions));
        try {
            for (String name : List.of("caller", "a", "b")) {
                Hearing hearing = new Hearing();
                hearings.add(hearing);
                buses.add(Patiently.open(() -> opener.open(name, hearing)));
                hearing.listen(buses.get(buses.size() - 1), TOPIC);
            }
            sources = Set.of("/nodes/" + caller().node(), "/nodes/" + server().node());
            for (int i = 0; i < workers.size(); i++) {
                RpcServer.on(buses.get(i + 1))
                        .serve(Work.class, workers.get(i))
                        .ready()
                        .get(20, SECONDS);
            }
            client = RpcClient.on(caller());
            await().atMost(20, SECONDS).until(() -> Insides.nodes(caller()) == workers.size());
            generator.start();
            await().atMost(20, SECONDS).until(() -> once.succeeded() > 20 && broadcasts.succeeded() > 1 && flows(1));
            begun = System.nanoTime();
        } catch (Exception | Error e) {
            close();
            throw e;
        }
    }

    /** Another node does the same work. */
    void alsoExecutes(Supplier<Map<Long, Integer>> done) {
        executions.add(done);
    }

    Bus caller() {
        return buses.get(0);
    }

    Bus server() {
        return buses.get(1);
    }

    private void generate() {
        while (!stopped) {
            tick();
            LockSupport.parkNanos(TICK.toNanos());
        }
    }

    private void tick() {
        long number = next;
        CallOptions options = CallOptions.defaults().withTimeout(TIMEOUT);
        once.add(number, value -> value == number, () -> client.call("work.once", Long.class, options, number));
        again.add(
                number,
                value -> value == number,
                () -> client.call("work.again", Long.class, options.asIdempotent(), number));
        if (number % TICKS_PER_BROADCAST == 0) {
            broadcasts.add(
                    number,
                    Load::isWhole,
                    () -> client.broadcast("work.who", String.class)
                            .with(options)
                            .askAsync());
        }
        publish(caller(), number);
        publish(server(), number);
        next = number + 1;
    }

    private static boolean isWhole(Replies<String> replies) {
        return replies.isComplete() && replies.values().size() >= 2; // there may be one more node
    }

    private void publish(Bus bus, long number) {
        bus.publish(TOPIC, number).whenComplete((receivers, failure) -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            if (cause != null && !(cause instanceof PublishException)) {
                wrong.add("publishing ended with " + cause);
            }
        });
    }

    private boolean flows(long payload) {
        return hearings.stream()
                .allMatch(hearing -> sources.stream().allMatch(source -> hearing.hasHeard(source, payload)));
    }

    /** Lets it happen, as often as the form of the suite says, and waits each time until everything works again. */
    Load through(Duration bound, Fault fault) throws Exception {
        for (int round = 0; round < Bounds.ROUNDS; round++) {
            once(bound, fault);
        }
        return this;
    }

    void once(Duration within, Fault fault) throws Exception {
        fault.happen();
        recover(within);
        long before = once.succeeded();
        await().atMost(60, SECONDS).until(() -> once.succeeded() > before + 20);
    }

    /** Waits until so much more has been called and published, whatever becomes of it. */
    void goOnFor(Duration duration) {
        long until = System.nanoTime() + duration.toNanos();
        await().atMost(60, SECONDS).until(() -> System.nanoTime() - until > 0);
    }

    boolean heardNothingFor(Duration duration) {
        long before = hearings.get(1).heard();
        goOnFor(duration);
        return hearings.get(1).heard() == before;
    }

    /** As {@link #assertUninterrupted}, and the fault was none for calls and events. */
    void assertNothingMissed() {
        assertUninterrupted();
        missing().forEach(missing -> assertEquals(0, missing));
        assertEquals(Map.of(), once.failures());
        assertEquals(Map.of(), again.failures());
        assertEquals(Map.of(), broadcasts.failures());
    }

    /** Whoever stands still for seconds takes his own links for dead, and looks too late for slots that have moved. */
    private void assumeMachineAbleToFollow() {
        boolean able = stalls.longest(begun, System.nanoTime()) < MILLISECONDS.toNanos(500)
                && (Bounds.LONG
                        || (buses.stream().allMatch(bus -> bus.stats().reconnects() == 0)
                                && kinds.stream().allMatch(kind -> kind.worstOverdueMillis() < 0)));
        assumeTrue(able, "this machine was too slow to say that nothing was missed");
    }

    /** After {@link #settle}: no link broke. The test is aborted, and shown so, if this machine cannot say. */
    void assertUninterrupted() {
        assumeMachineAbleToFollow();
        buses.forEach(bus -> assertEquals(0, bus.stats().interruptions()));
    }

    /** How often it was, by whomever. */
    long executed(long number) {
        return executions().getOrDefault(number, 0);
    }

    private Map<Long, Integer> executions() {
        Map<Long, Integer> all = new HashMap<>();
        executions.forEach(some -> some.get().forEach((number, times) -> all.merge(number, times, Integer::sum)));
        return all;
    }

    private void recover(Duration within) {
        long healed = System.nanoTime();
        long payload = next;
        long call = millisUntil(healed, () -> once.succeededSince(healed));
        long events = millisUntil(healed, () -> flows(payload));
        long broadcast = millisUntil(healed, () -> broadcasts.succeededSince(healed));
        long slowest = Math.max(Math.max(call, events), broadcast);
        long room = Bounds.roomMillis(stalls, healed, System.nanoTime());
        bound = within;
        backAfter.add(slowest);
        System.out.println("[fault]   back after: call " + call + " ms, events " + events + " ms, broadcast "
                + broadcast + " ms; room for this machine " + room + " ms");
        assertTrue(
                slowest <= within.toMillis() + room,
                () -> "all works again only after " + slowest + " ms, not " + within + " and " + room + " ms");
    }

    private static long millisUntil(long since, Callable<Boolean> condition) {
        await().pollInterval(Duration.ofMillis(5))
                .pollDelay(Duration.ZERO)
                .atMost(60, SECONDS)
                .until(condition);
        return (System.nanoTime() - since) / 1_000_000;
    }

    /** Ends the load, and looks at all that must hold of it. */
    void settle(String fault) throws Exception {
        stopped = true;
        generator.join();
        waitFor(() -> kinds.stream().allMatch(kind -> kind.unfinished() == 0));
        waitFor(this::lastOnesArrive);
        waitFor(() -> unreported() == 0);
        System.out.println("[fault] " + fault + ": " + once + "; " + again + "; " + broadcasts + "; events heard "
                + hearings.stream().map(Hearing::heard).toList() + ", missing and reported " + missing());
        long calls = kinds.stream().mapToLong(Outcomes::count).sum();
        long unfinished = kinds.stream().mapToLong(Outcomes::unfinished).sum();
        System.out.println(new Figures(fault, backAfter, bound, calls, unfinished, executedAgain(), unreported()));

        assertEquals(0, unfinished, () -> "calls without an outcome " + kinds);
        assertEquals(0, unreported(), () -> "what is missing " + missing() + " is not what was reported");
        for (Outcomes kind : kinds) {
            assertEquals(List.of(), kind.wrong());
            kind.late().forEach(late -> {
                long millis = late.millis(stalls);
                assertTrue(millis <= 100, () -> kind + ": one ended " + millis + " ms too late");
            });
        }
        assertEquals(List.of(), wrong);
        hearings.forEach(hearing -> assertEquals(List.of(), hearing.wrong(sources)));
        assertExecutions();
        awaitOr(() -> buses.stream().allMatch(bus -> Insides.pending(bus) == 0), "calls are still pending");
        awaitOr(() -> Insides.inFlight(caller(), "work.once") == 0, "calls are still counted as being with nodes");
    }

    /** Until it holds, or for so long that it may be said that it does not. */
    private static void waitFor(BooleanSupplier condition) {
        long deadline = System.nanoTime() + SECONDS.toNanos(30);
        while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TICK.toNanos());
        }
    }

    /** Events that are missing and were not reported, or were reported and are not missing. */
    private long unreported() {
        return hearings.stream()
                .mapToLong(hearing -> Math.abs(hearing.missing(sources) - hearing.reportedLost(sources)))
                .sum();
    }

    /** How many times too often calls were executed, by one node or by several. */
    private long executedAgain() {
        return executions().values().stream().mapToLong(times -> times - 1).sum();
    }

    private List<Long> missing() {
        return hearings.stream().map(hearing -> hearing.missing(sources)).toList();
    }

    /** One more of each publisher; with it has arrived whatever was published before and ever will. */
    private boolean lastOnesArrive() {
        long last = next;
        next = last + 1;
        publish(caller(), last);
        publish(server(), last);
        long deadline = System.nanoTime() + SECONDS.toNanos(3);
        while (!flows(last) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TICK.toNanos());
        }
        return flows(last);
    }

    private void assertExecutions() {
        Map<Long, Integer> executed = executions();
        executed.forEach((number, times) -> assertEquals(
                1,
                times,
                () -> "call " + number + " was executed " + times + " times, by "
                        + executions.stream()
                                .map(some -> some.get().getOrDefault(number, 0))
                                .toList()));
        once.failures()
                .forEach((number, e) -> assertTrue(
                        !e.notExecuted() || !executed.containsKey(number),
                        () -> "call " + number + " was executed, and yet: " + e));
    }

    private static void awaitOr(BooleanSupplier condition, String complaint) {
        await(complaint).atMost(20, SECONDS).until(condition::getAsBoolean);
    }

    @Override
    public void close() {
        stopped = true;
        stalls.close();
        buses.forEach(Bus::close);
    }
}

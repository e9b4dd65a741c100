package dev.omnibus.micrometer;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is recorded, under which names, and how many series there can be. */
class MicrometerObserverTest {

    interface Stock {
        int left(String sku);

        CompletableFuture<Integer> never();

        int block();
    }

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final MicrometerObserver observer = MicrometerObserver.of(registry);
    private final List<Bus> buses = new ArrayList<>();
    private final CompletableFuture<Integer> never = new CompletableFuture<>();

    private BusBuilder builder() {
        return Bus.builder(network.open()).observer(observer);
    }

    private Bus bus() {
        Bus bus = builder().build();
        buses.add(bus);
        return bus;
    }

    @AfterEach
    void close() {
        never.complete(0);
        buses.forEach(Bus::close);
    }

    private final class Shelf implements Stock {

        @Override
        public int left(String sku) {
            if (sku.equals("none")) {
                throw new RpcFault(42, "no such sku");
            }
            return 3;
        }

        @Override
        public CompletableFuture<Integer> never() {
            return never;
        }

        @Override
        public int block() {
            return never.join();
        }
    }

    private double count(Convention meter, String... tags) {
        return registry.find(meter.text()).tags(tags).timers().stream()
                        .mapToLong(timer -> timer.count())
                        .sum()
                + registry.find(meter.text()).tags(tags).counters().stream()
                        .mapToDouble(counter -> counter.count())
                        .sum();
    }

    /** Lets everything happen that has a meter. */
    private void everything() throws Exception {
        Bus server = bus();
        RpcServer.on(server)
                .serve(Stock.class, new Shelf(), ServiceOptions.defaults().withQueued())
                .ready()
                .join();
        RpcServerMeters.of(RpcServer.on(server)).bindTo(registry);
        Bus caller = bus();
        RpcClient client = RpcClient.on(caller);
        Stock stock = client.proxy(Stock.class);
        assertEquals(3, stock.left("some"));
        assertThrows(RpcFault.class, () -> stock.left("none"));
        assertThrows(
                CompletionException.class,
                () -> client.call("nobody.serves", Integer.class).join());
        client.broadcast(Stock.class, each -> each.left("some")).ask();
        client.<Stock, Integer>broadcastStage(Stock.class, Stock::never)
                .with(CallOptions.defaults().withTimeout(Duration.ofMillis(50)))
                .ask();
        client.queue(Stock.class).enqueue(each -> each.left("some")).result().get(10, SECONDS);
        server.subscribe("orders.*", Integer.class, event -> {
                    if (event.data() == 2) {
                        throw new IllegalStateException("on purpose");
                    }
                })
                .ready()
                .join();
        caller.publish("orders.placed", 1).get(10, SECONDS);
        caller.publish("orders.placed", 2).get(10, SECONDS);
        assertThrows(
                Exception.class,
                () -> caller.publish("orders.placed", "x".repeat(2 << 20)).get(10, SECONDS));
        await().until(() -> count(Convention.MESSAGING_PROCESS_DURATION) == 2
                && count(Convention.RPC_SERVER_CALL_DURATION) == 5
                && count(Convention.RPC_BROADCAST_DURATION) == 2
                && count(Convention.RPC_ENQUEUE_DURATION) == 1);
    }

    @Test
    void callsAndEventsAreTimedWithTheirOutcomes() throws Exception {
        everything();
        assertEquals(1, count(Convention.RPC_CLIENT_CALL_DURATION, "rpc.method", "stock.left", "error.type", "none"));
        Meter failed = registry.get(Convention.RPC_CLIENT_CALL_DURATION.text())
                .tags("rpc.method", "stock.left", "rpc.status_code", "42")
                .timer();
        assertEquals("FAULT", failed.getId().getTag("omnibus.reason"));
        assertEquals("42", failed.getId().getTag("error.type"));
        assertEquals("jsonrpc", failed.getId().getTag("rpc.system.name"));
        assertEquals(
                1,
                count(Convention.RPC_CLIENT_CALL_DURATION, "rpc.method", "_OTHER", "omnibus.reason", "NO_SERVER"),
                "nobody serves it");
        assertEquals(1, count(Convention.RPC_SERVER_CALL_DURATION, "rpc.method", "stock.left", "error.type", "42"));
        assertEquals(1, count(Convention.RPC_BROADCAST_DURATION, "omnibus.outcome", "complete"));
        assertEquals(1, count(Convention.RPC_BROADCAST_DURATION, "omnibus.outcome", "incomplete"));
        assertEquals(1, count(Convention.RPC_ENQUEUE_DURATION, "rpc.method", "stock.left", "omnibus.reason", "none"));
        for (Convention meter :
                List.of(Convention.MESSAGING_CLIENT_OPERATION_DURATION, Convention.MESSAGING_CLIENT_SENT_MESSAGES)) {
            assertEquals(2, count(meter, "messaging.destination.name", "orders.placed", "error.type", "none"));
            assertEquals(
                    1,
                    count(
                                    meter,
                                    "messaging.operation.name",
                                    "publish",
                                    "error.type",
                                    "dev.omnibus.bus" + ".PublishException")
                            + count(meter, "messaging.operation.name", "publish", "error.type", "TOO_LARGE"));
        }
        for (Convention meter :
                List.of(Convention.MESSAGING_PROCESS_DURATION, Convention.MESSAGING_CLIENT_CONSUMED_MESSAGES)) {
            assertEquals(1, count(meter, "messaging.destination.name", "orders.*", "error.type", "none"));
            assertEquals(1, count(meter, "error.type", IllegalStateException.class.getName()));
        }
        assertEquals(
                0, registry.get(Convention.RPC_CLIENT_ACTIVE.text()).gauge().value());
        await().until(() ->
                registry.get(Convention.RPC_SERVER_ACTIVE.text()).gauge().value() <= 1);
    }

    /** Prometheus refuses the second set of keys of a name, and then metrics are missing. */
    @Test
    void noMeterHasTwoSetsOfKeysAndEachHasThoseOfTheConvention() throws Exception {
        everything();
        Map<String, Set<Set<String>>> keys = new HashMap<>();
        Pattern series = Pattern.compile("^([a-zA-Z_:]+)(?:\\{(.*)})? .*$");
        for (String line : registry.scrape().lines().toList()) {
            Matcher matcher = series.matcher(line);
            if (!line.startsWith("#") && matcher.matches()) {
                Set<String> names = new TreeSet<>();
                Matcher key = Pattern.compile("([a-z_]+)=\"").matcher(matcher.group(2) == null ? "" : matcher.group(2));
                while (key.find()) {
                    names.add(key.group(1));
                }
                keys.computeIfAbsent(matcher.group(1), name -> new HashSet<>()).add(names);
            }
        }
        assertTrue(keys.size() > 20, keys::toString);
        keys.forEach((name, sets) -> assertEquals(1, sets.size(), () -> name + " has " + sets));
        for (Convention meter : Convention.values()) {
            if (meter.meter() == null || meter.text().startsWith("omnibus.durable")) {
                continue;
            }
            Set<String> wanted = new HashSet<>();
            meter.keys().forEach(key -> wanted.add(key.text()));
            for (Meter found : registry.find(meter.text()).meters()) {
                Set<String> names = new HashSet<>();
                found.getId().getTags().forEach(tag -> names.add(tag.getKey()));
                assertEquals(wanted, names, meter::text);
            }
            boolean always = meter != Convention.RPC_CLIENT_RETRIES;
            assertTrue(!always || !registry.find(meter.text()).meters().isEmpty(), meter::text);
        }
    }

    @Test
    void tenThousandTopicsAndMethodsStayWithinTheLimit() throws Exception {
        Bus bus = bus();
        RpcClient client = RpcClient.on(bus);
        assertThrows(
                CompletionException.class,
                () -> client.call("first.one", Integer.class).join());
        List<CompletableFuture<?>> all = new ArrayList<>();
        bus.subscribe("**", Integer.class, event -> {}).ready().get(10, SECONDS);
        for (int i = 0; i < 10_000; i++) {
            all.add(bus.publish("topic." + i, i));
            all.add(client.call("service" + i + ".method", Integer.class).handle((value, failure) -> null));
        }
        for (CompletableFuture<?> one : all) {
            one.get(60, SECONDS);
        }
        await().atMost(30, SECONDS).until(() -> count(Convention.MESSAGING_PROCESS_DURATION) == 10_000);
        assertEquals(
                101,
                registry.get(Convention.MESSAGING_CLIENT_OPERATION_DURATION.text())
                        .timers()
                        .size());
        assertEquals(
                9_900, count(Convention.MESSAGING_CLIENT_OPERATION_DURATION, "messaging.destination.name", "_OTHER"));
        Set<String> methods = new HashSet<>();
        registry.get(Convention.RPC_CLIENT_CALL_DURATION.text())
                .timers()
                .forEach(timer -> methods.add(timer.getId().getTag("rpc.method")));
        assertEquals(Set.of("_OTHER"), methods);
        assertTrue(registry.getMeters().size() < 400, () -> registry.getMeters().size() + " meters");
    }

    @Test
    void whatBusesCountIsSummedAndStaysWhenTheyAreClosed() throws Exception {
        Bus first = builder().build();
        Bus second = bus();
        for (Bus bus : List.of(first, second)) {
            bus.subscribe("n", Integer.class, event -> {}).ready().get(10, SECONDS);
        }
        second.publish("n", "not a number").get(10, SECONDS);
        FunctionCounter bad = registry.get(Convention.EVENTS_BAD.text()).functionCounter();
        await().until(() -> bad.count() == 2);
        assertEquals(2, registry.get(Convention.BUSES_UP.text()).gauge().value());
        first.close();
        await().until(() -> registry.get(Convention.BUSES_UP.text()).gauge().value() == 1);
        assertEquals(2, bad.count());
    }

    @Test
    void repliesWhoseCallersAreGoneAreCounted() {
        Bus server = bus();
        RpcServer.on(server).serve(Stock.class, new Shelf()).ready().join();
        RpcServerMeters.of(RpcServer.on(server)).bindTo(registry);
        Transport link = network.open();
        Bus caller = Bus.builder(link).drainTimeout(Duration.ofMillis(10)).build();
        buses.add(caller);
        CompletableFuture<Integer> unused = RpcClient.on(caller).call("stock.never", Integer.class);
        await().until(() ->
                registry.get(Convention.RPC_SERVER_ACTIVE.text()).gauge().value() == 1);
        FunctionCounter gone =
                registry.get(Convention.RPC_SERVER_CALLERS_GONE.text()).functionCounter();
        assertEquals(0, gone.count());
        link.close(); // as if the process were killed
        never.complete(1);
        await().until(() -> gone.count() == 1);
        assertEquals(
                0,
                registry.get(Convention.RPC_SERVER_REPLIES_LOST.text())
                        .functionCounter()
                        .count());
    }

    @Test
    void callsThatWaitToBeExecutedAreMetered() {
        Bus server = bus();
        RpcServer.on(server)
                .serve(Stock.class, new Shelf(), ServiceOptions.defaults().withConcurrency(1))
                .ready()
                .join();
        RpcServerMeters.of(RpcServer.on(server)).bindTo(registry);
        Gauge waiting = registry.get(Convention.RPC_SERVER_WAITING.text()).gauge();
        RpcClient client = RpcClient.on(bus());
        List<CompletableFuture<Integer>> calls = Stream.generate(() -> client.call("stock.block", Integer.class))
                .limit(3)
                .toList();
        await().until(() -> waiting.value() == 2);
        never.complete(1);
        calls.forEach(CompletableFuture::join);
        assertEquals(0, waiting.value());
    }

    @Test
    void durableTopicsHaveTheirLagAndDeadLetters() throws Exception {
        Bus bus = bus();
        DurableTopic<Integer> topic =
                DurableTopics.on(bus).topic(Topic.of("numbers", Integer.class), Retention.untilAcknowledged());
        topic.subscribe("billing", (event, delivery) -> delivery.reject("no use"))
                .ready()
                .get(10, SECONDS);
        DurableTopicMeters.of(topic).bindTo(registry);
        topic.publish(1).get(10, SECONDS);
        await().atMost(30, SECONDS).untilAsserted(() -> {
            assertEquals(
                    1,
                    registry.get(Convention.DURABLE_DEAD_LETTERS.text())
                            .tags("omnibus.topic", "numbers", "omnibus.group", "billing")
                            .gauge()
                            .value());
            assertEquals(
                    0,
                    registry.get(Convention.DURABLE_LAG.text())
                            .tags("omnibus.group", "billing")
                            .gauge()
                            .value());
        });
    }

    /** An operation that the engine might have made. */
    private record Played(BusObserver.Kind kind, String name) implements BusObserver.Outcome {

        @Override
        public Played copy() {
            return this;
        }

        @Override
        public boolean isKnown() {
            return true;
        }

        @Override
        public @Nullable Event<?> event() {
            return null;
        }

        @Override
        public String group() {
            return "";
        }

        @Override
        public String peer() {
            return "";
        }

        @Override
        public String id() {
            return "";
        }

        @Override
        public Map<String, String> headers() {
            return Map.of();
        }

        @Override
        public void header(String header, String value) {}

        @Override
        public long elapsedNanos() {
            return 1_000;
        }

        @Override
        public String reason() {
            return "";
        }

        @Override
        public @Nullable Throwable failure() {
            return null;
        }

        @Override
        public int code() {
            return 0;
        }

        @Override
        public boolean isNotExecuted() {
            return false;
        }

        @Override
        public int attempts() {
            return 1;
        }

        @Override
        public int expected() {
            return 0;
        }

        @Override
        public int answered() {
            return 0;
        }

        @Override
        public List<String> missing() {
            return List.of();
        }
    }

    @Test
    void whatSucceedsIsRecordedWithoutAllocating() {
        for (MicrometerObserver recording :
                List.of(MicrometerObserver.of(new SimpleMeterRegistry()), MicrometerObserver.of(registry))) {
            for (BusObserver.Kind kind : BusObserver.Kind.values()) {
                Played played = new Played(kind, "stock.left");
                record(recording, played, 20_000); // until it is compiled
                com.sun.management.ThreadMXBean threads =
                        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
                long thread = Thread.currentThread().getId();
                long before = threads.getThreadAllocatedBytes(thread);
                record(recording, played, 10_000);
                long bytes = threads.getThreadAllocatedBytes(thread) - before;
                assertTrue(bytes < 10_000, () -> kind + " allocates " + bytes + " bytes in 10,000 operations");
            }
        }
    }

    private static void record(MicrometerObserver recording, Played played, int times) {
        for (int i = 0; i < times; i++) {
            BusObserver.Scope scope = recording.start(played);
            if (scope != null) {
                scope.leave();
                scope.end(played);
            }
        }
    }

    @Test
    void aReasonIsNamedInTheExceptionAsInTheMeter() {
        RpcClient client = RpcClient.on(bus());
        CompletionException failure = assertThrows(
                CompletionException.class,
                () -> client.call("nobody.serves", Integer.class).join());
        RpcException why = assertInstanceOf(RpcException.class, failure.getCause());
        assertEquals(
                1,
                count(
                        Convention.RPC_CLIENT_CALL_DURATION,
                        "omnibus.reason",
                        why.reason().name()));
    }
}

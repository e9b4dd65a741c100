package dev.omnibus.micrometer;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.NonBlocking;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.Transport;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** One trace over everything that happens because of something else. */
abstract class TraceContract {

    interface Stock {
        int reserve(String sku);

        CompletableFuture<Integer> later(String sku);

        @NonBlocking
        int quick(String sku);

        @Idempotent
        int again(String sku);
    }

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final SdkTracerProvider provider = SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(exporter))
            .build();
    private final OpenTelemetrySdk sdk =
            OpenTelemetrySdk.builder().setTracerProvider(provider).build();
    private final OpenTelemetryObserver observer = OpenTelemetryObserver.of(sdk);
    private final String prefix = "test-" + UUID.randomUUID();
    private final List<Bus> buses = new ArrayList<>();
    private final List<String> logged = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Integer> later = new CompletableFuture<>();
    private final CountDownLatch busy = new CountDownLatch(1);
    private final AtomicInteger tries = new AtomicInteger(); // on all nodes

    abstract Transport connect();

    private Bus bus(String name, BusObserver... observers) {
        var builder = Bus.builder(connect()).name(name).prefix(prefix);
        Stream.of(observers).forEach(builder::observer);
        Bus bus = builder.build();
        buses.add(bus);
        return bus;
    }

    @AfterEach
    void close() {
        later.complete(1);
        busy.countDown();
        for (int i = buses.size() - 1; i >= 0; i--) {
            buses.get(i).close();
        }
        provider.close();
    }

    private void log() {
        logged.add(MDC.get("traceId") + " " + MDC.get("spanId"));
    }

    private final class Shelf implements Stock {

        private final Bus bus;

        Shelf(Bus bus) {
            this.bus = bus;
        }

        @Override
        public int reserve(String sku) {
            log();
            if (sku.equals("none")) {
                throw new RpcFault(42, "no such sku");
            }
            bus.publish("stock.reserved", sku);
            return 3;
        }

        @Override
        public CompletableFuture<Integer> later(String sku) {
            bus.publish("stock.later", sku);
            return later;
        }

        @Override
        public int quick(String sku) {
            log();
            return NonBlockingThread.isCurrent() ? 1 : 0;
        }

        @Override
        public int again(String sku) {
            if (tries.incrementAndGet() == 1) {
                try {
                    busy.await(20, SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // its attempt is given up
                }
            }
            return tries.get();
        }
    }

    private Bus server(BusObserver... observers) {
        Bus server = bus("stock", observers);
        RpcServer.on(server).serve(Stock.class, new Shelf(server)).ready().join();
        return server;
    }

    private SpanData span(String name, SpanKind kind) {
        await().atMost(20, SECONDS).until(() -> find(name, kind) != null);
        return Objects.requireNonNull(find(name, kind));
    }

    private @Nullable SpanData find(String name, SpanKind kind) {
        return exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name) && span.getKind() == kind)
                .findFirst()
                .orElse(null);
    }

    private static @Nullable Object attribute(SpanData span, Convention name) {
        return span.getAttributes().asMap().entrySet().stream()
                .filter(entry -> entry.getKey().getKey().equals(name.text()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static void assertChild(SpanData child, SpanData parent) {
        assertEquals(parent.getTraceId(), child.getTraceId(), child::getName);
        assertEquals(parent.getSpanId(), child.getParentSpanId(), child::getName);
    }

    @Test
    void aTraceGoesFromACallToAnEventToACallAndBack() throws Exception {
        server(observer);
        Bus shipping = bus("shipping", observer);
        RpcServer.on(shipping)
                .serve("ship.order", params -> {
                    log();
                    return 7;
                })
                .ready()
                .join();
        Bus orders = bus("orders", observer);
        orders.subscribe("stock.*", String.class, event -> {
                    log();
                    RpcClient.on(orders).call("ship.order", Integer.class).get(10, SECONDS);
                })
                .ready()
                .get(10, SECONDS);
        Bus caller = bus("caller", observer);
        Span request = sdk.getTracer("test").spanBuilder("http").startSpan();
        Context.current()
                .with(request)
                .wrap(() ->
                        assertEquals(3, RpcClient.on(caller).proxy(Stock.class).reserve("a")))
                .run();
        request.end();

        SpanData http = span("http", SpanKind.INTERNAL);
        SpanData call = span("stock.reserve", SpanKind.CLIENT);
        SpanData serve = span("stock.reserve", SpanKind.SERVER);
        SpanData publish = span("publish stock.reserved", SpanKind.PRODUCER);
        SpanData process = span("process stock.*", SpanKind.CONSUMER);
        SpanData inner = span("ship.order", SpanKind.CLIENT);
        SpanData ship = span("ship.order", SpanKind.SERVER);
        assertChild(call, http);
        assertChild(serve, call);
        assertChild(publish, serve);
        assertChild(process, publish);
        assertChild(inner, process);
        assertChild(ship, inner);
        assertEquals("jsonrpc", attribute(call, Convention.RPC_SYSTEM_NAME));
        assertEquals("stock.reserve", attribute(call, Convention.RPC_METHOD));
        assertTrue(String.valueOf(attribute(call, Convention.OMNIBUS_NODE)).startsWith("stock-"), call::toString);
        assertEquals(caller.node(), attribute(serve, Convention.OMNIBUS_CALLER));
        assertEquals("stock.reserved", attribute(process, Convention.MESSAGING_DESTINATION_NAME));
        assertEquals("stock.*", attribute(process, Convention.MESSAGING_DESTINATION_TEMPLATE));
        assertEquals(1L, attribute(process, Convention.OMNIBUS_SEQUENCE));
        assertEquals(
                Stream.of(serve, process, ship)
                        .map(span -> span.getTraceId() + " " + span.getSpanId())
                        .toList(),
                logged,
                "the log has the span of what is handled");
        assertNull(MDC.get("traceId"));
    }

    @Test
    void anAsynchronousMethodEndsItsSpanWithItsAnswerAndLeavesNothingOnItsThread() {
        server(observer);
        CompletableFuture<Integer> call =
                RpcClient.on(bus("caller", observer)).proxy(Stock.class).later("a");
        SpanData publish = span("publish stock.later", SpanKind.PRODUCER);
        assertNull(find("stock.later", SpanKind.SERVER));
        later.complete(5);
        assertEquals(5, call.join());
        SpanData client = span("stock.later", SpanKind.CLIENT);
        assertChild(span("stock.later", SpanKind.SERVER), client);
        assertChild(publish, span("stock.later", SpanKind.SERVER));
        assertFalse(client.getParentSpanContext().isValid());
    }

    @Test
    void aBroadcastIsOneSpanWithAChildOnEachNode() {
        server(observer);
        server(observer);
        Bus caller = bus("caller", observer);
        RpcClient.on(caller).broadcast(Stock.class, stock -> stock.reserve("a")).ask();
        SpanData ask = span("ask stock.reserve", SpanKind.CLIENT);
        await().until(() -> exporter.getFinishedSpanItems().stream()
                        .filter(span -> span.getKind() == SpanKind.SERVER)
                        .count()
                == 2);
        exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getKind() == SpanKind.SERVER)
                .forEach(span -> assertChild(span, ask));
        assertEquals(2L, attribute(ask, Convention.OMNIBUS_ANSWERED));
        assertEquals(0L, attribute(ask, Convention.OMNIBUS_MISSING));
        assertEquals("complete", attribute(ask, Convention.OMNIBUS_OUTCOME));

        RpcClient.on(caller)
                .<Stock, Integer>broadcastStage(Stock.class, stock -> stock.later("a"))
                .with(CallOptions.defaults().withTimeout(Duration.ofMillis(200)))
                .ask();
        SpanData missing = span("ask stock.later", SpanKind.CLIENT);
        assertEquals(2L, attribute(missing, Convention.OMNIBUS_MISSING));
        assertEquals(2, missing.getEvents().size());
        assertEquals(StatusCode.ERROR, missing.getStatus().getStatusCode());
        assertEquals("TIMEOUT", attribute(missing, Convention.ERROR_TYPE));
    }

    @Test
    void aCallThatIsRetriedIsOneSpanWithAnEventForEachFailedAttempt() {
        server(observer);
        server(observer);
        Bus caller = bus("caller", observer);
        CallOptions impatient =
                CallOptions.defaults().withTimeout(Duration.ofSeconds(20)).withAttemptTimeout(Duration.ofMillis(300));
        RpcClient.on(caller).proxy(Stock.class, impatient).again("a");
        SpanData call = span("stock.again", SpanKind.CLIENT);
        assertEquals("retry", call.getEvents().get(0).getName());
        assertEquals("TIMEOUT", call.getEvents().get(0).getAttributes().get(AttributeKey.stringKey("omnibus.reason")));
        assertNotEquals(1L, attribute(call, Convention.OMNIBUS_ATTEMPTS));
        assertEquals(StatusCode.UNSET, call.getStatus().getStatusCode());
    }

    @Test
    void aNonBlockingMethodHasItsSpanOnTheThreadOfTheConnection() {
        server(observer);
        assertEquals(1, RpcClient.on(bus("caller", observer)).proxy(Stock.class).quick("a"));
        SpanData serve = span("stock.quick", SpanKind.SERVER);
        assertChild(serve, span("stock.quick", SpanKind.CLIENT));
        assertEquals(List.of(serve.getTraceId() + " " + serve.getSpanId()), logged);
    }

    @Test
    void aFaultIsAnErrorWithItsCodeAndWithoutItsText() {
        server(observer);
        Stock stock = RpcClient.on(bus("caller", observer)).proxy(Stock.class);
        assertThrows(RpcFault.class, () -> stock.reserve("none"));
        for (SpanKind kind : List.of(SpanKind.CLIENT, SpanKind.SERVER)) {
            SpanData span = span("stock.reserve", kind);
            assertEquals(StatusCode.ERROR, span.getStatus().getStatusCode());
            assertEquals("42", attribute(span, Convention.RPC_STATUS_CODE));
            assertEquals("42", attribute(span, Convention.ERROR_TYPE));
            assertEquals("FAULT", attribute(span, Convention.OMNIBUS_REASON));
            assertFalse(span.toString().contains("no such sku"), span::toString);
        }
    }

    @Test
    void aMethodThatNobodyServesIsNotInTheNameOfTheSpan() {
        RpcClient.on(bus("caller", observer))
                .call("nobody.serves", Integer.class)
                .handle((value, failure) -> failure)
                .join();
        SpanData call = span("jsonrpc", SpanKind.CLIENT);
        assertEquals("_OTHER", attribute(call, Convention.RPC_METHOD));
        assertEquals("nobody.serves", attribute(call, Convention.RPC_METHOD_ORIGINAL));
        assertEquals("NO_SERVER", attribute(call, Convention.ERROR_TYPE));
        assertEquals(true, attribute(call, Convention.OMNIBUS_NOT_EXECUTED));
        assertEquals(0L, attribute(call, Convention.OMNIBUS_ATTEMPTS));
    }

    @Test
    void withoutAnSdkATraceIsPassedOnAndInTheLog() throws Exception {
        String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        List<String> arrived = new CopyOnWriteArrayList<>();
        Bus server = bus("stock", OpenTelemetryObserver.of(OpenTelemetry.noop()), MdcObserver.create());
        RpcServer.on(server)
                .serve("trace.call", params -> {
                    log();
                    arrived.add(CallContext.current().headers().toString());
                    return 1;
                })
                .ready()
                .join();
        Bus there = bus("there", MdcObserver.create());
        there.subscribe("first", Integer.class, event -> {
                    log();
                    RpcClient.on(there).call("trace.call", Integer.class).get(10, SECONDS);
                })
                .ready()
                .get(10, SECONDS);
        there.publish("first", 1, Map.of("traceparent", trace));
        await().atMost(20, SECONDS).until(() -> arrived.size() == 1);
        assertEquals(List.of("{traceparent=" + trace + "}"), arrived);
        String inLog = "4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7";
        assertEquals(List.of(inLog, inLog), logged);
        there.publish("first", 2, Map.of("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
        await().atMost(20, SECONDS).until(() -> arrived.size() == 2);
        assertEquals("null null", logged.get(2), "no trace, and nothing of the one before");
    }
}

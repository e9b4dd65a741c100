package dev.omnibus.examples;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The listings of the page about observability do what it says. */
@WithRedis
class HowToObservabilityIT {

    private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String TRACE = "00-" + TRACE_ID + "-00f067aa0ba902b7-01";

    private final RedisServer redis;

    HowToObservabilityIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void callsAndDurableTopicsAreInTheScrapeOfPrometheus() throws Exception {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        HowToObservability.withBuckets(registry);
        try (Bus bus = HowToObservability.metered(redis.url(), registry)) {
            RpcServer.on(bus).serve("stock.left", params -> 3).ready().get(10, SECONDS);
            RpcClient.on(bus).call("stock.left", Integer.class).get(10, SECONDS);
            DurableTopic<Integer> numbers =
                    DurableTopics.on(bus).topic(Topic.of("numbers", Integer.class), Retention.untilAcknowledged());
            numbers.subscribe("billing", event -> {}).ready().get(10, SECONDS);
            HowToObservability.meter(numbers, registry);
            await().atMost(20, SECONDS).untilAsserted(() -> {
                String scrape = registry.scrape();
                assertTrue(scrape.contains("rpc_server_call_duration_seconds_bucket{"), scrape);
                assertTrue(
                        scrape.contains("omnibus_durable_lag{omnibus_group=\"billing\",omnibus_topic=\"numbers\"} 0.0"),
                        scrape);
            });
        }
    }

    @Test
    void aTraceIsInSpansAndGoesOnToAnotherThreadByHand() throws Exception {
        InMemorySpanExporter exporter = InMemorySpanExporter.create();
        SdkTracerProvider provider = SdkTracerProvider.builder()
                .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                .build();
        OpenTelemetrySdk sdk =
                OpenTelemetrySdk.builder().setTracerProvider(provider).build();
        ExecutorService workers = Executors.newSingleThreadExecutor();
        List<Map<String, String>> shipped = new CopyOnWriteArrayList<>();
        try (Bus shop = HowToObservability.traced(redis.url(), sdk);
                Bus shipping = HowToObservability.withTraceInTheLog(redis.url())) {
            shop.subscribe("orders.shipped", String.class, event -> shipped.add(event.headers()))
                    .ready()
                    .get(10, SECONDS);
            HowToObservability.shipLater(shipping, workers).ready().get(10, SECONDS);
            shop.publish("orders.placed", "o-17", Map.of("traceparent", TRACE));
            await().atMost(20, SECONDS)
                    .until(() -> exporter.getFinishedSpanItems().size() == 2);
            assertEquals(
                    Map.of("publish orders.placed", TRACE_ID, "process orders.shipped", TRACE_ID),
                    exporter.getFinishedSpanItems().stream()
                            .collect(Collectors.toMap(SpanData::getName, SpanData::getTraceId)));
            String arrived = String.valueOf(shipped.get(0).get("traceparent"));
            assertTrue(arrived.contains(TRACE_ID), arrived);
        } finally {
            workers.shutdown();
            provider.close();
        }
    }

    @Test
    void anObserverOfOnesOwnSeesWhatIsSlow() throws Exception {
        List<String> reports = new CopyOnWriteArrayList<>();
        try (Bus bus = Bus.builder(redis.url())
                .observer(HowToObservability.slow(0, reports::add))
                .build()) {
            bus.publish("orders.placed", 1).get(10, SECONDS);
        }
        assertTrue(reports.get(0).matches("PUBLISH orders.placed took \\d+ ms "), reports::toString);
    }
}

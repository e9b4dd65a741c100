package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.micrometer.MicrometerObserver;
import dev.omnibus.rpc.RpcClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

class ObservationTest {

    private final ApplicationContextRunner runner =
            InMemoryConfiguration.runner().withBean(RpcBeansTest.Warehouse.class);

    private static void call(Bus bus) {
        assertThat(RpcClient.on(bus).call("stock.left", Integer.class, "sku-1").join())
                .isEqualTo(12);
    }

    @Test
    void callsAreMeasuredIfTheApplicationHasAMeterRegistry() {
        runner.withBean(SimpleMeterRegistry.class).run(context -> {
            call(context.getBean(Bus.class));
            MeterRegistry registry = context.getBean(MeterRegistry.class);
            await().until(() -> registry.find("rpc.server.call.duration").timer() != null);
            assertThat(registry.get("rpc.client.call.duration").timer().count()).isOne();
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class Billing {
        @Bean
        DurableTopic<String> orders(DurableTopics topics) {
            return topics.topic(Topic.of("orders.placed", String.class), Retention.untilAcknowledged());
        }

        @TopicListener(topics = "orders.placed", group = "billing")
        void bill(String order) {}
    }

    @Test
    void durableTopicsAndTheServerHaveTheirMeters() {
        runner.withConfiguration(AutoConfigurations.of(
                        MetricsAutoConfiguration.class, SimpleMetricsExportAutoConfiguration.class))
                .withUserConfiguration(Billing.class)
                .run(context -> {
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    Gauge entries = registry.get("omnibus.durable.entries").gauge();
                    await().until(() -> entries.value() == 0 // which has Redis asked again, for groups too
                            && registry.find("omnibus.durable.lag")
                                            .tags("omnibus.topic", "orders.placed", "omnibus.group", "billing")
                                            .gauge()
                                    != null);
                    assertThat(registry.get("omnibus.rpc.server.callers.gone")
                                    .functionCounter()
                                    .count())
                            .isZero();
                });
    }

    @Test
    void metricsCanBeSwitchedOffAndReplaced() {
        runner.withBean(SimpleMeterRegistry.class)
                .withPropertyValues("omnibus.observation.metrics=false")
                .run(context -> {
                    call(context.getBean(Bus.class));
                    assertThat(context.getBean(MeterRegistry.class).getMeters()).isEmpty();
                });
        SimpleMeterRegistry own = new SimpleMeterRegistry();
        runner.withBean(SimpleMeterRegistry.class)
                .withBean(BusObserver.class, () -> MicrometerObserver.of(own))
                .run(context -> {
                    call(context.getBean(Bus.class));
                    await().until(() -> own.find("rpc.client.call.duration").timer() != null);
                });
    }

    @Test
    void callsAreTracedIfTheApplicationHasOpenTelemetry() {
        InMemorySpanExporter spans = InMemorySpanExporter.create();
        OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(spans))
                        .build())
                .build();
        runner.withBean(OpenTelemetry.class, () -> sdk).run(context -> {
            call(context.getBean(Bus.class));
            await().until(() -> spans.getFinishedSpanItems().size() == 2);
            assertThat(spans.getFinishedSpanItems())
                    .extracting(span -> span.getTraceId())
                    .containsOnly(spans.getFinishedSpanItems().get(0).getTraceId());
        });
        spans.reset();
        runner.withBean(OpenTelemetry.class, () -> sdk)
                .withPropertyValues("omnibus.observation.traces=false")
                .run(context -> call(context.getBean(Bus.class)));
        assertThat(spans.getFinishedSpanItems()).isEmpty();
    }

    @Test
    void withoutMicrometerAndOpenTelemetryNothingIsMissed() {
        runner.withClassLoader(new FilteredClassLoader("io.micrometer.core", "io.opentelemetry"))
                .run(context -> call(context.getBean(Bus.class)));
    }
}

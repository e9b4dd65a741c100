package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.micrometer.DurableTopicMeters;
import dev.omnibus.micrometer.MdcObserver;
import dev.omnibus.micrometer.MicrometerObserver;
import dev.omnibus.micrometer.OpenTelemetryObserver;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.opentelemetry.api.OpenTelemetry;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What the page about observability shows. Tests run each listing. */
public final class HowToObservability {

    private HowToObservability() {}

    // tag::observe-metrics
    static Bus metered(String redis, MeterRegistry registry) {
        return Bus.builder(redis).observer(MicrometerObserver.of(registry)).build();
    }
    // end::observe-metrics

    // tag::observe-buckets
    static void withBuckets(MeterRegistry registry) {
        DistributionStatisticConfig buckets = DistributionStatisticConfig.builder()
                .serviceLevelObjectives(100e3, 250e3, 500e3, 1e6, 2.5e6, 5e6, 25e6, 100e6, 1e9) // nanoseconds
                .build();
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return id.getName().endsWith(".call.duration") ? buckets.merge(config) : config;
            }
        });
    }
    // end::observe-buckets

    // tag::observe-durable
    static void meter(DurableTopic<?> topic, MeterRegistry registry) {
        DurableTopicMeters.of(topic).bindTo(registry);
    }
    // end::observe-durable

    // tag::observe-traces
    static Bus traced(String redis, OpenTelemetry openTelemetry) {
        return Bus.builder(redis)
                .observer(OpenTelemetryObserver.of(openTelemetry))
                .build();
    }
    // end::observe-traces

    // tag::observe-log
    static Bus withTraceInTheLog(String redis) {
        return Bus.builder(redis).observer(MdcObserver.create()).build();
    }
    // end::observe-log

    // tag::observe-threads
    static Subscription shipLater(Bus bus, Executor workers) {
        return bus.subscribe("orders.placed", String.class, event -> {
            String trace = event.headers().get("traceparent"); // not on the other thread by itself
            Map<String, String> headers = trace == null ? Map.of() : Map.of("traceparent", trace);
            workers.execute(() -> bus.publish("orders.shipped", event.data(), headers));
        });
    }
    // end::observe-threads

    // tag::observe-own
    static BusObserver slow(long millis, Consumer<String> report) {
        return operation -> outcome -> {
            long took = TimeUnit.NANOSECONDS.toMillis(outcome.elapsedNanos());
            if (took >= millis) {
                report.accept(outcome.kind() + " " + outcome.name() + " took " + took + " ms " + outcome.reason());
            }
        };
    }
    // end::observe-own
}

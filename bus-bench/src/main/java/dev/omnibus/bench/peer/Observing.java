package dev.omnibus.bench.peer;

import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.micrometer.MicrometerObserver;
import dev.omnibus.micrometer.OpenTelemetryObserver;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Who observes the buses of a job: one observer for all of them. */
@SuppressWarnings("ImmutableEnumChecker") // each makes a new observer
public enum Observing {
    NOBODY(() -> null),
    METRICS(() -> MicrometerObserver.of(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT))),
    /** Of which none is sampled: they are made and passed on, and not exported. */
    SPANS(() -> OpenTelemetryObserver.of(OpenTelemetrySdk.builder()
            .setTracerProvider(
                    SdkTracerProvider.builder().setSampler(Sampler.alwaysOff()).build())
            .build()));

    private final Supplier<@Nullable BusObserver> made;

    Observing(Supplier<@Nullable BusObserver> made) {
        this.made = made;
    }

    @Nullable
    BusObserver observer() {
        return made.get();
    }

    static BusBuilder observed(BusBuilder bus, @Nullable BusObserver by) {
        return by == null ? bus : bus.observer(by);
    }
}

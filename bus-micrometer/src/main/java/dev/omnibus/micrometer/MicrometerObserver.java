package dev.omnibus.micrometer;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * An observer that meters a bus with Micrometer: {@code Bus.builder(url).observer(MicrometerObserver.of(registry))}.
 * Calls, events and handlers have timers, and what buses count becomes counters and gauges, by the names of
 * OpenTelemetry's semantic conventions where there are any.
 *
 * <p>What is recorded of a success costs two look-ups and allocates nothing. Each meter always has the same keys, with
 * {@code none} for those that do not apply. The number of time series is limited: methods are those that contracts have
 * or somebody serves, topics the first 100 that are published to, and the first 100 that are subscribed to; all others
 * are {@code _OTHER}. Percentiles and histograms are configured in the registry, as for any other timer.
 *
 * <p>One observer serves any number of buses, whose meters are sums; give all buses of a registry the same one.
 * Thread-safe.
 */
public final class MicrometerObserver implements BusObserver {

    private static final int MAX_TOPICS = 100;
    private static final int MAX_METHODS = 1_000;

    private final Map<Kind, OperationMeters> operations = new EnumMap<>(Kind.class);
    private final BusMeters buses;

    private MicrometerObserver(MeterRegistry registry) {
        LongAdder calling = new LongAdder();
        LongAdder serving = new LongAdder();
        for (Kind kind : Kind.values()) {
            int names = kind == Kind.PUBLISH || kind == Kind.HANDLE ? MAX_TOPICS : MAX_METHODS;
            LongAdder active = kind == Kind.SERVE ? serving : kind == Kind.CALL ? calling : null;
            operations.put(kind, new OperationMeters(kind, registry, names, active));
        }
        gauge(registry, Convention.RPC_CLIENT_ACTIVE, calling);
        gauge(registry, Convention.RPC_SERVER_ACTIVE, serving);
        buses = new BusMeters(registry);
    }

    /**
     * An observer that records into a registry.
     *
     * @param registry where the meters are
     * @return the observer, for any number of buses
     */
    public static MicrometerObserver of(MeterRegistry registry) {
        return new MicrometerObserver(Objects.requireNonNull(registry, "registry"));
    }

    private static void gauge(MeterRegistry registry, Convention meter, LongAdder number) {
        Gauge.builder(meter.text(), number, LongAdder::sum)
                .description(meter.description())
                .strongReference(true)
                .register(registry);
    }

    @Override
    public @Nullable Scope start(Operation operation) {
        return Objects.requireNonNull(operations.get(operation.kind())).start(operation);
    }

    @Override
    public void opened(Bus bus) {
        buses.add(bus);
    }
}

package dev.omnibus.micrometer;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.BusStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What buses count by themselves, as meters: read when somebody asks, and the sum of all buses, also of those that are
 * closed. Thread-safe.
 */
final class BusMeters {

    /** One number of all buses. */
    private static final class Sum {

        private final ToLongFunction<BusStats> part;
        private long closed; // of buses that are closed; guarded by the meters
        private long highest; // a counter does not fall, though losses may turn out not to be any; guarded likewise

        Sum(ToLongFunction<BusStats> part) {
            this.part = part;
        }
    }

    private final List<Bus> buses = new ArrayList<>(); // guarded by this
    private final List<Sum> counted = new ArrayList<>(); // filled by the constructor

    BusMeters(MeterRegistry registry) {
        counter(registry, Convention.EVENTS_LOST, BusStats::lost);
        counter(registry, Convention.EVENTS_GAPS, BusStats::gaps);
        counter(registry, Convention.EVENTS_DUPLICATES, BusStats::duplicates);
        counter(registry, Convention.EVENTS_DROPPED, BusStats::dropped);
        counter(registry, Convention.EVENTS_BAD, BusStats::badMessages);
        counter(registry, Convention.FRAMES_DROPPED, BusStats::framesDropped);
        counter(registry, Convention.INTERRUPTIONS, BusStats::interruptions);
        counter(registry, Convention.RECONNECTS, BusStats::reconnects);
        gauge(registry, Convention.EVENTS_WAITING, bus -> bus.stats().waiting());
        gauge(registry, Convention.OUTBOX_BYTES, bus -> bus.stats().outboxBytes());
        gauge(registry, Convention.BUSES_UP, bus -> bus.state() == BusState.UP ? 1 : 0);
    }

    private void counter(MeterRegistry registry, Convention meter, ToLongFunction<BusStats> part) {
        Sum sum = new Sum(part);
        counted.add(sum);
        FunctionCounter.builder(meter.text(), this, meters -> meters.count(sum))
                .description(meter.description())
                .register(registry);
    }

    private void gauge(MeterRegistry registry, Convention meter, ToLongFunction<Bus> part) {
        Gauge.builder(meter.text(), this, meters -> meters.sum(part))
                .description(meter.description())
                .strongReference(true)
                .register(registry);
    }

    void add(Bus bus) {
        synchronized (this) {
            buses.add(bus);
        }
        bus.addListener(new BusListener() {
            @Override
            public void onState(BusState state) {
                if (state == BusState.CLOSED) {
                    close(bus);
                }
            }
        });
    }

    /** Its numbers are final; they are added to those of the others, and it is forgotten. */
    private synchronized void close(Bus bus) {
        if (buses.remove(bus)) {
            BusStats last = bus.stats();
            counted.forEach(sum -> sum.closed += sum.part.applyAsLong(last));
        }
    }

    private synchronized double count(Sum sum) {
        long now = sum.closed;
        for (Bus bus : buses) {
            now += sum.part.applyAsLong(bus.stats());
        }
        sum.highest = Math.max(sum.highest, now);
        return sum.highest;
    }

    private synchronized double sum(ToLongFunction<Bus> part) {
        return buses.stream().mapToLong(part).sum();
    }
}

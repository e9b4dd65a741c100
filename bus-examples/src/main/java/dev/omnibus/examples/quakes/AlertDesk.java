package dev.omnibus.examples.quakes;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.Screen;
import java.util.concurrent.atomic.AtomicInteger;

/** Hears of every event and raises the alarm for strong ones. It knows nothing of the publisher. Thread-safe. */
final class AlertDesk implements AutoCloseable {

    static final double STRONG = 5;

    /** Only these are shown, so that they are seen. */
    private static final double VERY_STRONG = 6;

    private final AtomicInteger alerts = new AtomicInteger();
    private final Ear ear = new Ear();
    private final Bus bus;
    private final Screen screen;

    /** Watches from now on: when this returns, the subscription stands. */
    AlertDesk(String redis, Screen screen) {
        this.screen = screen;
        this.bus = PatientStart.open(Bus.builder(redis).name("alerts").listener(ear));
        bus.subscribe(Quake.ALL_TOPICS, Quake.class, this::judge).ready().join();
    }

    private void judge(Event<Quake> event) {
        ear.received();
        Quake quake = event.data();
        if (quake.magnitude() >= STRONG) {
            alerts.incrementAndGet();
        }
        if (quake.magnitude() >= VERY_STRONG) {
            screen.alarm("  alert: magnitude " + quake.magnitude() + ", " + quake.place());
        }
    }

    int alerts() {
        return alerts.get();
    }

    Report report() {
        return ear.report();
    }

    @Override
    public void close() {
        bus.close();
    }
}

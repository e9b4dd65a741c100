package dev.omnibus.examples.quakes;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.Screen;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Counts events by network and magnitude. It knows nothing of the publisher. Thread-safe. */
final class StatisticsBoard implements AutoCloseable {

    private static final int STRONGEST_CLASS = 5;

    private final Map<String, int[]> byNetwork = new TreeMap<>(); // guarded by this
    private final Ear ear = new Ear();
    private final Bus bus;

    /** Counts from now on: when this returns, the subscription stands. */
    StatisticsBoard(String redis) {
        bus = PatientStart.open(Bus.builder(redis).name("statistics").listener(ear));
        bus.subscribe(Quake.ALL_TOPICS, Quake.class, this::count).ready().join();
    }

    private void count(Event<Quake> event) {
        Quake quake = event.data();
        int magnitudeClass = Math.max(0, Math.min(STRONGEST_CLASS, (int) Math.floor(quake.magnitude())));
        synchronized (this) {
            byNetwork.computeIfAbsent(quake.network(), network -> new int[STRONGEST_CLASS + 1])[magnitudeClass]++;
        }
        ear.received();
    }

    synchronized int total() {
        return byNetwork.values().stream().flatMapToInt(Arrays::stream).sum();
    }

    synchronized void show(Screen screen) {
        screen.say("  network   below 1    1 - 2    2 - 3    3 - 4    4 - 5   5 and more");
        byNetwork.forEach((network, counts) -> {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "  %-7s", network));
            for (int count : counts) {
                line.append(String.format(Locale.ROOT, " %8s", count == 0 ? "." : count));
            }
            screen.say(line.toString());
        });
    }

    Report report() {
        return ear.report();
    }

    @Override
    public void close() {
        bus.close();
    }
}

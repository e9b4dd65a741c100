package dev.omnibus.examples.quakes;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.Screen;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Publishes the week again, faster. It knows the topics and nobody who listens to them. */
final class Publisher implements AutoCloseable {

    private final Ear ear = new Ear();
    private final Bus bus;
    private final Screen screen;

    Publisher(String redis, Screen screen) {
        this.bus = PatientStart.open(Bus.builder(redis).name("publisher").listener(ear));
        this.screen = screen;
    }

    /**
     * Publishes each event when its time has come.
     *
     * @param quakes oldest first
     * @param length how long the whole takes
     * @return how many Redis has confirmed
     */
    int replay(List<Quake> quakes, Duration length) {
        Instant first = quakes.get(0).time();
        Duration week = Duration.between(first, quakes.get(quakes.size() - 1).time());
        double pace = (double) length.toNanos() / week.toNanos();
        long start = System.nanoTime();

        AtomicInteger confirmed = new AtomicInteger();
        CompletableFuture<?>[] published = new CompletableFuture<?>[quakes.size()];
        for (int i = 0; i < published.length; i++) {
            Quake quake = quakes.get(i);
            waitUntil(
                    start + (long) (pace * Duration.between(first, quake.time()).toNanos()));
            published[i] = bus.publish(Quake.topic(quake.network()), quake)
                    .thenRun(confirmed::incrementAndGet)
                    .exceptionally(failure -> null); // its bus reports it
            screen.progress(i + 1, published.length, "events published");
        }
        CompletableFuture.allOf(published).orTimeout(30, TimeUnit.SECONDS).join();
        return confirmed.get();
    }

    Report report() {
        return ear.report();
    }

    @Override
    public void close() {
        bus.close();
    }

    private static void waitUntil(long nanoTime) {
        for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}

package dev.omnibus.examples.quakes;

import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.PublishException;
import java.util.concurrent.atomic.LongAdder;

/** Counts what a subscriber is given and what its bus reports besides. Thread-safe. */
final class Ear implements BusListener {

    private final LongAdder received = new LongAdder();
    private final LongAdder missed = new LongAdder();
    private final LongAdder duplicates = new LongAdder();
    private final LongAdder failures = new LongAdder();

    /** To be called by handlers. */
    void received() {
        received.increment();
    }

    Report report() {
        return new Report(received.sum(), missed.sum(), duplicates.sum(), failures.sum());
    }

    @Override
    public void onGap(String topic, String source, long from, long to) {
        missed.add(to - from + 1);
    }

    @Override
    public void onDuplicate(String topic, String source, String id) {
        duplicates.increment();
    }

    @Override
    public void onHandlerFailed(Event<?> event, Throwable failure) {
        failures.increment();
    }

    @Override
    public void onBadMessage(String channel, String problem) {
        failures.increment();
    }

    @Override
    public void onDropped(String topic, long events) {
        failures.add(events);
    }

    @Override
    public void onPublishFailed(String topic, PublishException failure) {
        failures.increment();
    }

    @Override
    public void onInterrupted(String topic) {
        failures.increment();
    }

    @Override
    public void onState(BusState state) {
        if (state == BusState.DOWN) {
            failures.increment();
        }
    }
}

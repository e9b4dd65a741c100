package dev.omnibus.internal.channel;

import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The lanes of this process by channel: one for each that is in use, or has something to tell still. */
public final class Lanes {

    /** With more of them, one that is idle and has nothing to tell retires at once. */
    private static final int MAX_IDLE = 4_096;

    /** With more of them, one whose last number was told once retires, as do all that are not used any more. */
    private static final int MAX_LANES = 65_536;

    /** In one heartbeat; when many topics fall silent at once, their marks are spread. */
    private static final int MAX_MARKS = 4_096;

    private static final long UNUSED_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final AdmissionControl admission;
    private final Outbox outbox;
    private final long heartbeat;
    private final BooleanSupplier countsEveryone;
    private final Consumer<TransportException> failures;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();
    private final RetiredSequences retired = new RetiredSequences();

    /** Whoever hears of failures is told of each publication that has failed. */
    public Lanes(
            AdmissionControl admission,
            Outbox outbox,
            Duration heartbeat,
            BooleanSupplier countsEveryone,
            Consumer<TransportException> failures) {
        this.admission = admission;
        this.outbox = outbox;
        this.heartbeat = heartbeat.toNanos();
        this.countsEveryone = countsEveryone;
        this.failures = failures;
    }

    void send(String channel, OutboundMessage waiting) {
        Lane lane = lane(channel);
        boolean admitted = false;
        try {
            admitted = admission.admit(lane, waiting);
        } finally {
            if (!admitted && lane.isUnused()) {
                retire(lane, System.nanoTime(), 0, false); // it was made for nothing
            }
        }
        while (admitted && !lane.offer(waiting)) {
            lanes.remove(channel, lane); // it retires at this moment, or there was no memory to have it forgotten
            lane = lane(channel);
        }
    }

    private Lane lane(String channel) {
        Lane lane = lanes.get(channel);
        return lane != null ? lane : lanes.computeIfAbsent(channel, name -> new Lane(name, this));
    }

    AdmissionControl admission() {
        return admission;
    }

    Outbox outbox() {
        return outbox;
    }

    /** Whether a message that was counted as received by nobody was received by nobody. */
    boolean countsEveryone() {
        return countsEveryone.getAsBoolean();
    }

    /** Called by a lane whose publication has failed, when it has been told to those who sent it. */
    void failed(TransportException failure) {
        failures.accept(failure);
    }

    /** The numbering of a channel, which goes on where it was. */
    SequenceNumbers numbers(String channel) {
        return new SequenceNumbers(heartbeat, retired.last(channel));
    }

    /** Called by a lane that retires. */
    void remember(String channel, long last) {
        retired.put(channel, last);
    }

    /** Called by a lane when those who sent something have been told of it. */
    void ended(Lane lane) {
        if (lanes.size() > MAX_IDLE) {
            retire(lane, System.nanoTime(), 0, false);
        }
    }

    private boolean retire(Lane lane, long now, long unusedFor, boolean early) {
        boolean retires = lane.retire(now, unusedFor, early);
        if (retires) {
            lanes.remove(lane.channel(), lane);
        }
        return retires;
    }

    int count() {
        return lanes.size();
    }

    /** Once per heartbeat: sends marks where it is time for one, and forgets lanes that are not in use. */
    void tick(long now) {
        boolean crowded = lanes.size() > MAX_LANES;
        int marks = 0;
        for (Lane lane : lanes.values()) {
            if (retire(lane, now, UNUSED_NANOS, false) || (crowded && retire(lane, now, 0, true))) {
                continue;
            }
            lane.reroute();
            lane.resume(now);
            if ((marks < MAX_MARKS || crowded) && lane.tick(now)) {
                marks++;
            }
        }
        outbox.tick();
    }

    /** The link is down: what cannot wait for it fails. */
    void down() {
        admission.down();
        lanes.values().forEach(Lane::failRefused);
    }

    /** The link stands again: what waits for it goes. */
    void up() {
        admission.up();
        retry();
    }

    /** What waits for the link is tried again, or given up when it has waited too long. */
    void retry() {
        outbox.retry();
    }

    /** Everything that waits fails, and nothing is taken any more. */
    void close() {
        admission.close();
        lanes.values().forEach(Lane::failRefused);
    }

    /** Sends the last marks, and waits until everything that was accepted before them has been sent or has failed. */
    boolean flush(Duration timeout) throws InterruptedException {
        long now = System.nanoTime();
        long end = now + timeout.toNanos();
        Map<Lane, Long> open = new HashMap<>();
        for (Lane lane : lanes.values()) {
            lane.tellLast(now);
            open.put(lane, lane.accepted());
        }
        while (true) {
            open.entrySet().removeIf(lane -> lane.getKey().hasSettled(lane.getValue()));
            if (open.isEmpty() || System.nanoTime() - end >= 0) {
                return open.isEmpty();
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }
}

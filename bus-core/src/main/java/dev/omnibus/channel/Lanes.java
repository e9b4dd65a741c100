package dev.omnibus.channel;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The lanes of this process by channel: one for each that is in use, or that has given numbers. */
final class Lanes {

    private final Gate gate;
    private final Outbox outbox;
    private final long heartbeat;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();

    Lanes(Gate gate, Outbox outbox, Duration heartbeat) {
        this.gate = gate;
        this.outbox = outbox;
        this.heartbeat = heartbeat.toNanos();
    }

    void send(String channel, Waiting waiting, @Nullable Numbering numbering) {
        if (!gate.admit(channel, waiting)) {
            return;
        }
        while (!lane(channel).offer(waiting, numbering)) {
            Thread.onSpinWait(); // the lane retires at this moment; the next one is new
        }
    }

    private Lane lane(String channel) {
        Lane lane = lanes.get(channel);
        return lane != null ? lane : lanes.computeIfAbsent(channel, name -> new Lane(name, gate, outbox, heartbeat));
    }

    int count() {
        return lanes.size();
    }

    /** Once per heartbeat: sends marks where it is time for one, and forgets lanes that are not in use. */
    void tick() {
        long now = System.nanoTime();
        lanes.values().removeIf(lane -> lane.retire(now));
        lanes.values().forEach(lane -> lane.tick(now));
        outbox.tick();
    }

    /** The link is down: what cannot wait for it fails. */
    void down() {
        gate.down();
        lanes.values().forEach(Lane::failRefused);
    }

    /** The link stands again: what waits for it goes. */
    void up() {
        gate.up();
        retry();
    }

    /** What waits for the link is tried again, or given up when it has waited too long. */
    void retry() {
        outbox.retry();
    }

    /** Everything that waits fails, and nothing is taken any more. */
    void close() {
        gate.close();
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

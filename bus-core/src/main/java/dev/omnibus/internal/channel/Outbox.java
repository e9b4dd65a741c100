package dev.omnibus.internal.channel;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The outbox of this process: everything that waits to be sent. There is one {@link Lane} for each channel that is in
 * use, or whose last number is still to be sent, and one {@link Route} for each server that lanes go to.
 *
 * <p>A lane that is in use is checked with each heartbeat: it changes to another route, goes on with what was left, or
 * sends a marker. One that is at rest is checked when its next marker is due or when it may retire, so it costs nothing
 * in between, however many there are. Lanes whose messages wait for the connection are noted here, to be tried again.
 */
public class Outbox {

    /** With more of them, one that is idle and has nothing to announce retires at once. */
    private static final int MAX_IDLE = 4_096;

    /** With more of them, one whose last number was announced once retires, as do all that are not used any more. */
    private static final int MAX_LANES = 65_536;

    /** In one heartbeat; when many topics fall silent at once, their markers are spread. */
    private static final int MAX_MARKERS = 4_096;

    /** One that has been idle for so long, and has nothing to announce, retires. */
    static final long UNUSED_NANOS = TimeUnit.SECONDS.toNanos(10);

    /**
     * Made beforehand, because there is no memory for it when it is needed; one for each bus, because its trace keeps
     * the classes of the program that made the bus.
     */
    final TransportException noMemory = new TransportException(
            Kind.OUTBOX_FULL, true, "There is no memory to send with; send less at a time", null);

    private final Transport transport;
    private final AdmissionControl admission;
    private final long heartbeat;
    private final BooleanSupplier countsEveryone;
    private final Consumer<TransportException> failures;
    private final LongSupplier clock;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();
    private final TimingWheel<Lane> checks; // of lanes, by when they are due
    private final Map<Object, Route> routes = new ConcurrentHashMap<>(); // by the transport's name for them
    private final Set<Lane> holding = ConcurrentHashMap.newKeySet();
    private final SequenceNumbers.Retired retired = new SequenceNumbers.Retired();

    /**
     * An empty outbox.
     *
     * @param transport publishes what lanes give it, and knows the route of a channel
     * @param admission decides what is let in
     * @param heartbeat the rhythm in which {@link #tick} is called
     * @param countsEveryone whether a message that was counted as received by nobody was received by nobody
     * @param failures is given why, after each publication that has failed
     */
    public Outbox(
            Transport transport,
            AdmissionControl admission,
            Duration heartbeat,
            BooleanSupplier countsEveryone,
            Consumer<TransportException> failures) {
        this(transport, admission, heartbeat, countsEveryone, failures, System::nanoTime);
    }

    /** One whose lanes and routes go by another clock. */
    Outbox(
            Transport transport,
            AdmissionControl admission,
            Duration heartbeat,
            BooleanSupplier countsEveryone,
            Consumer<TransportException> failures,
            LongSupplier clock) {
        this.transport = transport;
        this.admission = admission;
        this.heartbeat = heartbeat.toNanos();
        this.countsEveryone = countsEveryone;
        this.failures = failures;
        this.clock = clock;
        this.checks = new TimingWheel<>(this.heartbeat, clock.getAsLong());
    }

    void send(String channel, OutboundMessage waiting) {
        Lane lane = lane(channel);
        boolean admitted = false;
        try {
            admitted = admission.admit(lane, waiting);
        } finally {
            if (!admitted && lane.isUnused()) {
                retire(lane, now(), 0, false); // it was made for nothing
            }
        }
        while (admitted && !lane.offer(waiting)) {
            lanes.remove(channel, lane); // it retires at this moment, or there was no memory to have it forgotten
            lane = lane(channel);
        }
    }

    private Lane lane(String channel) {
        Lane lane = lanes.get(channel);
        if (lane == null) {
            return lanes.computeIfAbsent(channel, this::newLane);
        }
        if (checks.isLater(lane)) { // it was at rest, and may take another route by now
            lane.reroute();
        }
        return lane;
    }

    private Lane newLane(String channel) {
        Lane lane = new Lane(channel, this);
        checks.scheduleNext(lane);
        return lane;
    }

    long now() {
        return clock.getAsLong();
    }

    AdmissionControl admission() {
        return admission;
    }

    /** Whether a message that was counted as received by nobody was received by nobody. */
    boolean countsEveryone() {
        return countsEveryone.getAsBoolean();
    }

    /** Called by a lane whose publication has failed, after its senders were notified. */
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

    /** Called by a lane when the senders of a batch were notified. */
    void ended(Lane lane) {
        if (lanes.size() > MAX_IDLE) {
            retire(lane, now(), 0, false);
        }
    }

    private boolean retire(Lane lane, long now, long unusedFor, boolean early) {
        boolean retires = lane.retire(now, unusedFor, early);
        if (retires) {
            checks.remove(lane);
            lanes.remove(lane.channel(), lane);
        }
        return retires;
    }

    /** How many lanes there are. */
    int count() {
        return lanes.size();
    }

    /** The route that a channel takes now, for a lane that takes it until it says otherwise. */
    Route enter(String channel) {
        return routes.compute(transport.route(channel), (key, known) -> {
            Route route = known == null ? make(key) : known;
            route.lanes++;
            return route;
        });
    }

    Route make(Object key) {
        return new Route(key, transport, admission.room(), noMemory, clock);
    }

    /** A lane does not take a route any more. */
    void leave(Route left) {
        routes.computeIfPresent(left.key, (key, route) -> --route.lanes == 0 ? null : route);
    }

    /** Whether a channel takes another route by now, because the transport has found another server for it. */
    boolean hasMoved(String channel, Route from) {
        return !from.key.equals(transport.route(channel));
    }

    /** Called by a lane that is in use: it is to be checked with the next heartbeat. */
    void use(Lane lane) {
        if (checks.isLater(lane)) {
            checks.scheduleNext(lane);
        }
    }

    /** Once per heartbeat: checks lanes for which that is due, and sends what was left. */
    void tick(long now) {
        boolean crowded = lanes.size() > MAX_LANES;
        int markers = 0;
        checks.advance(now);
        Lane lane;
        while ((lane = checks.poll()) != null) {
            if (check(lane, now, crowded, markers < MAX_MARKERS || crowded)) {
                markers++;
            }
        }
        routes.values().forEach(Route::tick);
    }

    /** Has a lane do what is due; returns whether it has sent a marker. */
    private boolean check(Lane lane, long now, boolean crowded, boolean mayMark) {
        boolean retired = false;
        try {
            retired = retire(lane, now, UNUSED_NANOS, false) || (crowded && retire(lane, now, 0, true));
            return !retired && lane.check(now, mayMark);
        } finally { // also where there was no memory for it
            if (!retired) {
                checks.schedule(lane, lane.nextCheck(now));
            }
        }
    }

    /** The connection is down: what cannot wait for it fails. */
    void down() {
        admission.down();
        lanes.values().forEach(Lane::failRefused);
    }

    /** The connection is back: what waits for it goes. */
    void up() {
        admission.up();
        retry();
    }

    /** Called by a lane whose messages wait for the connection. */
    void hold(Lane lane) {
        holding.add(lane);
    }

    /** Has the lanes that wait for the connection try again, or give up what has waited too long. */
    void retry() {
        long now = now();
        for (Lane lane : List.copyOf(holding)) {
            holding.remove(lane); // before it checks: it comes back if it goes on holding
            lane.retry(now);
        }
    }

    /** Everything that waits fails, and nothing is accepted any more. */
    void close() {
        admission.close();
        lanes.values().forEach(Lane::failRefused);
    }

    /** Sends the last markers, and waits until everything that was accepted before them has been sent or has failed. */
    boolean flush(Duration timeout) throws InterruptedException {
        long now = now();
        long end = System.nanoTime() + timeout.toNanos();
        Map<Lane, Long> open = new HashMap<>();
        for (Lane lane : lanes.values()) {
            lane.sendLastMarker(now);
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

package dev.omnibus.internal.channel;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The routes that messages of this process take, by the transport's name for them, and the lanes that wait for it. */
public class Outbox {

    /**
     * Made beforehand, because there is no memory for it when it is needed; one for each bus, because its trace keeps
     * the classes of whoever made the bus.
     */
    final TransportException noMemory = new TransportException(
            Kind.OUTBOX_FULL, true, "There is no memory to send with; send less at a time", null);

    private final Transport transport;
    private final ByteBudget room;
    private final Map<Object, Route> routes = new ConcurrentHashMap<>();
    private final Set<Lane> holding = ConcurrentHashMap.newKeySet();

    public Outbox(Transport transport, ByteBudget room) {
        this.transport = transport;
        this.room = room;
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
        return new Route(key, transport, room, noMemory);
    }

    /** A lane does not take a route any more. */
    void leave(Route left) {
        routes.computeIfPresent(left.key, (key, route) -> --route.lanes == 0 ? null : route);
    }

    /** Whether a channel takes another route by now, because the transport has found another server for it. */
    boolean hasMoved(String channel, Route from) {
        return !from.key.equals(transport.route(channel));
    }

    /** Sends what is ready, should it have been left for lack of memory. */
    void tick() {
        routes.values().forEach(Route::pump);
    }

    /** Called by a lane whose messages wait for the link. */
    void hold(Lane lane) {
        holding.add(lane);
    }

    /** Has the lanes that wait for the link try again, or give up what has waited too long. */
    void retry() {
        long now = System.nanoTime();
        for (Lane lane : List.copyOf(holding)) {
            holding.remove(lane); // before it looks: it comes back if it goes on holding
            lane.retry(now);
        }
    }
}

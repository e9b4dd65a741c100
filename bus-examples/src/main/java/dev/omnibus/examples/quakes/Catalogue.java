package dev.omnibus.examples.quakes;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A contract: what a node answers about the events that it keeps. Each node keeps those of some networks, so the whole
 * answer is that of all nodes together, and these methods are asked by broadcast.
 */
public interface Catalogue {

    /**
     * How many events this node keeps.
     *
     * @return the number of different events
     */
    int count();

    /**
     * The strongest events that this node keeps.
     *
     * @param n how many at most
     * @return the strongest first
     */
    List<Quake> strongest(int n);

    /**
     * Looks for an event.
     *
     * @param id its id
     * @return the event, or null if another node keeps it, or none
     */
    @Nullable
    Quake find(String id);

    /**
     * A question that takes its time, for the drill in which a node dies over it.
     *
     * @param effort how long to work on it
     * @return how many events of this node were felt by people
     */
    int survey(Duration effort);

    /**
     * What this node has received and what it knows to have missed.
     *
     * @return the report as of now
     */
    Report report();
}

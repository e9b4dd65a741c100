package dev.omnibus.examples.quakes;

import java.util.concurrent.CompletableFuture;

/** A contract without state: every node can answer as well as any other, so each call goes to one of them. */
public interface Geo {

    /**
     * How far it is from one place to another.
     *
     * @param from the one
     * @param to the other
     * @return completes with the distance, and the node that worked it out
     */
    CompletableFuture<Distance> distanceKm(Position from, Position to);

    /**
     * A distance and where it was worked out, so that the desk can show how calls are spread. Immutable.
     *
     * @param km the distance in kilometres
     * @param node the id of the node that worked it out
     */
    record Distance(double km, String node) {}
}

package dev.omnibus.examples.quakes;

import dev.omnibus.bus.Topic;
import java.time.Instant;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A seismic event: what is published, kept and asked for. Immutable.
 *
 * @param id its id, unique among all networks
 * @param time when it happened
 * @param network the seismic network that reported it
 * @param type such as {@code earthquake} or {@code quarry blast}
 * @param magnitude how strong it was; the weakest are below zero
 * @param position where it happened
 * @param depthKm how deep; negative if above sea level
 * @param place where it happened, in words
 * @param felt how many people reported that they felt it; null if nobody was asked
 */
public record Quake(
        String id,
        Instant time,
        String network,
        String type,
        double magnitude,
        Position position,
        double depthKm,
        String place,
        @Nullable Integer felt) {

    /** The topics of all networks. */
    static final String ALL_TOPICS = "quakes.*";

    static final Comparator<Quake> STRONGEST_FIRST =
            Comparator.comparingDouble(Quake::magnitude).reversed().thenComparing(Quake::time);

    /** Where the events of a network are published. */
    static Topic<Quake> topic(String network) {
        return Topic.of("quakes." + network, Quake.class);
    }
}

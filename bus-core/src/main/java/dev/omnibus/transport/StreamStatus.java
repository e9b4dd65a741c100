package dev.omnibus.transport;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The state of a stream.
 *
 * @param entries how many it holds
 * @param bytes how much memory they take, as the server estimates it; 0 if the user may not ask for it
 * @param fullAt at how many entries the stream is full, by both limits; 0 if it has not been opened
 * @param first the position of the oldest entry; empty if there is none
 * @param last the position of the newest entry that there ever was; {@link StreamId#EARLIEST} if there was none
 * @param time the server's clock, in milliseconds since 1970: the age of an entry is counted from its position to it
 * @param groups by name
 * @param followers the positions of named followers
 * @param atomic false if this user may not run scripts: appends that are repeated may be stored twice, nothing is taken
 *     over, and nothing is trimmed
 */
public record StreamStatus(
        long entries,
        long bytes,
        long fullAt,
        Optional<StreamId> first,
        StreamId last,
        long time,
        Map<String, Group> groups,
        Map<String, StreamId> followers,
        boolean atomic) {

    /**
     * The state of a group.
     *
     * @param lag how many entries it has not read; empty where the server does not know that
     * @param pending how many it has read and not acknowledged, with those that were released
     * @param released how many of the pending ones no consumer has
     * @param oldest the oldest position that it has not acknowledged, or is still to read; empty if it is done with all
     * @param deadLetters how many it has
     * @param consumers those that are known, and whether their lease stands
     */
    public record Group(
            OptionalLong lag,
            long pending,
            long released,
            Optional<StreamId> oldest,
            long deadLetters,
            Map<String, Boolean> consumers) {}
}

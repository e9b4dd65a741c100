package dev.omnibus.durable;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is in a durable topic at one moment, as Redis counts it. Immutable.
 *
 * @param topic its name
 * @param entries how many events are kept
 * @param bytes how many bytes of memory they take, roughly
 * @param last where the last event is; {@link Position#EARLIEST} if there never was one
 * @param groups its consumer groups
 * @param followers its named followers
 * @param weaker which promises do not hold here, because this user or this Redis lacks something, or may soon not, as
 *     Redis evicts topics or is nearly full; empty if all do, as far as this user may know
 * @param partitions the same of each partition, whose sum this is; empty if the topic has none
 */
public record DurableTopicStatus(
        String topic,
        long entries,
        long bytes,
        Position last,
        List<Group> groups,
        List<Follower> followers,
        List<String> weaker,
        List<DurableTopicStatus> partitions) {

    /**
     * One consumer group.
     *
     * @param name its name
     * @param lag how many events it has not been delivered yet; empty if Redis does not know
     * @param pending how many events are delivered and not acknowledged
     * @param oldest how long ago the oldest of those was appended that it has not acknowledged; empty if there is none
     * @param deadLetters how many events it has given up
     * @param nodes the nodes that consume it
     */
    public record Group(
            String name,
            OptionalLong lag,
            long pending,
            Optional<Duration> oldest,
            long deadLetters,
            List<String> nodes) {

        /**
         * Copies the list.
         *
         * @param name its name
         * @param lag how many events it has not been delivered yet
         * @param pending how many events are delivered and not acknowledged
         * @param oldest how long ago the oldest of those was appended
         * @param deadLetters how many events it has given up
         * @param nodes the nodes that consume it
         */
        public Group {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * One named follower.
     *
     * @param name its name
     * @param position of the last event that it has handled, as it was written a second ago
     * @param behind how old that event is, or the oldest that is kept if that is newer; empty if it has handled all
     */
    public record Follower(String name, Position position, Optional<Duration> behind) {}

    /**
     * Copies the lists.
     *
     * @param topic its name
     * @param entries how many events are kept
     * @param bytes how many bytes of memory they take
     * @param last where the last event is
     * @param groups its consumer groups
     * @param followers its named followers
     * @param weaker which promises do not hold here
     * @param partitions the same of each partition
     */
    public DurableTopicStatus {
        groups = List.copyOf(groups);
        followers = List.copyOf(followers);
        weaker = List.copyOf(weaker);
        partitions = List.copyOf(partitions);
    }

    /**
     * Returns the group whose unacknowledged events keep the most from being trimmed. A follower that is further
     * {@linkplain Follower#behind behind} keeps more.
     *
     * @return the one with the oldest; empty if all have acknowledged everything
     */
    public Optional<Group> heldUpBy() {
        return groups.stream()
                .filter(group -> group.oldest().isPresent())
                .max(Comparator.comparing(group -> group.oldest().orElse(Duration.ZERO)));
    }
}

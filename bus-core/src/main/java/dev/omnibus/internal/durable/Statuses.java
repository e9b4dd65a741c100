package dev.omnibus.internal.durable;

import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.DurableTopicStatus.Follower;
import dev.omnibus.durable.DurableTopicStatus.Group;
import dev.omnibus.durable.Position;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;

/** What programs see of the state of a log, and of several that are the partitions of one topic. */
final class Statuses {

    private Statuses() {}

    static DurableTopicStatus of(OpenTopic<?> topic, StreamStatus status, List<String> risks) {
        List<Group> groups = new ArrayList<>();
        status.groups()
                .forEach((group, state) -> groups.add(new Group(
                        group,
                        state.lag(),
                        state.pending(),
                        state.oldest().map(id -> Duration.ofMillis(Math.max(0, status.time() - id.millis()))),
                        state.deadLetters(),
                        state.consumers().entrySet().stream()
                                .filter(Map.Entry::getValue)
                                .map(Map.Entry::getKey)
                                .toList())));
        List<String> weaker = new ArrayList<>(risks);
        if (!status.atomic()) {
            weaker.add("This user may not run scripts: an append that is repeated may be stored twice, ids count"
                    + " for nothing, consumer groups get nothing, and nothing is trimmed");
        }
        List<Follower> followers = new ArrayList<>();
        status.followers()
                .forEach((name, at) -> followers.add(new Follower(name, topic.position(at), behind(at, status))));
        return new DurableTopicStatus(
                topic.name(),
                status.entries(),
                status.bytes(),
                status.last().equals(StreamId.EARLIEST) ? Position.EARLIEST : topic.position(status.last()),
                groups,
                followers,
                weaker,
                List.of());
    }

    private static Optional<Duration> behind(StreamId at, StreamStatus status) {
        long oldest = Math.max(at.millis(), status.first().map(StreamId::millis).orElse(0L));
        return at.compareTo(status.last()) >= 0 || status.entries() == 0
                ? Optional.empty()
                : Optional.of(Duration.ofMillis(Math.max(0, status.time() - oldest)));
    }

    /** The sum of all partitions. */
    static DurableTopicStatus sum(String name, List<DurableTopicStatus> partitions) {
        Map<String, Group> groups = new TreeMap<>();
        Map<String, Follower> followers = new TreeMap<>();
        for (DurableTopicStatus one : partitions) {
            one.groups().forEach(group -> groups.merge(group.name(), group, Statuses::sum));
            one.followers().forEach(follower -> followers.merge(follower.name(), follower, Statuses::behind));
        }
        return new DurableTopicStatus(
                name,
                partitions.stream().mapToLong(DurableTopicStatus::entries).sum(),
                partitions.stream().mapToLong(DurableTopicStatus::bytes).sum(),
                partitions.stream()
                        .map(DurableTopicStatus::last)
                        .max(Comparator.naturalOrder())
                        .orElse(Position.EARLIEST),
                List.copyOf(groups.values()),
                List.copyOf(followers.values()),
                partitions.stream()
                        .flatMap(one -> one.weaker().stream())
                        .distinct()
                        .toList(),
                partitions);
    }

    private static Group sum(Group a, Group b) {
        TreeSet<String> nodes = new TreeSet<>(a.nodes());
        nodes.addAll(b.nodes());
        return new Group(
                a.name(),
                a.lag().isPresent() && b.lag().isPresent()
                        ? OptionalLong.of(a.lag().getAsLong() + b.lag().getAsLong())
                        : OptionalLong.empty(),
                a.pending() + b.pending(),
                longer(a.oldest(), b.oldest()),
                a.deadLetters() + b.deadLetters(),
                List.copyOf(nodes));
    }

    /** The one that is further behind; of those that have handled all, the one that is further. */
    private static Follower behind(Follower a, Follower b) {
        if (a.behind().isEmpty() && b.behind().isEmpty()) {
            return a.position().compareTo(b.position()) > 0 ? a : b;
        }
        return longer(a.behind(), b.behind()).equals(a.behind()) ? a : b;
    }

    private static Optional<Duration> longer(Optional<Duration> a, Optional<Duration> b) {
        return a.isEmpty() || (b.isPresent() && a.get().compareTo(b.get()) < 0) ? b : a;
    }
}

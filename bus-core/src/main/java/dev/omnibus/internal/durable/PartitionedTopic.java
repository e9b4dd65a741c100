package dev.omnibus.internal.durable;

import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DeadLetters;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.FollowHandler;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Partitions;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.consume.Dispatcher;
import dev.omnibus.internal.durable.consume.Reader;
import dev.omnibus.internal.durable.consume.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * A durable topic of several partitions: a composite of logs, each with its own appender, groups and followers. What
 * programs ask of the topic is asked of each of them. Thread-safe.
 */
final class PartitionedTopic<T> extends TopicFacade<T> {

    private final Partitions<T> partitions;
    private final List<OpenTopic<T>> logs;

    PartitionedTopic(
            DurableRuntime runtime,
            Topic<T> topic,
            Retention retention,
            Partitions<T> partitions,
            IntFunction<OpenTopic<T>> partition) {
        super(runtime, topic, retention, partitions.count());
        this.partitions = partitions;
        this.logs = IntStream.range(0, partitions.count()).mapToObj(partition).toList();
        OpenTopic<T> first = logs.get(0); // which says whether the topic has these partitions at all
        runtime.whenConnected(first::open, first::notOpened);
        logs.stream().skip(1).forEach(log -> log.openAfter(first.ready()));
    }

    @Override
    List<OpenTopic<T>> logs() {
        return logs;
    }

    private <V, R> CompletableFuture<R> all(
            Function<OpenTopic<T>, CompletableFuture<V>> asked, Function<List<V>, R> answer) {
        return gather(logs.stream().map(asked).toList(), answer);
    }

    private static <V, R> CompletableFuture<R> gather(List<CompletableFuture<V>> asked, Function<List<V>, R> answer) {
        return new GuardedFuture<R>()
                .follow(CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                        .thenApply(done -> answer.apply(
                                asked.stream().map(CompletableFuture::join).toList())));
    }

    private static boolean any(List<Boolean> answers) {
        return answers.contains(true);
    }

    @Override
    public CompletableFuture<Void> ready() {
        return new GuardedFuture<Void>()
                .follow(CompletableFuture.allOf(
                        logs.stream().map(OpenTopic::ready).toArray(CompletableFuture[]::new)));
    }

    // Publishing

    @Override
    Map<String, String> keyed(T data, Map<String, String> headers) {
        String key = data == null ? "" : partitions.key().apply(data);
        if (data != null && (key == null || key.isEmpty() || key.length() > Partitions.MAX_KEY)) {
            throw new IllegalArgumentException("The key of an event on " + name() + " is "
                    + (key == null || key.isEmpty() ? "missing" : key.length() + " characters long")
                    + "; its partitions need one of 1 to " + Partitions.MAX_KEY);
        }
        Map<String, String> all = new LinkedHashMap<>(headers);
        if (all.put(Partitions.KEY, key) != null) {
            throw new IllegalArgumentException("The header \"" + Partitions.KEY
                    + "\" is that of the key, which the partitions of the topic give to each event");
        }
        return all;
    }

    @Override
    Routed<T> route(T data, Map<String, String> headers, PublishOptions options) {
        OpenTopic<T> log = logs.get(partitions.partitionOf(headers.getOrDefault(Partitions.KEY, "")));
        return new Routed<>(log, log.format().write(data, headers, options)); // which refuses one without data
    }

    @Override
    OutboxRelay relay(OutboxSource<T> source) {
        return logs.get(0).relay(source, this);
    }

    // Reading

    @Override
    Subscription consume(String group, GroupOptions options, Work<T> work) {
        if (options.orderingKey().isPresent()) {
            throw new IllegalArgumentException("Group " + group + " must not have an ordering key: the partitions of "
                    + name() + " have one, by which withSingleActiveConsumer() orders its events");
        }
        requireNoPlace(options.start());
        Dispatcher.Places places = new Dispatcher.Places(options.concurrency(), true);
        List<Reader<T>> readers = new ArrayList<>();
        logs.forEach(log -> readers.add(log.consume(group, options, work, places)));
        return new PartitionedSubscription<>(readers);
    }

    @Override
    Subscription follow(Optional<String> follower, Position from, FollowHandler<T> handler) {
        requireNoPlace(from);
        ReentrantLock oneAtATime = new ReentrantLock(true);
        List<Reader<T>> readers = new ArrayList<>();
        for (OpenTopic<T> log : logs) {
            readers.add(log.follow(follower, from, (event, position) -> {
                oneAtATime.lockInterruptibly();
                try {
                    handler.handle(event, position);
                } finally {
                    oneAtATime.unlock();
                }
            }));
        }
        return new PartitionedSubscription<>(readers);
    }

    /** The position of one event says nothing of the other partitions. */
    private void requireNoPlace(Position position) {
        boolean ofTime = position.sequence() == Long.MAX_VALUE || position.equals(Position.EARLIEST);
        if (!ofTime) {
            throw new IllegalArgumentException("The position " + position + " is one in a single partition of " + name()
                    + ". Start at Position.since(position.time()), at EARLIEST or LATEST, or follow by a name, which"
                    + " remembers where it is in each of them");
        }
    }

    @Override
    public CompletableFuture<DurableTopicStatus> status() {
        return all(OpenTopic::status, each -> Statuses.sum(name(), each));
    }

    @Override
    public CompletableFuture<Boolean> forget(String group) {
        return all(log -> log.forget(group), PartitionedTopic::any);
    }

    @Override
    public CompletableFuture<Boolean> forgetFollower(String follower) {
        return all(log -> log.forgetFollower(follower), PartitionedTopic::any);
    }

    @Override
    public DeadLetters<T> deadLetters(String group) {
        return new Letters<>(logs.stream().map(log -> log.deadLetters(group)).toList());
    }

    /** The dead letters of a group in all partitions, by time. */
    private record Letters<T>(List<DeadLetters<T>> each) implements DeadLetters<T> {

        @Override
        public CompletableFuture<List<DeadLetter<T>>> list(int limit) {
            return list(Position.EARLIEST, limit);
        }

        @Override
        public CompletableFuture<List<DeadLetter<T>>> list(Position after, int limit) {
            return gather(
                    each.stream().map(letters -> letters.list(after, limit)).toList(),
                    lists -> lists.stream()
                            .flatMap(List::stream)
                            .sorted(Comparator.comparing(DeadLetter::id))
                            .limit(limit)
                            .toList());
        }

        @Override
        public CompletableFuture<Boolean> redeliver(Position id) {
            return at(id, letters -> letters.redeliver(id));
        }

        @Override
        public CompletableFuture<Boolean> discard(Position id) {
            return at(id, letters -> letters.discard(id));
        }

        private CompletableFuture<Boolean> at(Position id, Function<DeadLetters<T>, CompletableFuture<Boolean>> asked) {
            return id.partition() < each.size()
                    ? asked.apply(each.get(id.partition()))
                    : CompletableFuture.completedFuture(false);
        }

        @Override
        public CompletableFuture<Long> redeliverAll() {
            return gather(
                    each.stream().map(DeadLetters::redeliverAll).toList(),
                    counts -> counts.stream().mapToLong(Long::longValue).sum());
        }
    }
}

package dev.omnibus.transport.redisson.stream;

import static dev.omnibus.transport.redisson.lease.RedisLeases.utf8;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamIds;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.StreamSettings;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.side.SideConnection;
import dev.omnibus.transport.redisson.side.SideConnections;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.redisson.api.RStreamAsync;
import org.redisson.api.RedissonClient;
import org.redisson.api.stream.StreamCreateGroupArgs;
import org.redisson.api.stream.StreamMessageId;
import org.redisson.api.stream.StreamReadGroupArgs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Streams of Redis. What has to be atomic is a script; what is read and acknowledged all the time, plain commands,
 * which cost Redis a third of that. Appends go by the connection of the bus, all else by one of its own, on which a
 * large answer holds up nobody; nothing ever blocks there.
 */
public final class RedissonStreams implements Streams {

    /** Where appends go: the connection of the bus. */
    public interface Sender {
        CompletableFuture<AppendResult> send(Function<RedissonClient, CompletableFuture<AppendResult>> command);
    }

    private static final Logger LOG = LoggerFactory.getLogger(RedissonStreams.class);
    private static final Duration REFUSED_FOR = Duration.ofMinutes(1);
    private static final int MAX_BYTES = 1024 * 1024; // of one answer of a script
    private static final int MAX_PAGE = 512; // of what a script reads and moves one by one
    private static final int MAX_TRIMMED = 10_000; // about a third of a millisecond
    private static final int WAIT_MILLIS = 500; // less than an answer may take
    private static final byte[] NO_FRAME = {};

    private final Sender sender;
    private final boolean inCluster;
    private final boolean countsEveryone;
    private final java.util.function.Consumer<Publication> publisher;
    private final SideConnections connections;
    private final SideConnection.User reads;
    private SideConnection.@Nullable User waits; // where WAIT blocks nothing else; guarded by this
    private volatile long refused = System.nanoTime() - REFUSED_FOR.toNanos(); // when scripts were, last

    /**
     * Of one transport.
     *
     * @param inCluster whether a channel may be at another server than a stream
     * @param countsEveryone whether all subscribers are at the server of a stream
     * @param publisher of what is not published by a script
     */
    public RedissonStreams(
            Sender sender,
            boolean inCluster,
            boolean countsEveryone,
            java.util.function.Consumer<Publication> publisher,
            SideConnections connections) {
        this.sender = sender;
        this.inCluster = inCluster;
        this.countsEveryone = countsEveryone;
        this.publisher = publisher;
        this.connections = connections;
        this.reads = connections.openToRead();
    }

    @Override
    public CompletableFuture<Description> open(StreamKeys stream, StreamSettings settings) {
        String epoch = UUID.randomUUID().toString();
        List<Object> arguments = new ArrayList<>(List.of(epoch));
        arguments.addAll(Answers.fields(settings));
        return read(
                "open " + stream.log(),
                client -> scripted(
                                () -> Script.OPEN
                                        .run(client, List.of(stream.description()), arguments.toArray())
                                        .thenApply(Answers::opened),
                                () -> PlainStreams.open(client, stream, settings, epoch))
                        .thenApply(Optional::orElseThrow));
    }

    @Override
    public CompletableFuture<Optional<Description>> describe(StreamKeys stream) {
        return read(
                "describe " + stream.log(),
                client ->
                        PlainStreams.describe(client, stream).thenApply(fields -> Answers.description(fields, false)));
    }

    /**
     * A frame of several events is published after they were appended, and only if somebody may hear it: the Lua of
     * Redis would hash and copy it. In a cluster every frame is, so that all of them go by the server of the channel:
     * those that a script publishes at the server of the stream would overtake them.
     */
    @Override
    public CompletableFuture<AppendResult> append(StreamKeys stream, Append append) {
        boolean apart = inCluster || append.entries().size() > 1;
        CompletableFuture<AppendResult> result = sender.send(client -> scripted(
                () -> Script.APPEND
                        .run(client, appendKeys(stream, append), arguments(stream, append, apart))
                        .thenApply(answer -> published(
                                stream, append, apart && isHeard(answer), appended(stream, append.first(), answer))),
                () -> PlainStreams.append(client, stream, append)
                        .thenApply(done -> published(stream, append, true, done))));
        return RedissonFailures.stream("append to " + stream.log(), result);
    }

    private static boolean isHeard(List<Object> answer) {
        return answer.size() < 7 || (Long) answer.get(6) == 0;
    }

    private AppendResult published(StreamKeys stream, Append append, boolean heard, AppendResult result) {
        if (heard
                && result instanceof AppendResult.Appended
                && !append.entries().isEmpty()) {
            try {
                publisher.accept(new Publication(stream.events(), append.frame(), false, new Unheard(stream)));
            } catch (Throwable t) { // it is stored all the same, and has to be reported so
                FailureLog.error(LOG, t, "What was appended to " + stream.log() + " was not published");
            }
        }
        return result;
    }

    private static List<Object> appendKeys(StreamKeys stream, Append append) {
        List<Object> keys =
                new ArrayList<>(List.of(stream.log(), stream.sequence(append.publisher()), stream.description()));
        if (append.ids().isPresent()) {
            keys.add(stream.ids());
            keys.add(stream.earlierIds());
        }
        return keys;
    }

    private Object[] arguments(StreamKeys stream, Append append, boolean apart) {
        List<Object> arguments = new ArrayList<>(append.entries().size() + 8);
        arguments.add(append.epoch());
        arguments.add(append.first());
        arguments.add(append.gapAllowed() ? 1 : 0);
        arguments.add(append.repaired() ? 1 : 0);
        arguments.add(PUBLISHER_REMEMBERED.toMillis());
        arguments.add(apart && !countsEveryone ? "" : stream.events());
        arguments.add(stream.notices());
        arguments.add(apart ? NO_FRAME : append.frame());
        arguments.addAll(append.entries());
        append.ids().ifPresent(ids -> {
            arguments.add(ids.window().toMillis());
            arguments.add(StreamIds.MAX);
            arguments.addAll(ids.each());
        });
        return arguments.toArray();
    }

    private static AppendResult appended(StreamKeys stream, long first, List<Object> answer) {
        long kind = (Long) answer.get(0);
        if (kind == 0) {
            if (answer.size() > 5 && answer.get(5) != null) {
                FailureLog.safely(() -> LOG.warn(
                        "What is appended to {} is stored, but not announced: {}",
                        stream.log(),
                        Answers.text(answer.get(5))));
            }
            return new AppendResult.Appended(
                    (Long) answer.get(1),
                    Answers.id(answer.get(2)),
                    (Long) answer.get(3),
                    answer.size() > 7 ? Answers.positions(first, answer.get(7)) : Map.of());
        }
        return kind == 1
                ? new AppendResult.Hole((Long) answer.get(1))
                : kind == 2 ? new AppendResult.Full() : new AppendResult.OtherEpoch();
    }

    /** It is stored, whatever becomes of this. */
    private record Unheard(StreamKeys stream) implements Publication.Outcome {

        @Override
        public void published(long receivers, long patternSubscribers) {}

        @Override
        public void failed(TransportException failure) {
            LOG.debug("What was appended to {} was not published", stream.log(), failure);
        }
    }

    /** What is answered by another connection than was asked first, says nothing of what that one has written. */
    @Override
    public CompletableFuture<Boolean> confirm(
            StreamKeys stream, String publisher, long sequence, int replicas, boolean synced) {
        String key = stream.sequence(publisher);
        SideConnection.User user = waits();
        long connection = user.newest();
        return RedissonFailures.stream(
                "confirm what was appended to " + stream.log(),
                user.ask(client -> Script.CONFIRM
                                .ask(client, List.of(key), sequence, PUBLISHER_REMEMBERED.toMillis())
                                .thenCompose(there -> isOne(there)
                                        ? RedissonInternals.awaitReplicas(client, key, replicas, synced, WAIT_MILLIS)
                                        : CompletableFuture.completedFuture(false)))
                        .thenApply(confirmed -> confirmed && connection == user.newest()));
    }

    private synchronized SideConnection.User waits() {
        SideConnection.User open = waits == null ? connections.openToWait() : waits;
        waits = open;
        return open;
    }

    @Override
    public CompletableFuture<Range> range(StreamKeys stream, StreamId after, int count) {
        if (after.equals(StreamId.LATEST)) {
            return CompletableFuture.completedFuture(new Range(List.of(), StreamId.EARLIEST));
        }
        return read("read " + stream.log(), client -> {
            CompletableFuture<byte[]> trimmed = PlainStreams.hash(client, stream.description())
                    .getAsync(utf8("trimmed"))
                    .toCompletableFuture();
            return PlainStreams.range(client, stream.log(), after, count)
                    .thenCombine(
                            trimmed,
                            (entries, upTo) -> new Range(
                                    Answers.entries(entries), Answers.id(upTo).orElse(StreamId.EARLIEST)));
        });
    }

    @Override
    public CompletableFuture<Trimmed> trim(StreamKeys stream, Duration every) {
        List<Object> keys = List.of(stream.log(), stream.description(), stream.positions(), stream.trimmed());
        return read(
                "trim " + stream.log(),
                client -> Script.TRIM
                        .run(client, keys, every.toMillis(), MAX_TRIMMED)
                        .thenApply(Answers::trimmed));
    }

    @Override
    public CompletableFuture<Boolean> createGroup(StreamKeys stream, String group, StreamId after) {
        StreamMessageId start = after.equals(StreamId.LATEST) ? StreamMessageId.NEWEST : Answers.id(after);
        return read("create group " + group + " of " + stream.log(), client -> {
            RStreamAsync<byte[], byte[]> log = PlainStreams.stream(client, stream.log());
            return log.createGroupAsync(
                            StreamCreateGroupArgs.name(group).id(start).makeStream())
                    .toCompletableFuture()
                    .handle((done, failure) -> {
                        if (failure == null) {
                            return CompletableFuture.completedFuture(true);
                        }
                        if (RedissonFailures.says(failure, "BUSYGROUP")) {
                            return CompletableFuture.completedFuture(false);
                        }
                        CompletableFuture<Boolean> failed = CompletableFuture.failedFuture(failure);
                        return RedissonFailures.says(failure, "'maxmemory'") // also if it is there
                                ? exists(log, group)
                                        .thenCompose(there -> there ? CompletableFuture.completedFuture(false) : failed)
                                : failed;
                    })
                    .thenCompose(Function.identity());
        });
    }

    private static CompletableFuture<Boolean> exists(RStreamAsync<byte[], byte[]> log, String group) {
        return log.isExistsAsync()
                .toCompletableFuture()
                .thenCompose(exists -> exists
                        ? log.listGroupsAsync().toCompletableFuture()
                        : CompletableFuture.completedFuture(List.of()))
                .thenApply(groups ->
                        groups.stream().anyMatch(known -> known.getName().equals(group)));
    }

    /** All that belongs to it first: if something fails, it is still there to be dropped again. */
    @Override
    public CompletableFuture<Boolean> dropGroup(StreamKeys stream, String group) {
        return read("drop group " + group + " of " + stream.log(), client -> {
            RStreamAsync<byte[], byte[]> log = PlainStreams.stream(client, stream.log());
            return client.getKeys()
                    .unlinkAsync(
                            stream.leases(group),
                            stream.released(group),
                            stream.losses(group),
                            stream.activeConsumer(group),
                            stream.candidates(group),
                            stream.deadLetters(group))
                    .toCompletableFuture()
                    .thenCompose(done -> exists(log, group))
                    .thenCompose(exists -> exists
                            ? log.removeGroupAsync(group).toCompletableFuture().thenApply(done -> true)
                            : CompletableFuture.completedFuture(false));
        });
    }

    @Override
    public CompletableFuture<Turn> turn(Consumer consumer, List<StreamId> handled, int count) {
        if (consumer.single()) {
            return turnIfActive(consumer, handled, count);
        }
        StreamMessageId[] done = handled.stream().map(Answers::id).toArray(StreamMessageId[]::new);
        return read("read " + consumer.stream().log(), client -> {
            RStreamAsync<byte[], byte[]> log =
                    PlainStreams.stream(client, consumer.stream().log());
            CompletableFuture<Long> acknowledged = done.length == 0
                    ? CompletableFuture.completedFuture(0L)
                    : log.ackAsync(consumer.group(), done).toCompletableFuture();
            CompletableFuture<Map<StreamMessageId, Map<byte[], byte[]>>> entries = count == 0
                    ? CompletableFuture.completedFuture(Map.of())
                    : log.readGroupAsync(
                                    consumer.group(),
                                    consumer.name(),
                                    StreamReadGroupArgs.neverDelivered().count(count))
                            .toCompletableFuture();
            return acknowledged.thenCombine(entries, (counted, found) -> new Turn(counted, Answers.entries(found)));
        });
    }

    private CompletableFuture<Turn> turnIfActive(Consumer consumer, List<StreamId> handled, int count) {
        StreamKeys stream = consumer.stream();
        List<Object> arguments = new ArrayList<>(List.of(consumer.group(), consumer.name(), count));
        arguments.addAll(handled);
        return read(
                "read " + stream.log(),
                client -> Script.READ
                        .run(
                                client,
                                List.of(stream.log(), stream.activeConsumer(consumer.group())),
                                arguments.toArray())
                        .thenApply(Answers::turn));
    }

    @Override
    public CompletableFuture<List<StreamEntry>> pending(Consumer consumer, StreamId after, int count) {
        return read(
                "read what is pending of " + consumer.stream().log(),
                client -> Script.PENDING
                        .run(
                                client,
                                List.of(consumer.stream().log()),
                                consumer.group(),
                                consumer.name(),
                                "(" + after,
                                Math.min(count, MAX_PAGE),
                                MAX_BYTES)
                        .thenApply(answer -> Answers.entries(answer)));
    }

    @Override
    public CompletableFuture<TakeOver> takeOver(Consumer consumer, Duration lease, int count, boolean candidate) {
        StreamKeys stream = consumer.stream();
        String group = consumer.group();
        List<Object> keys = List.of(
                stream.log(),
                stream.leases(group),
                stream.released(group),
                stream.losses(group),
                stream.activeConsumer(group),
                stream.candidates(group));
        return read(
                "take over from " + stream.log(),
                client -> Script.TAKE_OVER
                        .run(
                                client,
                                keys,
                                group,
                                consumer.name(),
                                lease.toMillis(),
                                Math.min(count, MAX_PAGE),
                                MAX_BYTES,
                                consumer.single() ? 1 : 0,
                                candidate ? 1 : 0)
                        .thenApply(Answers::takeOver));
    }

    @Override
    public CompletableFuture<Void> lossReported(Consumer consumer, Loss loss) {
        List<Object> keys = List.of(consumer.stream().losses(consumer.group()));
        return read(
                "note a loss of " + consumer.stream().log(),
                client -> Script.REPORTED
                        .ask(client, keys, loss.from(), loss.to(), loss.count())
                        .thenApply(done -> null));
    }

    @Override
    public CompletableFuture<Boolean> attempted(Consumer consumer, StreamId entry, Attempts attempts) {
        List<Object> keys = List.of(consumer.stream().log());
        return read(
                "count an attempt of " + consumer.stream().log(),
                client -> Script.ATTEMPTED
                        .ask(client, keys, consumer.group(), consumer.name(), entry, attempts.count())
                        .thenApply(RedissonStreams::isOne));
    }

    @Override
    public CompletableFuture<Boolean> release(Consumer consumer, StreamId entry, Attempts attempts, Duration delay) {
        List<Object> keys = List.of(consumer.stream().log(), consumer.stream().released(consumer.group()));
        return read(
                "release an entry of " + consumer.stream().log(),
                client -> Script.RELEASE
                        .ask(client, keys, consumer.group(), consumer.name(), entry, attempts.count(), delay.toMillis())
                        .thenApply(RedissonStreams::isOne));
    }

    @Override
    public CompletableFuture<Boolean> leave(Consumer consumer, boolean stays) {
        StreamKeys stream = consumer.stream();
        List<Object> keys = List.of(
                stream.log(),
                stream.leases(consumer.group()),
                stream.released(consumer.group()),
                stream.activeConsumer(consumer.group()),
                stream.candidates(consumer.group()));
        return read(
                "leave " + stream.log(),
                client -> Script.LEAVE
                        .ask(client, keys, consumer.group(), consumer.name(), MAX_PAGE, stays ? 1 : 0)
                        .thenApply(RedissonStreams::isOne));
    }

    @Override
    public CompletableFuture<Buried> bury(Consumer consumer, StreamId entry, Attempts attempts, String reason) {
        StreamKeys stream = consumer.stream();
        List<Object> keys = List.of(stream.log(), stream.deadLetters(consumer.group()));
        return read(
                "bury an entry of " + stream.log(),
                client -> Script.BURY
                        .ask(
                                client,
                                keys,
                                consumer.group(),
                                consumer.name(),
                                entry,
                                attempts.count(),
                                reason,
                                MAX_DEAD_LETTERS)
                        .thenApply(answer -> answer == 0 ? Buried.DONE : answer == 1 ? Buried.NOT_OWNER : Buried.FULL));
    }

    @Override
    public CompletableFuture<List<DeadLetter>> deadLetters(StreamKeys stream, String group, StreamId after, int count) {
        return read(
                "read the dead letters of " + stream.log(),
                client -> PlainStreams.range(client, stream.deadLetters(group), after, count)
                        .thenApply(Answers::deadLetters));
    }

    @Override
    public CompletableFuture<Boolean> redeliver(StreamKeys stream, String group, StreamId letter) {
        List<Object> keys = List.of(stream.log(), stream.deadLetters(group));
        return read(
                "redeliver a dead letter of " + stream.log(),
                client -> Script.REDELIVER
                        .ask(client, keys, group, letter, stream.notices())
                        .thenApply(RedissonStreams::isOne));
    }

    @Override
    public CompletableFuture<Boolean> discard(StreamKeys stream, String group, StreamId letter) {
        return read(
                "discard a dead letter of " + stream.log(),
                client -> PlainStreams.stream(client, stream.deadLetters(group))
                        .removeAsync(Answers.id(letter))
                        .toCompletableFuture()
                        .thenApply(RedissonStreams::isOne));
    }

    private static boolean isOne(long answer) {
        return answer == 1;
    }

    @Override
    public CompletableFuture<Optional<StreamId>> position(StreamKeys stream, String follower) {
        return read(
                "read the position of " + follower,
                client -> PlainStreams.hash(client, stream.positions())
                        .getAsync(utf8(follower))
                        .toCompletableFuture()
                        .thenApply(Answers::id));
    }

    @Override
    public CompletableFuture<Void> savePosition(StreamKeys stream, String follower, StreamId position) {
        return read(
                "save the position of " + follower,
                client -> PlainStreams.hash(client, stream.positions())
                        .fastPutAsync(utf8(follower), utf8(position.toString()))
                        .toCompletableFuture()
                        .thenApply(isNew -> null));
    }

    @Override
    public CompletableFuture<Boolean> forgetPosition(StreamKeys stream, String follower) {
        return read(
                "forget the position of " + follower,
                client -> PlainStreams.hash(client, stream.positions())
                        .fastRemoveAsync(utf8(follower))
                        .toCompletableFuture()
                        .thenApply(RedissonStreams::isOne));
    }

    @Override
    public CompletableFuture<Boolean> hold(StreamKeys stream, String role, String holder, Duration lease) {
        return read(
                "hold " + role + " of " + stream.log(),
                client -> Script.HOLD
                        .ask(client, List.of(stream.holder(role)), holder, lease.toMillis())
                        .thenApply(RedissonStreams::isOne));
    }

    @Override
    public CompletableFuture<StreamStatus> status(StreamKeys stream) {
        List<Object> keys = List.of(stream.log(), stream.description(), stream.positions());
        return read(
                "read the status of " + stream.log(),
                client -> scripted(
                        () -> Script.STATUS.run(client, keys).thenApply(Answers::status),
                        () -> PlainStreams.status(client, stream)));
    }

    @Override
    public CompletableFuture<StreamServer> server(StreamKeys stream) {
        return read(
                "ask Redis how it keeps " + stream.log(),
                client -> scripted(
                                () -> Script.SERVER.run(client, List.of(stream.log())),
                                () -> CompletableFuture.completedFuture(List.of()))
                        .thenApply(Answers::server));
    }

    @Override
    public CompletableFuture<StreamId> doubted(StreamKeys stream, String history, boolean another) {
        List<Object> keys = List.of(stream.log(), stream.description());
        return read(
                "compare the history of " + stream.log(),
                client -> Script.HISTORY
                        .text(client, keys, history, another ? 1 : 0)
                        .thenApply(position -> Answers.id(position).orElse(StreamId.EARLIEST)));
    }

    @Override
    public long newestConnection() {
        return reads.newest();
    }

    private <T> CompletableFuture<T> read(String action, Function<RedissonClient, CompletableFuture<T>> question) {
        return RedissonFailures.stream(action, reads.ask(question));
    }

    /** A user who may not run scripts may not for a while; then it is tried again. */
    private <T> CompletableFuture<T> scripted(
            Supplier<CompletableFuture<T>> script, Supplier<CompletableFuture<T>> otherwise) {
        if (System.nanoTime() - refused < REFUSED_FOR.toNanos()) {
            return otherwise.get();
        }
        return script.get()
                .handle((value, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedFuture(value);
                    }
                    if (!RedissonFailures.refusesEval(failure)) {
                        return CompletableFuture.<T>failedFuture(failure);
                    }
                    refused = System.nanoTime();
                    return otherwise.get();
                })
                .thenCompose(Function.identity());
    }

    @Override
    public void close() {
        SideConnection.User open;
        synchronized (this) {
            open = waits;
        }
        if (open != null) {
            open.close();
        }
        reads.close();
    }
}

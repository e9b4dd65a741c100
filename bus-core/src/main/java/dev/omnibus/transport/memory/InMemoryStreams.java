package dev.omnibus.transport.memory;

import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.StreamSettings;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/** The streams of an {@link InMemoryNetwork}, as one of its nodes uses them. */
final class InMemoryStreams implements Streams {

    private final InMemoryNetwork network;
    private final InMemoryTransport transport;
    private volatile boolean closed;

    InMemoryStreams(InMemoryNetwork network, InMemoryTransport transport) {
        this.network = network;
        this.transport = transport;
    }

    private <T> CompletableFuture<T> ask(StreamKeys stream, Function<InMemoryLog, T> question) {
        return answer(() -> network.withLog(stream.log(), question));
    }

    private <T> CompletableFuture<T> ask(StreamKeys stream, String group, Function<InMemoryGroup, T> question) {
        return ask(stream, log -> {
            InMemoryGroup found = log.groups.get(group);
            if (found == null) {
                String missing = "There is no group " + group + " of " + stream.log();
                throw new TransportException(Kind.NO_GROUP, true, missing, null);
            }
            return question.apply(found);
        });
    }

    private <T> CompletableFuture<T> ask(Consumer consumer, Function<InMemoryGroup, T> question) {
        return ask(consumer.stream(), consumer.group(), question);
    }

    private <T> CompletableFuture<T> answer(Supplier<T> question) {
        return transport.answerLater(() -> {
            if (closed) {
                throw new TransportException(Kind.CLOSED, true, "The streams are closed", null);
            }
            return question.get();
        });
    }

    private void notice(StreamKeys stream, StreamId id) {
        network.publish(stream.notices(), id.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public CompletableFuture<Description> open(StreamKeys stream, StreamSettings settings) {
        return ask(stream, log -> log.open(settings));
    }

    @Override
    public CompletableFuture<Optional<Description>> describe(StreamKeys stream) {
        return ask(stream, InMemoryLog::describe);
    }

    @Override
    public CompletableFuture<AppendResult> append(StreamKeys stream, Append append) {
        return ask(
                stream,
                log -> log.append(append, end -> {
                    network.publish(stream.events(), append.frame());
                    end.ifPresent(id -> notice(stream, id));
                }));
    }

    /** There are neither replicas nor files. */
    @Override
    public CompletableFuture<Boolean> confirm(
            StreamKeys stream, String publisher, long sequence, int replicas, boolean synced) {
        return ask(stream, log -> log.has(publisher, sequence));
    }

    @Override
    public CompletableFuture<Range> range(StreamKeys stream, StreamId after, int count) {
        return ask(stream, log -> log.range(after, count));
    }

    @Override
    public CompletableFuture<Trimmed> trim(StreamKeys stream, Duration every) {
        return ask(stream, log -> log.trim(every));
    }

    @Override
    public CompletableFuture<Boolean> createGroup(StreamKeys stream, String group, StreamId after) {
        return ask(stream, log -> log.createGroup(group, after));
    }

    @Override
    public CompletableFuture<Boolean> dropGroup(StreamKeys stream, String group) {
        return ask(stream, log -> log.groups.remove(group) != null);
    }

    @Override
    public CompletableFuture<Turn> turn(Consumer consumer, List<StreamId> handled, int count) {
        List<StreamId> ids = List.copyOf(handled);
        return ask(consumer, group -> group.turn(consumer, ids, count));
    }

    @Override
    public CompletableFuture<List<StreamEntry>> pending(Consumer consumer, StreamId after, int count) {
        return ask(consumer, group -> group.pending(consumer.name(), after, count));
    }

    @Override
    public CompletableFuture<TakeOver> takeOver(Consumer consumer, Duration lease, int count, boolean candidate) {
        return ask(consumer, group -> group.takeOver(consumer, lease, count, candidate));
    }

    @Override
    public CompletableFuture<Void> lossReported(Consumer consumer, Loss loss) {
        return ask(consumer, group -> {
            group.lossReported(loss);
            return null;
        });
    }

    @Override
    public CompletableFuture<Boolean> attempted(Consumer consumer, StreamId entry, Attempts attempts) {
        return ask(consumer, group -> group.attempted(consumer.name(), entry, attempts));
    }

    @Override
    public CompletableFuture<Boolean> release(Consumer consumer, StreamId entry, Attempts attempts, Duration delay) {
        return ask(consumer, group -> group.release(consumer.name(), entry, attempts, delay));
    }

    @Override
    public CompletableFuture<Boolean> leave(Consumer consumer, boolean stays) {
        return ask(consumer.stream(), log -> {
            InMemoryGroup group = log.groups.get(consumer.group());
            return group == null || group.leave(consumer.name(), stays);
        });
    }

    @Override
    public CompletableFuture<Buried> bury(Consumer consumer, StreamId entry, Attempts attempts, String reason) {
        return ask(consumer, group -> group.bury(consumer.name(), entry, attempts, reason));
    }

    @Override
    public CompletableFuture<List<DeadLetter>> deadLetters(StreamKeys stream, String group, StreamId after, int count) {
        return ask(stream, log -> {
            InMemoryGroup found = log.groups.get(group);
            return found == null ? List.of() : found.deadLetters(after, count);
        });
    }

    @Override
    public CompletableFuture<Boolean> redeliver(StreamKeys stream, String group, StreamId letter) {
        return ask(stream, log -> {
            Optional<StreamId> again =
                    Optional.ofNullable(log.groups.get(group)).flatMap(found -> found.redeliver(letter));
            again.ifPresent(id -> notice(stream, id));
            return again.isPresent();
        });
    }

    @Override
    public CompletableFuture<Boolean> discard(StreamKeys stream, String group, StreamId letter) {
        return ask(stream, log -> {
            InMemoryGroup found = log.groups.get(group);
            return found != null && found.discard(letter);
        });
    }

    @Override
    public CompletableFuture<Optional<StreamId>> position(StreamKeys stream, String follower) {
        return ask(stream, log -> Optional.ofNullable(log.positions.get(follower)));
    }

    @Override
    public CompletableFuture<Void> savePosition(StreamKeys stream, String follower, StreamId position) {
        return ask(stream, log -> {
            log.positions.put(follower, position);
            return null;
        });
    }

    @Override
    public CompletableFuture<Boolean> forgetPosition(StreamKeys stream, String follower) {
        return ask(stream, log -> log.positions.remove(follower) != null);
    }

    @Override
    public CompletableFuture<Boolean> hold(StreamKeys stream, String role, String holder, Duration lease) {
        return ask(stream, log -> log.hold(role, holder, lease));
    }

    @Override
    public CompletableFuture<StreamStatus> status(StreamKeys stream) {
        return ask(stream, InMemoryLog::status);
    }

    /** It loses everything when the process ends. */
    @Override
    public CompletableFuture<StreamServer> server(StreamKeys stream) {
        return answer(() -> {
            network.requireUp("ask how " + stream.log() + " is kept");
            return new StreamServer(
                    Optional.of("noeviction"),
                    OptionalLong.of(0),
                    OptionalLong.empty(),
                    Optional.of(false),
                    OptionalLong.of(0),
                    network.history());
        });
    }

    @Override
    public CompletableFuture<StreamId> doubted(StreamKeys stream, String history, boolean another) {
        return ask(stream, log -> log.doubted(history, another));
    }

    @Override
    public long newestConnection() {
        return transport.newestConnection();
    }

    @Override
    public void close() {
        closed = true;
    }
}

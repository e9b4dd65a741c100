package dev.omnibus.internal.durable;

import dev.omnibus.bus.Event;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DeadLetters;
import dev.omnibus.durable.Position;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.Streams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The dead letters of one group. Thread-safe. */
final class TopicDeadLetters<T> implements DeadLetters<T> {

    private static final int MAX_LISTED = 1_000;
    private static final int PAGE = 16; // whole events, although only their ids are needed

    private final OpenTopic<T> topic;
    private final String group;

    TopicDeadLetters(OpenTopic<T> topic, String group) {
        this.topic = topic;
        this.group = group;
    }

    @Override
    public CompletableFuture<List<DeadLetter<T>>> list(int limit) {
        return list(Position.EARLIEST, limit);
    }

    @Override
    public CompletableFuture<List<DeadLetter<T>>> list(Position after, int limit) {
        if (limit < 1 || limit > MAX_LISTED) {
            throw new IllegalArgumentException("limit is " + limit + "; it must be between 1 and " + MAX_LISTED);
        }
        CompletableFuture<List<Streams.DeadLetter>> letters =
                topic.answer(topic.streams().deadLetters(topic.keys(), group, behind(after), limit));
        return letters.thenApply(all -> all.stream().map(this::letter).toList());
    }

    /** What is at the same place in an earlier partition comes before those in this one. */
    private StreamId behind(Position after) {
        StreamId id = Failures.id(after);
        if (after.partition() >= topic.partition().number() || id.compareTo(StreamId.EARLIEST) <= 0) {
            return id;
        }
        return id.sequence() > 0
                ? new StreamId(id.millis(), id.sequence() - 1)
                : new StreamId(id.millis() - 1, Long.MAX_VALUE);
    }

    private DeadLetter<T> letter(Streams.DeadLetter letter) {
        byte[] event = letter.event();
        return new DeadLetter<>(
                topic.position(letter.id()),
                topic.position(letter.entry()),
                read(event),
                event == null ? "" : new String(event, StandardCharsets.UTF_8),
                letter.reason(),
                letter.attempts().starts() + letter.attempts().failures(),
                letter.id().time());
    }

    private Optional<Event<T>> read(byte @Nullable [] event) {
        if (event == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(topic.format().event(topic.format().envelope(event)));
        } catch (IOException | RuntimeException e) { // that is why it is here
            return Optional.empty();
        }
    }

    @Override
    public CompletableFuture<Boolean> redeliver(Position id) {
        return isHere(id)
                ? topic.answer(topic.streams().redeliver(topic.keys(), group, Failures.id(id)))
                : CompletableFuture.completedFuture(false);
    }

    @Override
    public CompletableFuture<Boolean> discard(Position id) {
        return isHere(id)
                ? topic.answer(topic.streams().discard(topic.keys(), group, Failures.id(id)))
                : CompletableFuture.completedFuture(false);
    }

    private boolean isHere(Position id) {
        return id.partition() == topic.partition().number();
    }

    @Override
    public CompletableFuture<Long> redeliverAll() {
        CompletableFuture<Long> all = topic.streams().status(topic.keys()).thenCompose(now -> {
            StreamId until = new StreamId(now.time(), Long.MAX_VALUE); // what fails again meanwhile is not among them
            return redeliver(StreamId.EARLIEST, until, 0);
        });
        return topic.answer(all);
    }

    private CompletableFuture<Long> redeliver(StreamId after, StreamId until, long before) {
        return topic.streams().deadLetters(topic.keys(), group, after, PAGE).thenCompose(letters -> {
            List<StreamId> page = letters.stream()
                    .map(Streams.DeadLetter::id)
                    .filter(id -> id.compareTo(until) <= 0)
                    .toList();
            CompletableFuture<Long> count = CompletableFuture.completedFuture(before);
            for (StreamId id : page) {
                count = count.thenCombine(
                        topic.streams().redeliver(topic.keys(), group, id), (sum, done) -> sum + (done ? 1 : 0));
            }
            return page.size() < PAGE
                    ? count
                    : count.thenCompose(sum -> redeliver(page.get(page.size() - 1), until, sum));
        });
    }
}

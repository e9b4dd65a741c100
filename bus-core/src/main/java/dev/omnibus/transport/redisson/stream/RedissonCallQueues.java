package dev.omnibus.transport.redisson.stream;

import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.side.SideConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Queues of calls of Redis: a stream for each method, all by scripts. Whose entry it is, the stream's own list of
 * pending entries says; nothing ever blocks.
 */
public final class RedissonCallQueues implements CallQueues {

    private static final Logger LOG = LoggerFactory.getLogger(RedissonCallQueues.class);
    private static final int MAX_BYTES = 1024 * 1024; // of requests in one answer
    private static final Duration FOR_EVER = Duration.ofDays(365);

    /** As the scripts count them. */
    private static final List<Enqueued> ENQUEUED =
            List.of(Enqueued.ADDED, Enqueued.KNOWN, Enqueued.FULL, Enqueued.OTHER_ARGUMENTS, Enqueued.SPOILT);

    private static final List<Cancelled> CANCELLED =
            List.of(Cancelled.REMOVED, Cancelled.ASKED, Cancelled.ENDED, Cancelled.UNKNOWN);

    private final Predicate<String> sharded;
    private final Consumer<Publication> publisher;
    private final SideConnection.User reads;

    /**
     * Of one transport.
     *
     * @param sharded whether a channel is at one server of a cluster, which may be another one than that of a queue
     * @param publisher of what is sent on those
     */
    public RedissonCallQueues(Predicate<String> sharded, Consumer<Publication> publisher, SideConnection.User reads) {
        this.sharded = sharded;
        this.publisher = publisher;
        this.reads = reads;
    }

    @Override
    public CompletableFuture<List<Enqueued>> enqueue(QueueKeys queue, List<Call> calls) {
        List<Object> arguments = new ArrayList<>(2 + 9 * calls.size());
        arguments.add(inboxes(queue));
        arguments.add(queue.notices());
        for (Call call : calls) {
            arguments.add(call.token());
            arguments.add(call.expiry().toMillis());
            arguments.add(call.delay().toMillis());
            arguments.add(call.retention().toMillis());
            arguments.add(call.idempotent() ? 1 : 0);
            arguments.add(call.digest());
            arguments.add(call.limit());
            arguments.add(call.asker());
            arguments.add(call.request());
        }
        return run("enqueue in ", queue, tokens(calls, Call::token), Script.ENQUEUE, arguments, answer -> {
            publish(queue, answer.get(1));
            return Answers.list(answer.get(0)).stream()
                    .map(code -> ENQUEUED.get(Math.toIntExact((Long) code)))
                    .toList();
        });
    }

    @Override
    public CompletableFuture<Renewed> renew(Server server, Duration lease) {
        QueueKeys queue = server.queue();
        List<Object> arguments = List.of(inboxes(queue), queue.notices(), server.node(), lease.toMillis(), MAX_DEATHS);
        return run("renew the lease of ", queue, List.of(), Script.RENEW, arguments, answer -> {
            publish(queue, answer.get(7));
            long rest = (Long) answer.get(5);
            return new Renewed(
                    isOne(answer.get(0)),
                    texts(answer.get(1)),
                    (Long) answer.get(2),
                    isOne(answer.get(3)),
                    isOne(answer.get(4)),
                    isOne(answer.get(6)),
                    (Long) answer.get(8),
                    rest < 0 ? FOR_EVER : Duration.ofMillis(rest));
        });
    }

    @Override
    public CompletableFuture<Void> claim(Server server, List<String> tokens) {
        List<Object> arguments = new ArrayList<>(List.of("", server.node()));
        arguments.addAll(tokens);
        return ask("claim calls of ", server.queue(), tokens, Script.CLAIM, arguments);
    }

    @Override
    public CompletableFuture<Turn> turn(Server server, List<Answer> answers, int count, boolean suspect) {
        QueueKeys queue = server.queue();
        List<Object> arguments = new ArrayList<>(5 + 3 * answers.size());
        arguments.add(inboxes(queue));
        arguments.add(server.node());
        arguments.add(Math.min(count, MAX_CALLS));
        arguments.add(suspect ? 1 : 0);
        arguments.add(MAX_BYTES);
        for (Answer answer : answers) {
            arguments.add(answer.entry());
            arguments.add(answer.token());
            arguments.add(answer.response());
        }
        return run("take calls of ", queue, tokens(answers, Answer::token), Script.TURN, arguments, answer -> {
            publish(queue, answer.get(4));
            return new Turn(
                    texts(answer.get(0)),
                    calls(Answers.list(answer.get(1))),
                    isOne(answer.get(2)),
                    Math.toIntExact((Long) answer.get(3)),
                    isOne(answer.get(5)));
        });
    }

    @Override
    public CompletableFuture<List<Taken>> held(Server server, StreamId after, int count) {
        List<Object> arguments = List.of("", server.node(), "(" + after, Math.min(count, MAX_CALLS), MAX_BYTES);
        return run(
                "read what is held of ", server.queue(), List.of(), Script.HELD, arguments, RedissonCallQueues::calls);
    }

    @Override
    public CompletableFuture<Void> release(Server server, List<StreamId> entries) {
        List<Object> arguments = new ArrayList<>(List.of("", server.queue().notices(), server.node()));
        arguments.addAll(entries);
        return ask("release calls of ", server.queue(), List.of(), Script.FREE, arguments);
    }

    @Override
    public CompletableFuture<Void> leave(Server server) {
        return ask("leave ", server.queue(), List.of(), Script.QUIT, List.of("", server.node()));
    }

    @Override
    public CompletableFuture<Cancelled> cancel(QueueKeys queue, String token) {
        List<Object> arguments = List.of(inboxes(queue), queue.notices(), token);
        return run("cancel a call of ", queue, List.of(token), Script.CANCEL, arguments, answer -> {
            publish(queue, answer.get(1));
            return CANCELLED.get(Math.toIntExact((Long) answer.get(0)));
        });
    }

    @Override
    public CompletableFuture<List<Found>> find(QueueKeys queue, List<String> tokens, String asker) {
        List<Object> arguments = new ArrayList<>(List.of(inboxes(queue), asker, MAX_DEATHS));
        arguments.addAll(tokens);
        return run("find calls of ", queue, tokens, Script.FIND, arguments, answer -> {
            publish(queue, answer.get(1));
            return Answers.list(answer.get(0)).stream()
                    .map(RedissonCallQueues::found)
                    .toList();
        });
    }

    private static Found found(Object answer) {
        List<Object> one = Answers.list(answer);
        return new Found(isOne(one.get(0)), (byte @Nullable []) one.get(1));
    }

    private static List<Taken> calls(List<Object> answers) {
        return answers.stream()
                .map(Answers::list)
                .map(one -> new Taken(
                        StreamId.parse(Answers.text(one.get(0))),
                        Answers.text(one.get(1)),
                        (byte[]) one.get(2),
                        (Long) one.get(3),
                        Math.toIntExact((Long) one.get(4))))
                .toList();
    }

    private static boolean isOne(Object answer) {
        return (Long) answer == 1;
    }

    private static List<String> texts(Object answer) {
        return Answers.list(answer).stream().map(Answers::text).toList();
    }

    /** In a cluster an inbox may be at another server than the queue: then its answer is sent from here. */
    private String inboxes(QueueKeys queue) {
        return sharded.test(queue.inboxes()) ? "" : queue.inboxes();
    }

    private void publish(QueueKeys queue, Object unsent) {
        List<Object> pairs = Answers.list(unsent);
        IntStream.range(0, pairs.size() / 2)
                .forEach(i -> publisher.accept(new Publication(
                        queue.inboxes() + Answers.text(pairs.get(2 * i)),
                        (byte[]) pairs.get(2 * i + 1),
                        false,
                        new Unheard(queue))));
    }

    @Override
    public CompletableFuture<StreamServer> server(QueueKeys queue) {
        return run("ask Redis how it keeps ", queue, List.of(), Script.SERVER, List.of(), Answers::server);
    }

    /** Who waits for an answer asks for it again. */
    private record Unheard(QueueKeys queue) implements Publication.Outcome {

        @Override
        public void published(long receivers, long patternSubscribers) {}

        @Override
        public void failed(TransportException failure) {
            LOG.debug("An answer of {} was not published", queue.queue(), failure);
        }
    }

    private static <T> List<String> tokens(List<T> of, Function<T, String> token) {
        return of.stream().map(token).toList();
    }

    /** While a slot moves, Redis lets only that begin whose keys are all there. */
    private static List<Object> keys(QueueKeys queue, List<String> tokens) {
        List<Object> keys = new ArrayList<>(List.of(queue.queue(), queue.later(), queue.leases(), queue.server()));
        tokens.forEach(token -> keys.add(queue.call(token)));
        return keys;
    }

    private <T> CompletableFuture<T> run(
            String action,
            QueueKeys queue,
            List<String> tokens,
            Script script,
            List<Object> arguments,
            Function<List<Object>, T> read) {
        return RedissonFailures.stream(
                action + queue.queue(),
                reads.ask(client -> script.run(client, keys(queue, tokens), arguments.toArray())
                        .thenApply(read)));
    }

    private CompletableFuture<Void> ask(
            String action, QueueKeys queue, List<String> tokens, Script script, List<Object> arguments) {
        return RedissonFailures.stream(
                action + queue.queue(),
                reads.ask(client -> script.ask(client, keys(queue, tokens), arguments.toArray())
                        .thenApply(done -> null)));
    }

    @Override
    public void close() {
        reads.close();
    }
}

package dev.omnibus.transport.memory;

import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** The queues of calls of an {@link InMemoryNetwork}, as one of its nodes uses them. */
final class InMemoryCallQueues implements CallQueues {

    private final InMemoryNetwork network;
    private final InMemoryTransport transport;
    private volatile boolean closed;

    InMemoryCallQueues(InMemoryNetwork network, InMemoryTransport transport) {
        this.network = network;
        this.transport = transport;
    }

    private <T> CompletableFuture<T> ask(QueueKeys queue, Function<InMemoryCallQueue, T> question) {
        return transport.answerLater(() -> {
            if (closed) {
                throw new TransportException(Kind.CLOSED, true, "The queues of calls are closed", null);
            }
            return network.withQueue(queue, question);
        });
    }

    private CompletableFuture<Void> change(Server server, java.util.function.Consumer<InMemoryCallQueue> what) {
        return ask(server.queue(), queue -> {
            what.accept(queue);
            return null;
        });
    }

    @Override
    public CompletableFuture<List<Enqueued>> enqueue(QueueKeys queue, List<Call> calls) {
        List<Call> added = List.copyOf(calls);
        return ask(queue, known -> known.enqueue(added));
    }

    @Override
    public CompletableFuture<Renewed> renew(Server server, Duration lease) {
        return ask(server.queue(), queue -> queue.renew(server.node(), lease));
    }

    @Override
    public CompletableFuture<Void> claim(Server server, List<String> tokens) {
        List<String> claimed = List.copyOf(tokens);
        return change(server, queue -> queue.claim(server.node(), claimed));
    }

    @Override
    public CompletableFuture<Turn> turn(Server server, List<Answer> answers, int count, boolean suspect) {
        List<Answer> ended = List.copyOf(answers);
        return ask(server.queue(), queue -> queue.turn(server.node(), ended, count, suspect));
    }

    @Override
    public CompletableFuture<List<Taken>> held(Server server, StreamId after, int count) {
        return ask(server.queue(), queue -> queue.held(server.node(), after, count));
    }

    @Override
    public CompletableFuture<Void> release(Server server, List<StreamId> entries) {
        List<StreamId> released = List.copyOf(entries);
        return change(server, queue -> queue.release(server.node(), released));
    }

    @Override
    public CompletableFuture<Void> leave(Server server) {
        return change(server, queue -> queue.leave(server.node()));
    }

    @Override
    public CompletableFuture<Cancelled> cancel(QueueKeys queue, String token) {
        return ask(queue, known -> known.cancel(token));
    }

    @Override
    public CompletableFuture<List<Found>> find(QueueKeys queue, List<String> tokens, String asker) {
        return ask(
                queue,
                known -> tokens.stream().map(token -> known.find(token, asker)).toList());
    }

    @Override
    public CompletableFuture<StreamServer> server(QueueKeys queue) {
        return ask(queue, known -> StreamServer.UNKNOWN);
    }

    @Override
    public void close() {
        closed = true;
    }
}

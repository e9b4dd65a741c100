package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.channel.Message;
import dev.omnibus.channel.Sent;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One call to one node. If it turns out that nobody received it, or that the node is about to leave, it goes to another
 * node: nothing was executed. Otherwise it is sent once.
 *
 * <p>Each attempt has an id and an entry in the table of its own, from before a node is looked for until its outcome is
 * known. So a deadline, a loss or the end of the client finds the call wherever it stands.
 */
final class Call<T> implements Pending {

    private final RpcClient client;
    private final String method;
    private final byte[] params;
    private final ObjectReader result;
    private final long started = System.nanoTime();
    private final long deadline;
    private final CallFuture<T> future = new CallFuture<>(this::cancelled);
    private final AtomicReference<@Nullable Node> occupied = new AtomicReference<>(); // counts this call as in flight
    private final Set<String> tried = new LinkedHashSet<>(); // one attempt at a time
    private volatile boolean drained;
    private volatile long id;
    private long answered; // the attempt that has a reply; confined to the inbox' thread
    private volatile @Nullable Node node; // null while no attempt may have been received

    Call(RpcClient client, String method, byte[] params, ObjectReader result, Duration timeout) {
        this.client = client;
        this.method = method;
        this.params = params;
        this.result = result;
        this.deadline = started + timeout.toNanos();
    }

    CompletableFuture<T> future() {
        return future;
    }

    private void cancelled() {
        if (client.pending().remove(id)) {
            ended();
        }
    }

    /** Makes the next attempt, with a node that has not been tried. */
    void attempt() {
        node = null;
        long attempt;
        try {
            attempt = client.pending().add(this, method);
        } catch (RpcException e) {
            fail(e);
            return;
        }
        id = attempt;
        if (future.isDone()) { // given up between two attempts
            client.pending().remove(attempt);
            return;
        }
        Node chosen = choose(client.directory().serving(method), tried);
        if (chosen != null) {
            send(attempt, chosen);
            return;
        }
        client.directory().lookAfresh().whenComplete((done, failure) -> {
            Node found = choose(client.directory().serving(method), tried);
            if (found != null) {
                send(attempt, found);
            } else if (client.pending().remove(attempt)) {
                fail(nobody(failure));
            }
        });
    }

    private RpcException nobody(@Nullable Throwable failure) {
        if (failure != null) {
            return failure(Reason.CONNECTION_LOST, true, "the directory of nodes cannot be read", failure);
        }
        if (drained) {
            return failure(Reason.DRAINING, true, "every node that serves it is about to leave " + tried, null);
        }
        String nobody = tried.isEmpty() ? "no node serves it" : "none of the nodes that serve it is there " + tried;
        return failure(Reason.NO_SERVER, true, nobody + "; is a server for it running?", null);
    }

    /** The less busy one of two at random: nearly as good as the least busy one of all, and without a stampede. */
    static @Nullable Node choose(List<Node> serving, Set<String> tried) {
        List<Node> left = tried.isEmpty()
                ? serving
                : serving.stream().filter(node -> !tried.contains(node.id())).toList();
        if (left.size() < 2) {
            return left.isEmpty() ? null : left.get(0);
        }
        int first = ThreadLocalRandom.current().nextInt(left.size());
        int second = (first + 1 + ThreadLocalRandom.current().nextInt(left.size() - 1)) % left.size();
        Node one = left.get(first);
        Node other = left.get(second);
        return one.callsInFlight().get() <= other.callsInFlight().get() ? one : other;
    }

    private void send(long attempt, Node to) {
        tried.add(to.id());
        long ttl = (deadline - System.nanoTime()) / 1_000_000;
        if (ttl < 1) {
            return; // the deadline is about to end it, and nothing is executed
        }
        to.callsInFlight().incrementAndGet();
        occupied.set(to);
        node = to; // before the look: who ends the call from here on must not say that it was not sent
        if (!client.pending().contains(attempt)) {
            ended(); // it ended meanwhile, perhaps before it occupied the node
            return;
        }
        if (!client.directory().lists(to)) { // gone before this call could be told of it
            if (client.pending().remove(attempt)) {
                ended();
                attempt();
            }
            return;
        }
        byte[] request = client.codec().request(attempt, method, params, ttl);
        String channel = client.channels().names().method(method, to.id());
        client.channels().send(channel, request, true, new Attempt(to, attempt));
    }

    /** What became of the sending of one attempt. Only who takes the entry out of the table goes on. */
    private final class Attempt implements Sent {

        private final Node to;
        private final long attempt;

        Attempt(Node to, long attempt) {
            this.to = to;
            this.attempt = attempt;
        }

        @Override
        public void sent(long receivers, boolean exact) {
            if (receivers == 0 && client.channels().countsTrusted()) {
                elsewhere();
            }
        }

        private void elsewhere() {
            if (client.pending().remove(attempt)) {
                ended();
                client.directory().suspect(to, method);
                client.execute(Call.this::attempt);
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (!failure.notSent()) {
                return; // it may have arrived: the reply, the deadline or the link decide
            }
            if (client.pending().remove(attempt)) {
                ended();
                client.execute(() -> fail(Failures.notSent(failure, method, to.id(), elapsed())));
            }
        }
    }

    @Override
    public long deadline() {
        return deadline;
    }

    @Override
    public boolean endsWithOneReply() {
        return true;
    }

    /** Only the node that was asked may answer, and only once. */
    @Override
    public boolean accepts(RpcCodec.Response reply) {
        Node at = node;
        if (at == null || !at.id().equals(reply.from()) || answered == reply.id()) {
            return false;
        }
        answered = reply.id();
        return true;
    }

    @Override
    public void onReply(RpcCodec.Response reply) {
        Node from = node;
        ended();
        if (reply.code() == RpcCodec.DRAINING && from != null) {
            drained = true;
            client.directory().suspect(from, method);
            attempt();
            return;
        }
        Message value = reply.result();
        if (value == null) {
            fail(Failures.answered(reply, method, elapsed()));
            return;
        }
        try {
            @SuppressWarnings("unchecked") // the reader was made for this type
            T decoded = (T) RpcCodec.decode(result, value);
            future.complete(decoded);
        } catch (IOException e) {
            fail(failure(Reason.BAD_REPLY, false, "the answer is not what the contract says", e));
        }
    }

    @Override
    public boolean onLost(String lost) {
        Node at = node;
        return at != null && at.id().equals(lost);
    }

    @Override
    public void onEnd(Reason reason, String why) {
        ended();
        if (node == null) {
            fail(failure(reason, true, why + "; it was not sent", null));
        } else {
            fail(failure(reason, false, why + "; whether it was executed is not known", null));
        }
    }

    void fail(RpcException e) {
        future.completeExceptionally(e);
    }

    private void ended() {
        Node at = occupied.getAndSet(null);
        if (at != null) {
            at.callsInFlight().decrementAndGet();
        }
    }

    private RpcException failure(Reason reason, boolean notExecuted, String why, @Nullable Throwable cause) {
        Node at = node;
        String on = at == null ? "" : at.id();
        return Failures.of(reason, notExecuted, method, on, elapsed(), why, cause);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - started);
    }
}

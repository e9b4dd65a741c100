package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.channel.Message;
import dev.omnibus.channel.Sent;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One question to all nodes that serve a method, and their answers.
 *
 * <p>Two things say who was asked, and both are frozen when the question is sent. The transport counts how many
 * received it: that decides when the answers are complete. The directory names who should have: that gives the missing
 * a name. The two may differ for a moment, when a node comes or dies just then:
 *
 * <ul>
 *   <li>As many answers as receivers: complete. Whoever is listed and has not answered did not receive it.
 *   <li>More receivers than names: somebody is too new to be listed. The others are awaited until the deadline.
 *   <li>No trustworthy count: the names decide alone.
 * </ul>
 *
 * <p>An answer may come before the count does. Guarded by its own lock; completed outside of it, once, by whoever takes
 * the entry out of the table.
 */
final class Gathering<T> implements Pending {

    private static final long UNKNOWN = -1;

    private final RpcClient client;
    private final String method;
    private final ObjectReader result;
    private final long started = System.nanoTime();
    private final long deadline;
    private final CallFuture<Replies<T>> future = new CallFuture<>(this::cancelled);
    private volatile long id;
    private volatile boolean sent;

    private final Set<String> asked = new LinkedHashSet<>(); // guarded by this, like all below
    private final Map<String, @Nullable T> values = new LinkedHashMap<>();
    private final Map<String, RpcException> faults = new HashMap<>();
    private final Map<String, Reason> missing = new HashMap<>();
    private long receivers = UNKNOWN;
    private boolean exact;
    private boolean counted;

    Gathering(RpcClient client, String method, ObjectReader result, Duration timeout) {
        this.client = client;
        this.method = method;
        this.result = result;
        this.deadline = started + timeout.toNanos();
    }

    CompletableFuture<Replies<T>> future() {
        return future;
    }

    private void cancelled() {
        client.pending().remove(id);
    }

    /** Sends the question. Whoever has announced the method is known by then, or nobody has. */
    void ask(byte[] params) {
        try {
            id = client.pending().add(this, method);
        } catch (RpcException e) {
            future.completeExceptionally(e);
            return;
        }
        if (future.isDone()) { // given up before it began
            client.pending().remove(id);
        } else if (client.directory().serving(method).isEmpty()) {
            client.directory().lookAfresh().whenComplete((done, failure) -> {
                if (!client.directory().serving(method).isEmpty()) {
                    send(params);
                } else if (client.pending().remove(id)) {
                    future.completeExceptionally(nobody(failure));
                }
            });
        } else {
            send(params);
        }
    }

    private RpcException nobody(@Nullable Throwable failure) {
        return failure == null
                ? failure(Reason.NO_SERVER, true, "no node serves it; is a server for it running?", null)
                : failure(Reason.CONNECTION_LOST, true, "the directory of nodes cannot be read", failure);
    }

    private void send(byte[] params) {
        synchronized (this) { // after the entry was made: from here on a loss is told to it
            client.directory().serving(method).forEach(node -> asked.add(node.id()));
        }
        long ttl = (deadline - System.nanoTime()) / 1_000_000;
        if (ttl < 1) {
            return; // the deadline is about to end it, and nothing is executed
        }
        sent = true; // before the look: who ends it from here on must not say that it was not sent
        if (!client.pending().contains(id)) {
            return;
        }
        byte[] request = client.codec().request(id, method, params, ttl);
        client.channels().send(client.channels().names().method(method), request, true, new Question());
    }

    private final class Question implements Sent {

        @Override
        public boolean mayBlock() {
            return true; // it may complete the future
        }

        @Override
        public void sent(long count, boolean countIsExact) {
            Set<String> listed;
            synchronized (Gathering.this) {
                boolean trusted = client.channels().countsTrusted();
                receivers = trusted ? count : UNKNOWN;
                exact = trusted && countIsExact;
                counted = true;
                listed = Set.copyOf(asked);
            }
            if (receivers != 0) {
                finishIfDone();
            } else if (client.pending().remove(id)) {
                String gone = "none of the nodes that serve it is there " + listed + "; is a server for it running?";
                future.completeExceptionally(failure(Reason.NO_SERVER, true, gone, null));
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (!failure.notSent()) {
                synchronized (Gathering.this) {
                    counted = true; // it never will be: the names decide alone
                }
                finishIfDone();
            } else if (client.pending().remove(id)) {
                future.completeExceptionally(Failures.notSent(failure, method, "", elapsed()));
            }
        }
    }

    @Override
    public long deadline() {
        return deadline;
    }

    @Override
    public boolean endsWithOneReply() {
        return false;
    }

    /** Also of a node that the directory does not know yet. */
    @Override
    public boolean accepts(RpcCodec.Response reply) {
        return true;
    }

    @Override
    public void onReply(RpcCodec.Response reply) {
        take(reply);
        finishIfDone();
    }

    private void take(RpcCodec.Response reply) {
        String from = reply.from();
        Message value = reply.result();
        @Nullable T decoded = null;
        RpcException fault = value == null ? Failures.answered(reply, method, elapsed()) : null;
        if (value != null) {
            try {
                @SuppressWarnings("unchecked") // the reader was made for this type
                T typed = (T) RpcCodec.decode(result, value);
                decoded = typed;
            } catch (IOException e) {
                String why = "the answer is not what the contract says";
                fault = Failures.of(Reason.BAD_REPLY, false, method, from, elapsed(), why, e);
            }
        }
        synchronized (this) {
            if (values.containsKey(from) || faults.containsKey(from)) {
                return; // every node has one answer
            }
            missing.remove(from); // thought lost, and yet here
            if (fault == null) {
                values.put(from, decoded);
            } else {
                faults.put(from, fault);
            }
        }
    }

    @Override
    public boolean onLost(String node) {
        synchronized (this) {
            if (!asked.contains(node) || values.containsKey(node) || faults.containsKey(node)) {
                return false;
            }
            missing.put(node, Reason.NODE_LOST);
        }
        client.execute(this::finishIfDone); // not here, where other calls wait to be told of the same loss
        return false;
    }

    private void finishIfDone() {
        boolean done;
        synchronized (this) {
            int answers = values.size() + faults.size();
            boolean allNamesResolved = asked.stream()
                    .allMatch(
                            node -> values.containsKey(node) || faults.containsKey(node) || missing.containsKey(node));
            boolean countMet = receivers != UNKNOWN && answers >= receivers;
            boolean namesMet = allNamesResolved && (!exact || answers + missing.size() >= receivers);
            done = counted && (countMet || namesMet);
        }
        if (done && client.pending().remove(id)) {
            finish(Reason.NODE_LOST);
        }
    }

    @Override
    public void onEnd(Reason reason, String why) {
        if (sent) {
            finish(reason);
        } else {
            future.completeExceptionally(failure(reason, true, why + "; it was not sent", null));
        }
    }

    private void finish(Reason reasonForTheRest) {
        Replies<T> replies;
        synchronized (this) {
            for (String node : asked) {
                if (!values.containsKey(node) && !faults.containsKey(node)) {
                    missing.putIfAbsent(node, reasonForTheRest);
                }
            }
            long known = (long) values.size() + faults.size() + missing.size();
            int unnamed = exact ? (int) Math.max(0, receivers - known) : 0;
            replies = new Replies<>(method, values, faults, missing, unnamed, elapsed());
        }
        future.complete(replies);
    }

    private RpcException failure(Reason reason, boolean notExecuted, String why, @Nullable Throwable cause) {
        return Failures.of(reason, notExecuted, method, "", elapsed(), why, cause);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - started);
    }
}

package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The way of calls into the queue of one method: one batch at a time, and what comes meanwhile is the next one. A batch
 * without an answer is repeated as it is, since the queue knows each call by its token. Thread-safe.
 */
final class EnqueueLane {

    private static final int MAX_BATCH = 128;
    private static final int MAX_BATCH_BYTES = 512 * 1024;
    private static final int MIN_PAUSE_MILLIS = 50;
    private static final int MAX_PAUSE_MILLIS = 1_000;

    /** A call on its way. */
    interface Item {

        Call call();

        /** It is in the queue; perhaps it was before, and has ended. */
        void enqueued(boolean known);

        /** It is not, or that is not known. */
        void refused(RpcException why);

        /** Whether there is no use in trying it again, because too much time has gone by, or nobody wants it. */
        boolean isGivenUp();

        Duration elapsed();
    }

    /** A call, and why it is not there yet, if it was tried before. */
    private record Waiting(
            Item item, boolean perhapsSent, @Nullable TransportException failure) {}

    private final CallQueues queues;
    private final QueueKeys keys;
    private final String method;
    private final BiConsumer<Duration, Runnable> later;
    private final Deque<Waiting> waiting = new ArrayDeque<>(); // guarded by this
    private boolean underWay; // guarded by this
    private int failures; // in a row; guarded by this

    EnqueueLane(CallQueues queues, QueueKeys keys, String method, BiConsumer<Duration, Runnable> later) {
        this.queues = queues;
        this.keys = keys;
        this.method = method;
        this.later = later;
    }

    void add(Item item) {
        synchronized (this) {
            waiting.add(new Waiting(item, false, null));
            if (underWay) {
                return;
            }
            underWay = true;
        }
        send();
    }

    private void send() {
        List<Waiting> batch = new ArrayList<>();
        List<Waiting> givenUp = new ArrayList<>(); // while they waited to be tried again
        synchronized (this) {
            int bytes = 0;
            while (!waiting.isEmpty() && batch.size() < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
                Waiting next = waiting.remove();
                if (next.failure() != null && next.item().isGivenUp()) {
                    givenUp.add(next);
                } else {
                    bytes += next.item().call().request().length;
                    batch.add(next);
                }
            }
            underWay = !batch.isEmpty();
        }
        givenUp.forEach(this::refuse);
        if (batch.isEmpty()) {
            return;
        }
        List<Call> calls = batch.stream().map(one -> one.item().call()).toList();
        queues.enqueue(keys, calls).whenComplete((results, failure) -> {
            if (failure == null) {
                answered(batch, results);
            } else {
                failed(batch, RpcFailures.unwrapped(failure) instanceof TransportException e ? e : broken(failure));
            }
        });
    }

    private static TransportException broken(Throwable failure) {
        return new TransportException(Kind.REFUSED, false, "Not enqueued: " + failure, failure);
    }

    private void answered(List<Waiting> batch, List<Enqueued> results) {
        synchronized (this) {
            failures = 0;
        }
        for (int i = 0; i < batch.size(); i++) {
            Item item = batch.get(i).item();
            switch (results.get(i)) {
                case ADDED -> item.enqueued(false);
                case KNOWN -> item.enqueued(true);
                case FULL ->
                    item.refused(failure(
                            Reason.OVERLOADED,
                            true,
                            item,
                            "its queue has " + item.call().limit() + " calls already; it was not enqueued"));
                case OTHER_ARGUMENTS ->
                    item.refused(failure(
                            Reason.REFUSED,
                            true,
                            item,
                            "there is a call with the key " + item.call().token() + " and other arguments"));
                case SPOILT ->
                    item.refused(failure(
                            Reason.REFUSED,
                            true,
                            item,
                            "somebody has written something else under its key "
                                    + keys.call(item.call().token())));
            }
        }
        send();
    }

    private RpcException failure(Reason reason, boolean notExecuted, Item item, String why) {
        return RpcFailures.of(reason, notExecuted, method, "", item.elapsed(), why, null);
    }

    private void failed(List<Waiting> batch, TransportException failure) {
        boolean mayPass = failure.kind() == Kind.CONNECTION_LOST || failure.kind() == Kind.NOT_READY;
        List<Waiting> again = new ArrayList<>();
        List<Waiting> ended = new ArrayList<>();
        for (Waiting one : batch) { // asked once, as the answer may change
            boolean isAgain = mayPass && !one.item().isGivenUp();
            (isAgain ? again : ended).add(new Waiting(one.item(), one.perhapsSent() || !failure.notSent(), failure));
        }
        Duration pause;
        synchronized (this) {
            for (int i = again.size() - 1; i >= 0; i--) { // in front, in the same order
                waiting.addFirst(again.get(i));
            }
            int most = Math.min(MAX_PAUSE_MILLIS, MIN_PAUSE_MILLIS << Math.min(failures++, 5));
            pause = Duration.ofMillis(
                    mayPass ? ThreadLocalRandom.current().nextInt(MIN_PAUSE_MILLIS, most + MIN_PAUSE_MILLIS) : 0);
        }
        ended.forEach(this::refuse);
        if (mayPass) {
            later.accept(pause, this::send);
        } else {
            send();
        }
    }

    private void refuse(Waiting one) {
        TransportException failure = one.failure();
        if (failure != null) {
            one.item().refused(refusal(failure, !one.perhapsSent(), one.item()));
        }
    }

    private RpcException refusal(TransportException failure, boolean notSent, Item item) {
        Reason reason = failure.kind() == Kind.OUT_OF_MEMORY ? Reason.OVERLOADED : RpcFailures.reason(failure);
        String known = notSent ? "; it was not enqueued" : "; whether it was enqueued is not known";
        return RpcFailures.of(reason, notSent, method, "", item.elapsed(), failure.getMessage() + known, failure);
    }
}

package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.runtime.ServerWarnings;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.wire.QueuedId;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.rpc.internal.wire.WireBytes;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.CallQueues.Cancelled;
import dev.omnibus.transport.CallQueues.Found;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A table of queued calls that this process waits for, by their ids. A call gets its place before it is enqueued. Its
 * answer comes to the inbox of this node; as it may be lost there, it is looked for as well: after an interruption of
 * the inbox, when the call has expired, and now and then. Thread-safe.
 */
public final class QueuedCalls {

    /** How often it is checked what is to be looked for. */
    static final Duration PERIOD = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(QueuedCalls.class);
    private static final String CLOSED = "the client is closed";
    private static final String CLOSED_AND_GOES_ON = "the client was closed; the call goes on, and has the id ";
    private static final long MAX_PAUSE_SECONDS = 60;
    private static final int MAX_AWAITED = 1_000_000;
    private static final int MAX_TOGETHER = 128; // in one question

    /** Of requests that Redis has not got yet, or that may have to be enqueued once more. */
    private static final long MAX_KEPT_BYTES =
            Math.min(256L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 8);

    private final ClientRuntime client;
    private final Channels channels;
    private final ServerWarnings warnings;
    private final RandomIds ids = new RandomIds();
    private final Map<String, Awaited> awaited = new ConcurrentHashMap<>();
    private final Map<String, EnqueueLane> lanes = new HashMap<>(); // by method; guarded by this
    private @Nullable CallQueues queues; // guarded by this
    private @Nullable Future<?> ticking; // guarded by this
    private boolean closed; // guarded by this
    private long keptBytes; // guarded by this

    QueuedCalls(ClientRuntime client, ServerWarnings warnings) {
        this.client = client;
        this.warnings = warnings;
        this.channels = client.channels();
    }

    /**
     * Connects, unless that was done. May block.
     *
     * @throws UnsupportedOperationException if the transport has no queues
     */
    public void open() {
        synchronized (this) {
            if (queues != null || closed) {
                return;
            }
        }
        CallQueues opened = channels.transport().callQueues();
        synchronized (this) {
            if (queues == null && !closed) {
                queues = opened;
                ticking = channels.every(PERIOD, this::tick);
                return;
            }
        }
        opened.close(); // another thread was quicker
    }

    private synchronized @Nullable CallQueues queues() {
        return closed ? null : queues;
    }

    /** One that is waited for, by however many. */
    private final class Awaited implements EnqueueLane.Item {

        private final QueuedId id;
        private final boolean secret; // nobody who has no business with it knows its id
        private final long started = System.nanoTime();
        private final CompletableFuture<RpcCodec.Response> answer = new CompletableFuture<>();
        private final CompletableFuture<Void> enqueued = new CompletableFuture<>();
        private final long expires;
        private final long repeated; // until then it may be enqueued once more
        private volatile @Nullable Call call; // as long as it may be enqueued; changes under the lock of the table
        private boolean inLane; // guarded by the table, like the next one
        private boolean ended;
        private volatile long next = Long.MAX_VALUE; // when it is looked for
        private volatile long pauseSeconds = 1;
        private volatile boolean cancelled;

        Awaited(QueuedId id, boolean secret, @Nullable Call call) {
            this.id = id;
            this.secret = secret;
            Duration longest = call == null ? Duration.ZERO : call.delay().plus(call.expiry());
            expires = started + longest.toNanos();
            Duration half = call == null ? Duration.ZERO : call.retention().dividedBy(2);
            repeated = started + Math.min(longest.toNanos(), half.toNanos());
        }

        @Override
        public Call call() {
            return Objects.requireNonNull(call, "it is being enqueued");
        }

        @Override
        public Duration elapsed() {
            return Duration.ofNanos(System.nanoTime() - started);
        }

        @Override
        public boolean isGivenUp() {
            return cancelled || System.nanoTime() - repeated >= 0;
        }

        @Override
        public void enqueued(boolean known) {
            boolean isAwaited = leftLane(this);
            findIn(known ? 0 : pauseSeconds);
            if (isAwaited) {
                await(this); // the one of the same key that it was behind may have ended
            }
            client.execute(() -> enqueued.complete(null));
            if (known || cancelled) {
                poll(List.of(this));
            }
        }

        @Override
        public void refused(RpcException why) {
            boolean unused = leftLane(this);
            fail(this, why);
        }

        /** Looks for it after some seconds, or just after it has expired. */
        void findIn(long seconds) {
            long now = System.nanoTime();
            long at = now + TimeUnit.SECONDS.toNanos(seconds);
            next = expires - now > 0 && at - expires > 0 ? expires + PERIOD.toNanos() / 10 : at;
        }

        boolean isDue(long now) {
            return next != Long.MAX_VALUE && now - next >= 0;
        }
    }

    /** Enqueues a call. */
    <T> QueuedCall<T> enqueue(RemoteMethod method, byte[] params, QueueSettings settings, byte[] headers) {
        boolean keyed = !settings.key().isEmpty();
        String token = keyed ? settings.key() : Long.toString(ids.next(), 36) + Long.toString(ids.next(), 36);
        QueuedId id = new QueuedId(method.name(), token);
        byte[] request = RpcCodec.queuedRequest(
                id.toString(), method.part(), params, settings.expiry().toMillis(), headers);
        Call call = new Call(
                token,
                request,
                settings.expiry(),
                settings.delay(),
                settings.retention(),
                settings.idempotent() || method.traits().idempotent(),
                keyed ? WireBytes.fingerprint(new Message(params, 0, params.length)) : "",
                settings.limit(),
                channels.node());
        Awaited entry = new Awaited(id, !keyed, call);
        await(entry);
        RpcException refusal = keep(entry, call);
        EnqueueLane lane = refusal == null ? lane(entry) : null;
        if (lane == null) {
            fail(entry, refusal == null ? failure(entry, Reason.CLOSED, true, CLOSED) : refusal);
        } else {
            lane.add(entry);
        }
        return handle(entry, method);
    }

    /** Gives it its place in the table, or behind another one of the same key, which may have other arguments. */
    private void await(Awaited entry) {
        Awaited before = awaited.putIfAbsent(entry.id.toString(), entry);
        if (before != null && before != entry) {
            before.answer.whenComplete((answer, failure) -> follow(entry, answer));
        }
    }

    /** The call of the same key that was waited for before has ended, at least for this process. */
    private void follow(Awaited entry, RpcCodec.@Nullable Response answer) {
        if (entry.answer.isDone()) {
            return;
        }
        if (answer == null) {
            await(entry);
            if (queues() == null) { // nobody looks at the table any more
                fail(entry, failure(entry, Reason.CLOSED, false, CLOSED_AND_GOES_ON + entry.id));
            } else {
                entry.findIn(1);
            }
        } else if (entry.enqueued.isDone()) {
            complete(entry, answer, null);
        }
    }

    /** Has it ready to be enqueued; or says why that is too much. */
    private @Nullable RpcException keep(Awaited entry, Call call) {
        byte[] request = call.request();
        if (request.length > client.codec().maxBytes()) {
            return failure(
                    entry,
                    Reason.REFUSED,
                    true,
                    "the request has " + request.length + " bytes; it may have "
                            + client.codec().maxBytes());
        }
        synchronized (this) {
            if (closed || queues == null) {
                return failure(entry, Reason.CLOSED, true, CLOSED);
            }
            if (awaited.size() > MAX_AWAITED || keptBytes + request.length > MAX_KEPT_BYTES) {
                return failure(
                        entry,
                        Reason.OVERLOADED,
                        true,
                        "this process waits for " + awaited.size() + " queued calls, and keeps " + keptBytes
                                + " bytes of their requests; at most " + MAX_AWAITED + " and " + MAX_KEPT_BYTES);
            }
            keptBytes += request.length;
            entry.call = call;
        }
        return null;
    }

    /** On its way into the queue, for the first time or once more; null if it need not, or the client is closed. */
    private synchronized @Nullable EnqueueLane lane(Awaited entry) {
        CallQueues open = closed ? null : queues;
        if (open == null || entry.call == null || entry.ended || entry.inLane) {
            return null;
        }
        entry.inLane = true;
        return lanes.computeIfAbsent(entry.id.method(), name -> lane(open, name));
    }

    private EnqueueLane lane(CallQueues open, String method) {
        QueueKeys queue = channels.names().queue(method);
        warnings.about(open.server(queue));
        return new EnqueueLane(open, queue, method, channels::later);
    }

    /** False if it has ended meanwhile. */
    private synchronized boolean leftLane(Awaited entry) {
        entry.inLane = false;
        forgetRequest(entry);
        return !entry.ended;
    }

    /** Unless it may have to be enqueued once more: an idempotent call that Redis has lost, and not too late. */
    private synchronized void forgetRequest(Awaited entry) {
        Call call = entry.call;
        boolean isDone = entry.ended || (entry.enqueued.isDone() && entry.isGivenUp());
        if (call != null && !entry.inLane && (isDone || !call.idempotent())) {
            keptBytes -= call.request().length;
            entry.call = null;
        }
    }

    /** Waits for a call that somebody has enqueued. */
    public <T> QueuedCall<T> find(QueuedId id, RemoteMethod method) {
        Awaited entry = new Awaited(id, false, null);
        Awaited known = awaited.putIfAbsent(id.toString(), entry);
        Awaited found = known == null ? entry : known;
        if (known == null) {
            entry.findIn(0);
            poll(List.of(entry));
        }
        return handle(found, method);
    }

    private <T> QueuedCall<T> handle(Awaited entry, RemoteMethod method) {
        CompletableFuture<T> result = new CompletableFuture<>();
        entry.answer.whenComplete((answer, failure) -> {
            Throwable why = failure == null ? complete(result, entry, method, answer) : failure;
            if (why != null) {
                client.failed(why);
                result.completeExceptionally(why);
            }
        });
        return new QueuedCall<>(entry.id, entry.enqueued, result, () -> cancel(entry));
    }

    /** Completes it with the value, or returns why there is none. */
    @SuppressWarnings("unchecked") // the reader was made for this type
    private <T> @Nullable Throwable complete(
            CompletableFuture<T> result, Awaited entry, RemoteMethod method, RpcCodec.Response answer) {
        Message value = answer.result();
        if (value == null) {
            return method.faults().failure(answer, method.name(), entry.elapsed());
        }
        try {
            T decoded = (T) RpcCodec.decode(method.result(), value);
            client.succeeded(method.name(), answer.from(), entry.started);
            result.complete(decoded);
            return null;
        } catch (IOException e) {
            String why = RpcFailures.misfit(e, method.result().getValueType());
            return failure(entry, Reason.BAD_REPLY, false, why);
        }
    }

    private CompletableFuture<Boolean> cancel(Awaited entry) {
        if (entry.answer.isDone()) {
            return CompletableFuture.completedFuture(false);
        }
        CallQueues now = queues();
        if (now == null) {
            return CompletableFuture.failedFuture(failure(entry, Reason.CLOSED, false, CLOSED));
        }
        boolean mayBeOnItsWay = entry.call != null && !entry.enqueued.isDone();
        entry.cancelled |= mayBeOnItsWay;
        CompletableFuture<Void> there = mayBeOnItsWay
                ? entry.enqueued.handle((done, failure) -> null) // it is asked for once it is known to be there
                : CompletableFuture.completedFuture(null);
        return there.thenCompose(done -> now.cancel(channels.names().queue(entry.id.method()), entry.id.token()))
                .handleAsync(
                        (done, failure) -> {
                            if (failure != null) {
                                Throwable why = RpcFailures.unwrapped(failure);
                                throw why instanceof TransportException e
                                        ? RpcFailures.notSent(e, entry.id.method(), "", entry.elapsed())
                                        : failure(entry, Reason.CONNECTION_LOST, false, String.valueOf(why));
                            }
                            poll(List.of(entry));
                            return done == Cancelled.REMOVED || done == Cancelled.ASKED;
                        },
                        client::execute);
    }

    /** A message of the inbox that is the answer of a queued call. */
    void receive(Message message) throws IOException {
        RpcCodec.QueuedReply reply = client.codec().readQueuedReply(message);
        Awaited entry = awaited.get(reply.id());
        if (entry == null && QueuedId.parse(reply.id()).isEmpty()) {
            throw new IOException("it has no id of ours");
        } else if (entry == null) {
            LOG.debug(
                    "Dropped an answer of the queued call {}: nobody waits for it", RpcFailures.sanitized(reply.id()));
        } else if (entry.secret) {
            succeed(entry, reply.response());
        } else { // anybody could send such an answer who knows the key
            poll(List.of(entry));
        }
    }

    /** Answers may have been lost on their way to the inbox. */
    void interrupted() {
        long now = System.nanoTime();
        awaited.values().forEach(entry -> {
            if (entry.next != Long.MAX_VALUE) {
                entry.pauseSeconds = 1;
                entry.next = now;
            }
        });
    }

    /** Looks for what is due. */
    void tick() {
        long now = System.nanoTime();
        Map<String, List<Awaited>> due = new HashMap<>();
        awaited.values().forEach(entry -> {
            if (entry.call != null && entry.isGivenUp()) {
                forgetRequest(entry);
            }
            if (entry.isDue(now)) {
                due.computeIfAbsent(entry.id.method(), any -> new ArrayList<>()).add(entry);
            }
        });
        due.values().forEach(this::poll);
    }

    private void poll(Collection<Awaited> ofOneMethod) {
        List<Awaited> all = List.copyOf(ofOneMethod);
        for (int i = 0; i < all.size(); i += MAX_TOGETHER) {
            findTogether(all.subList(i, Math.min(all.size(), i + MAX_TOGETHER)));
        }
    }

    private void findTogether(List<Awaited> entries) {
        CallQueues now = queues();
        if (now == null) {
            entries.forEach(entry -> fail(entry, failure(entry, Reason.CLOSED, false, CLOSED)));
            return;
        }
        for (Awaited entry : entries) {
            entry.pauseSeconds = Math.min(MAX_PAUSE_SECONDS, 2 * entry.pauseSeconds);
            entry.findIn(entry.pauseSeconds);
        }
        List<String> tokens = entries.stream().map(entry -> entry.id.token()).toList();
        now.find(channels.names().queue(entries.get(0).id.method()), tokens, channels.node())
                .whenComplete((found, failure) -> {
                    if (failure == null) {
                        for (int i = 0; i < entries.size(); i++) {
                            found(entries.get(i), found.get(i));
                        }
                    } else {
                        notFound(entries, RpcFailures.unwrapped(failure));
                    }
                });
    }

    private void found(Awaited entry, Found found) {
        byte[] response = found.response();
        if (response != null) {
            client.execute(() -> entry.enqueued.complete(null));
            try {
                Message message = new Message(response, 0, response.length);
                succeed(entry, client.codec().readQueuedReply(message).response());
            } catch (IOException e) {
                channels.reportBad(
                        channels.names().queue(entry.id.method()).notices(),
                        "The answer of the queued call " + entry.id + " cannot be read: " + e.getMessage());
                fail(entry, failure(entry, Reason.BAD_REPLY, false, "its answer cannot be read: " + e.getMessage()));
            }
        } else if (found.known()) {
            client.execute(() -> entry.enqueued.complete(null));
        } else {
            EnqueueLane lane = entry.isGivenUp() ? null : lane(entry);
            if (lane != null) { // Redis has lost it, and it may be executed more than once
                lane.add(entry);
            } else if (!isInLane(entry)) {
                fail(entry, failure(entry, Reason.NODE_LOST, false, "Redis does not know it, or not any more"));
            }
        }
    }

    private synchronized boolean isInLane(Awaited entry) {
        return entry.inLane;
    }

    private void notFound(List<Awaited> entries, Throwable failure) {
        boolean mayPass = failure instanceof TransportException e
                && switch (e.kind()) {
                    case CONNECTION_LOST, NOT_READY, OUT_OF_MEMORY, NO_GROUP -> true;
                    default -> false;
                };
        for (Awaited entry : entries) {
            if (mayPass) {
                entry.findIn(1);
            } else if (failure instanceof TransportException e) {
                fail(entry, RpcFailures.notSent(e, entry.id.method(), "", entry.elapsed()));
            } else {
                fail(entry, failure(entry, Reason.REFUSED, false, String.valueOf(failure)));
            }
        }
    }

    private void succeed(Awaited entry, RpcCodec.Response answer) {
        complete(entry, answer, null);
    }

    private void fail(Awaited entry, RpcException why) {
        complete(entry, null, why);
    }

    /** It runs code of the program. */
    private void complete(Awaited entry, RpcCodec.@Nullable Response answer, @Nullable Throwable failure) {
        awaited.remove(entry.id.toString(), entry);
        entry.next = Long.MAX_VALUE;
        synchronized (this) {
            entry.ended = true;
            forgetRequest(entry);
        }
        client.execute(() -> {
            if (failure == null && answer != null) {
                entry.enqueued.complete(null);
                entry.answer.complete(answer);
            } else {
                Throwable why =
                        failure == null ? new IllegalStateException("no answer") : RpcFailures.unwrapped(failure);
                entry.enqueued.completeExceptionally(why);
                entry.answer.completeExceptionally(why);
            }
        });
    }

    private RpcException failure(Awaited entry, Reason reason, boolean notExecuted, String why) {
        return RpcFailures.of(reason, notExecuted, entry.id.method(), "", entry.elapsed(), why, null);
    }

    /** How many are waited for. */
    public int size() {
        return awaited.size();
    }

    /** Ends all waiting; the calls themselves go on. */
    void close() {
        CallQueues last;
        synchronized (this) {
            closed = true;
            last = queues;
            if (ticking != null) {
                ticking.cancel(false);
            }
        }
        awaited.values()
                .forEach(entry -> fail(entry, failure(entry, Reason.CLOSED, false, CLOSED_AND_GOES_ON + entry.id)));
        if (last != null) {
            last.close();
        }
    }
}

package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.json.Json;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.QueuedId;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Answer;
import dev.omnibus.transport.CallQueues.Renewed;
import dev.omnibus.transport.CallQueues.Server;
import dev.omnibus.transport.CallQueues.Taken;
import dev.omnibus.transport.CallQueues.Turn;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An intake: takes the queued calls of one method, as many as the service has room for, and gives their answers. There
 * is one turn under way at a time; what ends meanwhile goes with the next one.
 *
 * <p>What was taken is this node's: if an answer of the server is lost, so that it is not known what that was, all that
 * is this node's is read again, and what was not begun is begun. Thread-safe.
 */
final class QueueIntake implements Receiver {

    /** A call that is this node's, and waits or runs. */
    private final class Held implements ServerCall.Origin {

        private volatile StreamId entry; // another one if the server has forgotten that it was taken
        private final String token;

        Held(Taken taken) {
            entry = taken.entry();
            token = taken.token();
        }

        @Override
        public void settled(ServerCall call, RpcCodec.Answer answer, @Nullable Reason reason) {
            boolean notExecuted = reason == Reason.OVERLOADED || reason == Reason.DRAINING;
            boolean stillRuns = reason == Reason.CANCELLED;
            answered(this, notExecuted ? null : replies.queued(call, answer), stillRuns ? 0 : 1);
        }
    }

    private record Running(Held held, ServerCall call) {}

    private final ServedMethod method;
    private final QueuedCallRoom service;
    private final Channels channels;
    private final RpcCodec codec;
    private final ReplySender replies;
    private final CallQueues queues;
    private final SuspectPlace suspects;
    private final Server server;
    private final QueueTrouble trouble;
    private final CompletableFuture<Void> delivered = new CompletableFuture<>(); // after its end
    private final Map<String, Running> running = new HashMap<>(); // by token; guarded by this, like all below
    private final AnswerQueue answers = new AnswerQueue();
    private final RenewalPace pace = new RenewalPace();
    private @Nullable Future<?> ticking;
    private boolean known; // it has a lease
    private boolean renewing;
    private boolean underWay;
    private boolean again; // something has come up since the turn began
    private boolean waiting; // there is more than there was room for
    private boolean doubted; // there are suspects
    private boolean unsure; // what this node has
    private boolean ended; // takes nothing more
    private boolean closed; // the transport is
    private long takeover; // that nodes are to claim after what they have; 0 if none
    private int releasing; // calls that are being given back
    private int turns; // so far

    QueueIntake(
            ServedMethod method,
            QueuedCallRoom service,
            Channels channels,
            RpcCodec codec,
            ReplySender replies,
            CallQueues queues,
            SuspectPlace suspects) {
        this.method = method;
        this.service = service;
        this.channels = channels;
        this.codec = codec;
        this.replies = replies;
        this.queues = queues;
        this.suspects = suspects;
        this.server = new Server(channels.names().queue(method.name()), channels.node());
        this.trouble = new QueueTrouble(method.name());
    }

    /** Begins to take calls; the notices are to be subscribed to before. */
    void open() {
        synchronized (this) {
            if (ended) {
                return;
            }
            ticking = channels.sendEvery(RenewalPace.PERIOD, () -> tick(false));
        }
        tick(true);
    }

    String notices() {
        return server.queue().notices();
    }

    @Override
    public boolean isDirect() {
        return true;
    }

    /** Something waits, or will. */
    @Override
    public void receive(String channel, List<Message> messages, Executor next) {
        synchronized (this) {
            pace.wake(System.nanoTime());
        }
        turn(0);
    }

    /** What was announced meanwhile is not known, and whether Redis is the same, with all that it had been given. */
    @Override
    public void interrupted() {
        synchronized (this) {
            answers.giveAgain(pace.last());
            pace.wake(System.nanoTime()); // should the renewal fail, as there is no connection for it yet
        }
        tick(true);
    }

    /** There may be room for what waits. */
    void onRoom() {
        synchronized (this) {
            if (!waiting) {
                return;
            }
        }
        turn(1);
    }

    /** The calls that it has taken, and that have no answer yet. */
    synchronized List<ServerCall> running() {
        return running.values().stream().map(Running::call).toList();
    }

    // The lease

    /** Renews the lease, at once or if it is time, and learns what there is to do. */
    private void tick(boolean atOnce) {
        int before;
        long asked = System.nanoTime();
        synchronized (this) {
            if (renewing || closed || !(atOnce || pace.isDue(asked))) {
                return;
            }
            renewing = true;
            before = turns;
        }
        queues.renew(server, RenewalPace.LEASE).whenComplete((renewed, failure) -> {
            if (failure == null) {
                renewed(renewed, before, asked);
            } else {
                synchronized (this) {
                    renewing = false;
                }
                failed(failure);
            }
        });
    }

    private void renewed(Renewed renewed, int before, long asked) {
        List<Running> gone = List.of();
        List<ServerCall> cancelled = new ArrayList<>();
        boolean work;
        synchronized (this) {
            renewing = false;
            if (known && renewed.wasGone()) {
                gone = List.copyOf(running.values());
            }
            known = true;
            if (renewed.takeover() != 0 && renewed.takeover() != takeover) {
                answers.giveAgain(pace.last()); // what is announced may come from another master, not interrupted
            }
            takeover = renewed.takeover();
            waiting |= renewed.waiting();
            doubted |= renewed.suspects();
            pace.renewed(asked, !running.isEmpty() || !answers.isEmpty() || underWay, renewed.rest());
            boolean quiet = !underWay && turns == before; // else it was counted in the middle of something
            unsure |= quiet && renewed.held() > running.size() + answers.size();
            for (String token : renewed.cancelled()) {
                Running one = running.get(token);
                if (one != null) {
                    cancelled.add(one.call());
                }
            }
            work = waiting || unsure || again || !answers.isEmpty();
        }
        trouble.ended();
        suspects.tick();
        for (Running one : gone) { // another node may have it, or its end was written; what runs goes on
            if (one.call().begin()) {
                forget(one.held());
            }
        }
        if (renewed.takeover() != 0) {
            claim();
        }
        cancelled.forEach(call -> replies.execute(call::cancel)); // interceptors are notified of it
        if (work) {
            turn(0);
        }
        if (renewed.moreDue()) {
            tick(true);
        }
    }

    /**
     * Another server has taken over, which may have forgotten that this node has them: nobody else is to begin them.
     */
    private void claim() {
        List<String> tokens;
        synchronized (this) {
            tokens = Stream.concat(running.keySet().stream(), answers.tokens().stream())
                    .toList();
        }
        for (int from = 0; from < tokens.size(); from += CallQueues.MAX_CALLS) {
            int end = Math.min(from + CallQueues.MAX_CALLS, tokens.size());
            queues.claim(server, tokens.subList(from, end)).whenComplete((claimed, failure) -> {
                if (failure != null) { // the next renewal asks for it again
                    failed(failure);
                }
            });
        }
    }

    private synchronized void forget(Held held) {
        Running one = running.get(held.token);
        if (one != null && one.held() == held) {
            remove(held);
        }
    }

    /** It runs no more here. */
    private void remove(Held held) {
        running.remove(held.token);
        suspects.leave(held);
    }

    // A turn

    /**
     * Gives the answers there are, and takes calls if there is room.
     *
     * @param leaving how many calls are about to leave the service, that still count
     */
    private void turn(int leaving) {
        List<Answer> batch = List.of();
        int count = 0;
        boolean suspect = false;
        boolean idle = false;
        boolean reread;
        boolean stale;
        synchronized (this) {
            if (underWay || !known || closed) {
                again = true;
                return;
            }
            again = false;
            stale = pace.isStale(System.nanoTime());
            reread = unsure;
            if (reread) {
                underWay = true;
                turns++;
            } else {
                batch = answers.nextBatch();
                int room = ended || !answers.isEmpty() ? 0 : service.room() + leaving; // what has ended goes first
                count = Math.max(0, Math.min(CallQueues.MAX_CALLS, room));
                waiting |= count == 0 && !ended;
                idle = count == 0 && batch.isEmpty();
                if (!idle) {
                    underWay = true;
                    turns++;
                    suspect = doubted && count > 0 && suspects.take(this, () -> turn(0));
                }
            }
            if (doubted && count == 0) {
                suspects.leave(this); // others may want it meanwhile
            }
        }
        if (stale) {
            tick(true); // as it was at rest; by the same connection, and so before the turn
        }
        if (idle) {
            completeIfDelivered();
        } else if (reread) {
            readAgain(StreamId.EARLIEST, new HashSet<>());
        } else {
            begin(batch, count, suspect);
        }
    }

    private void begin(List<Answer> batch, int count, boolean suspect) {
        service.reserve(count);
        long asked = System.nanoTime();
        queues.turn(server, batch, count, suspect).whenComplete((turn, failure) -> {
            if (failure == null) {
                turned(turn, batch, count, suspect, asked);
            } else {
                service.reserve(-count);
                if (suspect) {
                    suspects.leave(this);
                }
                notTurned(batch, RpcFailures.unwrapped(failure));
            }
        });
    }

    private void turned(Turn turn, List<Answer> batch, int count, boolean suspect, long asked) {
        for (String token : turn.late()) {
            channels.reportUnsent(
                    notices(),
                    "The answer of the queued call " + new QueuedId(method.name(), RpcFailures.sanitized(token))
                            + " does not count: it has ended, or another node has it, as this one seemed to be gone"
                            + " or a failover has lost it. It may have been executed twice");
        }
        if (turn.dropped() > 0) {
            channels.reportBad(
                    notices(), turn.dropped() + " entries of the queue were dropped: they have no request, or no id");
        }
        if (!turn.calls().isEmpty()) {
            synchronized (this) {
                answers.forgetOld(asked);
            }
        }
        turn.calls().forEach(this::take);
        if (suspect) {
            suspects.leave(this); // unless a suspect has it now
        }
        service.reserve(-count);
        trouble.ended();
        boolean next;
        synchronized (this) {
            underWay = false;
            answers.taken(batch, turn.late(), asked);
            waiting = count == 0 ? waiting : turn.more();
            if (suspect && !turn.lapsed()) {
                doubted = turn.calls().stream().anyMatch(call -> call.deaths() > 0); // then there may be more
            }
            next = again || !answers.isEmpty() || (turn.more() && count > 0);
        }
        if (turn.lapsed()) {
            tick(true); // takes the next turn
        } else if (next) {
            turn(0);
        }
        completeIfDelivered();
    }

    private void notTurned(List<Answer> batch, Throwable failure) {
        synchronized (this) {
            answers.putBack(batch);
            unsure |= !(failure instanceof TransportException e) || !e.notSent();
        }
        pauseAfter(failure);
    }

    /** What of this node's the server has that nobody here knows was taken by a turn whose answer was lost. */
    private void readAgain(StreamId after, Set<String> found) {
        queues.held(server, after, CallQueues.MAX_CALLS).whenComplete((held, failure) -> {
            if (failure != null) {
                pauseAfter(RpcFailures.unwrapped(failure));
                return;
            }
            for (Taken taken : held) {
                if (found.add(taken.token())) {
                    take(taken);
                }
            }
            if (!held.isEmpty()) {
                readAgain(held.get(held.size() - 1).entry(), found);
                return;
            }
            synchronized (this) {
                underWay = false;
                unsure = false;
            }
            turn(0);
        });
    }

    private void pauseAfter(Throwable failure) {
        failed(failure);
        channels.later(trouble.pause(), () -> {
            synchronized (this) {
                underWay = false;
            }
            turn(0);
        });
    }

    private void failed(Throwable failure) {
        Throwable why = RpcFailures.unwrapped(failure);
        boolean over = why instanceof TransportException e && e.kind() == Kind.CLOSED;
        synchronized (this) {
            closed |= over;
            over = closed;
        }
        if (!over) {
            trouble.began(String.valueOf(why.getMessage()));
        }
    }

    // A call

    private void take(Taken taken) {
        Held held;
        boolean hasPlace;
        synchronized (this) {
            Running before = running.get(taken.token());
            Answer given = before == null ? answers.find(taken.token()) : null;
            if (given != null) {
                if (!answers.has(taken.token())) { // Redis has forgotten that it has ended
                    answers.add(new Answer(taken.entry(), taken.token(), given.response()));
                    again = true;
                }
                return;
            }
            held = before == null ? new Held(taken) : before.held();
            hasPlace = taken.deaths() == 0 || suspects.pass(this, held);
            if (before != null) { // it seemed to be gone, or its being taken was forgotten: it must not run twice
                held.entry = taken.entry();
                return;
            }
        }
        if (!hasPlace) { // one that was taken by a turn whose answer was lost
            release(held.entry);
            return;
        }
        String id = new QueuedId(method.name(), taken.token()).toString();
        RpcCodec.Request request;
        try {
            request = codec.readRequest(new Message(taken.request(), 0, taken.request().length))
                    .queued(Json.quoted(id), taken.millisLeft());
            if (!request.method().equals(method.name())) {
                refuse(held, id, RpcCodec.METHOD_NOT_FOUND, "this queue is for " + method.name());
                return;
            }
        } catch (RpcCodec.BadRequest e) {
            refuse(held, id, e.code(), String.valueOf(e.getMessage()));
            return;
        }
        ServerCall call = new ServerCall(method, request, replies, System.nanoTime(), taken.request().length, held);
        synchronized (this) {
            running.put(taken.token(), new Running(held, call));
        }
        service.begin(call);
    }

    private void refuse(Held held, String id, int code, String why) {
        suspects.leave(held);
        replies.countRefused();
        channels.reportBad(notices(), "The queued call " + RpcFailures.sanitized(id) + " was refused: " + why);
        RpcCodec.Answer answer = RpcCodec.error(code, why, "");
        synchronized (this) {
            answers.add(new Answer(held.entry, held.token, codec.response(Json.quoted(id), answer)));
            again = true;
        }
    }

    /** It has its answer; without one, it was not begun, and is for another node, or for later. */
    private void answered(Held held, byte @Nullable [] response, int leaving) {
        synchronized (this) {
            Running one = running.get(held.token);
            if (one == null || one.held() != held) {
                return; // it was forgotten
            }
            remove(held);
            if (response != null) {
                answers.add(new Answer(held.entry, held.token, response));
            } else {
                waiting = true;
                releasing++; // in the same step, or it could seem that all was delivered
            }
        }
        if (response == null) {
            giveBack(held.entry);
        } else {
            turn(leaving);
        }
        completeIfDelivered();
    }

    /** If that fails, it is found again, as one that this node has and does not know. */
    private void release(StreamId entry) {
        synchronized (this) {
            releasing++;
        }
        giveBack(entry);
    }

    private void giveBack(StreamId entry) {
        queues.release(server, List.of(entry)).whenComplete((done, failure) -> {
            synchronized (this) {
                releasing--;
                unsure |= failure != null;
            }
            completeIfDelivered();
        });
    }

    // The end

    /** Takes nothing more. */
    void end() {
        synchronized (this) {
            ended = true;
            waiting = false;
        }
    }

    /** Completes when all that was taken has its answer, and the queue has them, and the lease was ended. */
    CompletableFuture<Void> leave() {
        end();
        completeIfDelivered();
        return delivered
                .thenCompose(done -> {
                    stopTicking();
                    return queues.leave(server);
                })
                .exceptionally(failure -> null); // the lease ends by itself
    }

    private void completeIfDelivered() {
        if (isDelivered()) {
            delivered.complete(null);
        }
    }

    private synchronized boolean isDelivered() {
        return ended && !underWay && !unsure && releasing == 0 && running.isEmpty() && answers.isEmpty();
    }

    private void stopTicking() {
        Future<?> last;
        synchronized (this) {
            last = ticking;
            closed = true;
        }
        if (last != null) {
            last.cancel(false);
        }
        suspects.leave(this);
    }

    /** Gives back what was not begun; what runs is lost: there is no more time. */
    void abandon() {
        end();
        for (ServerCall call : running()) {
            if (call.begin() && call.origin() instanceof Held held) {
                forget(held);
                release(held.entry);
            }
        }
        stopTicking();
        CompletableFuture<Void> unused = queues.leave(server);
    }
}

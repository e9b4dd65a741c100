package dev.omnibus.rpc.internal.server;

import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Answer;
import dev.omnibus.transport.StreamId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A queue: the answers of queued calls on their way to Redis, in batches. Those that Redis has taken are remembered for
 * some seconds, to be given again after an interruption, or where their calls come again: a replica that has taken over
 * may have lost them, and would let the calls be executed once more. The seconds count up to the last answers that
 * Redis has taken: while it is away, nothing is forgotten. Guarded by its user.
 */
final class AnswerQueue {

    private static final int MAX_BATCH = 128;
    private static final int MAX_CONFIRMED = 2 * CallQueues.MAX_CALLS; // more than are taken meanwhile
    private static final int MAX_BATCH_BYTES = 1024 * 1024;

    /** Shorter than any retention: what is given again must find what is known of its call. */
    private static final long REMEMBERED_NANOS = TimeUnit.SECONDS.toNanos(8);

    private static final int MAX_REMEMBERED_BYTES = 1024 * 1024;
    private static final int OVERHEAD = 256; // of each

    private record Given(Answer answer, long at) {}

    private final boolean untilReplicated; // else for some seconds
    private final Deque<Answer> waiting = new ArrayDeque<>();
    private final Deque<Given> given = new ArrayDeque<>(); // oldest first
    private final Map<String, Answer> known = new HashMap<>(); // all of both, by their tokens
    private int givenBytes;

    /** Of those that are remembered for some seconds, or until replicas are said to have them. */
    AnswerQueue(boolean untilReplicated) {
        this.untilReplicated = untilReplicated;
    }

    void add(Answer answer) {
        waiting.add(answer);
        known.put(answer.token(), answer);
    }

    /** The answer that a call got, if it did: this very one, or, where its entry is another one now, a moment ago. */
    @Nullable
    Answer find(String token, StreamId entry) {
        Answer answer = known.get(token);
        boolean longAgo = answer != null
                && !answer.entry().equals(entry)
                && given.stream().anyMatch(one -> one.answer() == answer && !isRecent(one));
        return longAgo ? null : answer;
    }

    /** As of the last one: what was enqueued with the same key after that may be another call. */
    private boolean isRecent(Given one) {
        return given.getLast().at() - one.at() <= REMEMBERED_NANOS;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    /** Whether it is still to be given. */
    boolean has(String token) {
        return waiting.stream().anyMatch(answer -> answer.token().equals(token));
    }

    /** Takes out what goes next. */
    List<Answer> nextBatch() {
        List<Answer> batch = new ArrayList<>();
        int bytes = 0;
        while (!waiting.isEmpty() && batch.size() < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
            Answer next = waiting.remove();
            bytes += next.response().length;
            batch.add(next);
        }
        return batch;
    }

    /** They were not given, as far as is known; they go first. */
    void putBack(List<Answer> batch) {
        for (int i = batch.size() - 1; i >= 0; i--) {
            waiting.addFirst(batch.get(i));
        }
    }

    /** Redis has taken them some time after they were sent, but for the tokens of those that do not count. */
    void taken(List<Answer> batch, List<String> late, long sent) {
        for (Answer answer : batch) {
            if (late.isEmpty() || !late.contains(answer.token())) {
                given.add(new Given(answer, sent));
                givenBytes += bytes(answer);
            } else {
                known.remove(answer.token(), answer);
            }
        }
        if (!untilReplicated) {
            forgetOld(sent);
        }
    }

    /** Those that Redis has taken and that are remembered, the oldest first; no more than are confirmed at once. */
    List<Answer> given() {
        return given.stream().limit(MAX_CONFIRMED).map(Given::answer).toList();
    }

    /** Replicas have these as well, or perhaps not even the server has: another one may have taken over. */
    void compared(List<Answer> answers, boolean replicated) {
        if (!replicated) {
            giveAgain();
            return;
        }
        Set<Answer> there = Collections.newSetFromMap(new IdentityHashMap<>());
        there.addAll(answers);
        given.removeIf(one -> there.contains(one.answer()) && forgotten(one.answer()));
    }

    private boolean forgotten(Answer answer) {
        givenBytes -= bytes(answer);
        known.remove(answer.token(), answer);
        return true;
    }

    /** Redis may have lost the last ones: they are given once more. Older ones are if their calls come again. */
    void giveAgain() {
        if (given.isEmpty()) {
            return;
        }
        List<Given> again = given.stream().filter(this::isRecent).toList();
        putBack(again.stream().map(Given::answer).toList());
        again.forEach(one -> givenBytes -= bytes(one.answer()));
        given.removeAll(again);
    }

    private void forgetOld(long now) {
        while (!given.isEmpty()
                && (givenBytes > MAX_REMEMBERED_BYTES || now - given.element().at() > REMEMBERED_NANOS)) {
            boolean unused = forgotten(given.remove().answer());
        }
    }

    private static int bytes(Answer answer) {
        return OVERHEAD + answer.response().length;
    }
}

package dev.omnibus.rpc.internal.server;

import dev.omnibus.transport.CallQueues.Answer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
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
    private static final int MAX_BATCH_BYTES = 1024 * 1024;

    /** Shorter than any retention: what is given again must find what is known of its call. */
    private static final long REMEMBERED_NANOS = TimeUnit.SECONDS.toNanos(8);

    private static final int MAX_REMEMBERED_BYTES = 1024 * 1024;
    private static final int OVERHEAD = 256; // of each

    private record Given(Answer answer, long at) {}

    private final Deque<Answer> waiting = new ArrayDeque<>();
    private final Deque<Given> given = new ArrayDeque<>(); // oldest first
    private final Map<String, Answer> known = new HashMap<>(); // all of both, by their tokens
    private int givenBytes;

    void add(Answer answer) {
        waiting.add(answer);
        known.put(answer.token(), answer);
    }

    /** The answer that a call got a moment ago, if it did. */
    @Nullable
    Answer find(String token) {
        return known.get(token);
    }

    /** The calls whose answers are given, or were a moment ago. */
    Set<String> tokens() {
        return known.keySet();
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
        while (givenBytes > MAX_REMEMBERED_BYTES) {
            forgetOldest();
        }
    }

    /**
     * Redis may have lost the last ones: they are given once more.
     *
     * @param last when something was sent to Redis, last, that it has answered
     */
    void giveAgain(long last) {
        forgetOld(last);
        given.forEach(one -> waiting.add(one.answer()));
        given.clear();
        givenBytes = 0;
    }

    /**
     * Redis has answered something that was sent then: what was given long before is certainly there. A call that comes
     * after that under the same key is another one.
     */
    void forgetOld(long now) {
        while (!given.isEmpty() && now - given.element().at() > REMEMBERED_NANOS) {
            forgetOldest();
        }
    }

    private void forgetOldest() {
        Answer oldest = given.remove().answer();
        givenBytes -= bytes(oldest);
        known.remove(oldest.token(), oldest);
    }

    private static int bytes(Answer answer) {
        return OVERHEAD + answer.response().length;
    }
}

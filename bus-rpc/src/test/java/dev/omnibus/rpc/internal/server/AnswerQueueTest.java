package dev.omnibus.rpc.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.CallQueues.Answer;
import dev.omnibus.transport.StreamId;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AnswerQueueTest {

    private final AnswerQueue queue = new AnswerQueue();

    private void add(String token, int bytes) {
        queue.add(new Answer(new StreamId(1, 1), token, new byte[bytes]));
    }

    private static List<String> tokens(List<Answer> answers) {
        return answers.stream().map(Answer::token).toList();
    }

    @Test
    void whatCouldNotBeGivenGoesFirstAndInOrder() {
        add("1", 1);
        add("2", 1);
        List<Answer> batch = queue.nextBatch();
        add("3", 1);
        queue.putBack(batch);
        assertTrue(queue.has("2"));
        assertEquals(List.of("1", "2", "3"), tokens(queue.nextBatch()));
        assertTrue(queue.isEmpty());
        assertFalse(queue.has("2"));
    }

    @Test
    void aBatchHasALimitOfNumberAndOfBytes() {
        for (int i = 0; i < 130; i++) {
            add("x", 1);
        }
        assertEquals(128, queue.nextBatch().size());
        assertEquals(2, queue.nextBatch().size());
        add("large", 2 * 1024 * 1024);
        add("small", 1);
        assertEquals(List.of("large"), tokens(queue.nextBatch()));
    }

    private void give(long seconds, String... late) {
        queue.taken(queue.nextBatch(), List.of(late), TimeUnit.SECONDS.toNanos(seconds));
    }

    private void giveAgain(long seconds) {
        queue.giveAgain(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void whatWasTakenAMomentAgoIsGivenAgainUnlessItDidNotCount() {
        add("1", 1);
        give(0);
        add("2", 1);
        add("3", 1);
        give(6, "3");
        add("4", 1);
        giveAgain(7);
        assertEquals(List.of("4", "1", "2"), tokens(queue.nextBatch()));
        giveAgain(7);
        assertTrue(queue.isEmpty());
    }

    @Test
    void onlyWhatRedisHasAnsweredSinceMakesAnAnswerOld() {
        add("1", 1);
        give(0);
        giveAgain(8); // after an outage, however long
        assertEquals(List.of("1"), tokens(queue.nextBatch()));
        add("2", 1);
        give(0);
        add("3", 1);
        give(9);
        giveAgain(9);
        assertEquals(List.of("3"), tokens(queue.nextBatch()));
    }

    @Test
    void anAnswerIsKnownAsLongAsItWaitsOrIsRemembered() {
        add("1", 1);
        assertNotNull(queue.find("1"));
        give(0);
        assertNotNull(queue.find("1"));
        assertFalse(queue.has("1"));
        add("2", 1);
        give(3_600, "2");
        assertNull(queue.find("2"));
        queue.forgetOld(TimeUnit.SECONDS.toNanos(8));
        assertNotNull(queue.find("1"));
        queue.forgetOld(TimeUnit.SECONDS.toNanos(9)); // what comes with its key now is another call
        assertNull(queue.find("1"));
        assertEquals(Set.of(), queue.tokens());
    }

    @Test
    void littleIsRemembered() {
        for (int i = 0; i < 20; i++) {
            add("a" + i, 100_000);
            give(0);
        }
        giveAgain(0);
        assertTrue(queue.size() <= 10, () -> queue.size() + " of them");
        assertTrue(queue.has("a19"));
    }
}

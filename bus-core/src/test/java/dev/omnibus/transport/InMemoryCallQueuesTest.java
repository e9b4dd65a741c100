package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class InMemoryCallQueuesTest extends CallQueuesContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    @Override
    void takeOver() {
        network.failOver();
    }

    @Override
    void standStill(Duration time) {
        network.advance(time);
    }

    @Test
    void whatIsDoneWhileAnswersAreLostIsDoneAllTheSame() {
        network.loseAnswers(true);
        CompletableFuture<List<Enqueued>> lost = queues.enqueue(keys, List.of(call("1")));
        network.loseAnswers(false);
        assertEquals(TransportException.Kind.CONNECTION_LOST, StreamsFixture.kind(lost));
        assertEquals(List.of(Enqueued.KNOWN), enqueue(call("1")));
    }

    @Test
    void theAnswerOfACallThatWasForgottenWhileItRanIsKept() {
        enqueue(call("1"));
        renew(a);
        var taken = take(a, 1).get(0);
        network.forget();
        assertTrue(!find("1").known());
        assertEquals(List.of(), finish(a, taken, "done").late());
        assertEquals("done", answer("1"));
    }

    @Test
    void whatANodeHadThatWasTheOnlyOneEndsWhenItIsLookedFor() {
        enqueue(call("1"), idempotent("2"));
        renew(a);
        assertEquals(2, take(a, 2).size());
        network.advance(LEASE.plusSeconds(1));
        assertEquals("", answer("1")); // perhaps nobody could renew
        assertEquals("", answer("2"));
        network.advance(Duration.ofSeconds(11));
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
        assertEquals("", answer("2")); // another node may begin it
        network.advance(HOUR);
        assertEquals(ending("2", "-", -32006, "the node that had begun it left or died"), answer("2"));
        assertTrue(renew(a).wasGone());
    }
}

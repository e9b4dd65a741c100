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
}

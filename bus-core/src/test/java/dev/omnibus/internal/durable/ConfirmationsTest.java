package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.PublishException.Reason;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** Publishing that waits for a confirmation, whatever becomes of the question. */
class ConfirmationsTest extends DurableTimeFixture {

    private static final PublishOptions CONFIRMED =
            PublishOptions.defaults().withReplicas(1).withSynced();

    ConfirmationsTest() throws Exception {}

    private static void assertUnconfirmed(CompletableFuture<Position> publishing) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> publishing.get(10, SECONDS));
        PublishException failure = assertInstanceOf(PublishException.class, e.getCause());
        assertEquals(Reason.UNCONFIRMED, failure.reason());
        assertEquals(Outcome.APPENDED, failure.outcome());
    }

    @Test
    void inMemoryItIsConfirmedAtOnceAndAskedForOnlyIfItIsWanted() throws Exception {
        here.topic.publish(1).get(10, SECONDS);
        assertEquals(0, here.faults.asked("confirm"));
        here.topic.publish(2, CONFIRMED).get(10, SECONDS);
        assertEquals(1, here.faults.asked("confirm"));
    }

    @Test
    void whatGathersWhileAnAnswerIsAwaitedIsOneQuestion() throws Exception {
        here.faults.hold("confirm");
        CompletableFuture<Position> first = here.topic.publish(0, CONFIRMED);
        await().until(() -> here.faults.asked("confirm") == 1);
        CompletableFuture<Position> last = first;
        for (int i = 1; i <= 100; i++) {
            last = here.topic.publish(i, CONFIRMED);
        }
        here.topic.publish(101).get(10, SECONDS); // whoever does not ask does not wait
        assertFalse(last.isDone());
        here.faults.heal("confirm");
        last.get(10, SECONDS);
        assertEquals(2, here.faults.asked("confirm"));
    }

    @Test
    void aLostAnswerIsAskedForAgain() throws Exception {
        here.faults.lose("confirm");
        CompletableFuture<Position> publishing = here.topic.publish(1, CONFIRMED);
        await().until(() -> {
            here.second();
            return here.faults.asked("confirm") > 2;
        });
        assertFalse(publishing.isDone());
        here.faults.heal("confirm");
        await().until(() -> {
            here.second();
            return publishing.isDone();
        });
        publishing.get(10, SECONDS);
    }

    @Test
    void whatIsNotConfirmedInTimeIsAppendedAllTheSame() throws Exception {
        here.faults.lose("confirm");
        CompletableFuture<Position> publishing = here.topic.publish(1, CONFIRMED.withTimeout(Duration.ofSeconds(5)));
        await().until(() -> {
            here.second();
            return publishing.isDone();
        });
        assertUnconfirmed(publishing);
        assertEquals(1, here.topic.status().get(10, SECONDS).entries());
    }

    @Test
    void whatCannotBeConfirmedFailsAtOnceAndOthersDoNot() throws Exception {
        here.faults.refuse("confirm", Kind.NOT_ALLOWED);
        assertUnconfirmed(here.topic.publish(1, CONFIRMED));
        here.faults.heal("confirm");
        here.topic.publish(2, CONFIRMED).get(10, SECONDS);
    }

    @Test
    void aBusThatClosesLeavesNoneWithoutAnOutcome() throws Exception {
        here.faults.hold("confirm");
        CompletableFuture<Position> publishing = here.topic.publish(1, CONFIRMED);
        await().until(() -> here.faults.asked("confirm") == 1);
        here.bus.close();
        assertUnconfirmed(publishing);
    }
}

package dev.omnibus.rpc.internal.client;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.rpc.RpcException;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EnqueueLaneTest {

    private static final Duration HOUR = Duration.ofHours(1);

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final Transport transport = network.open();
    private final CallQueues queues = transport.callQueues();
    private final QueueKeys keys = new QueueKeys("test:queue:{m}", "test:queue:m", "test:inbox:");
    private final BlockingQueue<Runnable> pauses = new LinkedBlockingQueue<>();
    private final EnqueueLane lane = new EnqueueLane(queues, keys, "m", (pause, then) -> pauses.add(then));
    private final BlockingQueue<String> outcomes = new LinkedBlockingQueue<>();

    /** Whether it is given up, each time it is asked; in the end it is. */
    private final class Item implements EnqueueLane.Item {

        private final Deque<Boolean> givenUp;

        Item(Boolean... givenUp) {
            this.givenUp = new ArrayDeque<>(Arrays.asList(givenUp));
        }

        @Override
        public Call call() {
            return new Call("1", new byte[1], HOUR, Duration.ZERO, HOUR, false, "", 9, "caller");
        }

        @Override
        public void enqueued(boolean known) {
            outcomes.add("enqueued");
        }

        @Override
        public void refused(RpcException why) {
            outcomes.add("refused, executed: " + (why.notExecuted() ? "no" : "perhaps"));
        }

        @Override
        public boolean isGivenUp() {
            return givenUp.isEmpty() || givenUp.remove();
        }

        @Override
        public Duration elapsed() {
            return Duration.ZERO;
        }
    }

    @AfterEach
    void close() {
        queues.close();
        transport.close();
    }

    private boolean isEnqueued() {
        return queues.find(keys, List.of("1"), "").join().get(0).known();
    }

    private void fail(Item item) {
        network.down();
        lane.add(item);
        network.up();
    }

    private void tryAgain() throws InterruptedException {
        Objects.requireNonNull(pauses.poll(20, SECONDS)).run();
    }

    private void assertOutcome(String expected) throws InterruptedException {
        assertEquals(expected, outcomes.poll(20, SECONDS));
    }

    @Test
    void aCallThatIsTriedAgainHasOneOutcome() throws Exception {
        fail(new Item(false, false));
        tryAgain();
        assertOutcome("enqueued");
        assertEquals(0, outcomes.size());
    }

    @Test
    void aCallIsNotRefusedAndEnqueuedAsWell() throws Exception {
        fail(new Item(false)); // the time for it ends between two looks at the clock
        tryAgain();
        assertOutcome("refused, executed: no");
        assertFalse(isEnqueued());
        assertEquals(0, outcomes.size());
    }

    @Test
    void aCallThatIsGivenUpHoldsUpNoOther() throws Exception {
        fail(new Item(false));
        lane.add(new Item());
        tryAgain();
        assertOutcome("refused, executed: no");
        assertOutcome("enqueued");
        lane.add(new Item());
        assertOutcome("enqueued");
    }

    @Test
    void whatWasPerhapsSentSaysSo() throws Exception {
        network.loseAnswers(true);
        lane.add(new Item());
        network.loseAnswers(false);
        assertOutcome("refused, executed: perhaps");
        assertTrue(isEnqueued());
    }
}

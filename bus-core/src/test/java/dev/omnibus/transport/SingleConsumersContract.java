package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.Streams.TakeOver;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Groups of which a single consumer is active at a time. */
abstract class SingleConsumersContract extends TrimContract {

    @Test
    void ofSingleConsumersTheFirstOneReadsAndTheOthersWait() {
        openGroup(SETTINGS);
        fill(3);
        Consumer first = new Consumer(keys, "g", "a", true);
        Consumer second = new Consumer(keys, "g", "b", true);
        assertFalse(streams.takeOver(second, LEASE, 0, false).join().active()); // it is closing
        assertTrue(takeOver(first).active());
        assertFalse(takeOver(second).active());
        assertTrue(streams.takeOver(first, LEASE, 0, false).join().active());
        assertEquals(List.of(), read(second, 3));
        List<StreamEntry> read = read(first, 2);
        assertEquals(List.of("e1", "e2"), texts(read));
        assertEquals(1, streams.turn(first, List.of(read.get(0).id()), 0).join().acknowledged());

        assertTrue(streams.leave(first, false).join());
        TakeOver next = takeOver(second);
        assertTrue(next.active());
        assertEquals(List.of("e2"), texts(next.entries()));
        assertEquals(Attempts.NONE, next.entries().get(0).attempts());
        assertEquals(List.of("e3"), texts(read(second, 3)));
        assertFalse(takeOver(first).active());
    }

    @Test
    void theNextSingleConsumerTakesWhatAllOthersHadInOrder() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(12);
        Consumer first = new Consumer(keys, "g", "a", true);
        Consumer second = new Consumer(keys, "g", "b", true);
        Consumer third = new Consumer(keys, "g", "c", true);
        takeOver(first);
        read(first, 12);
        streams.turn(first, ids.subList(0, 1), 0).join();
        outlive(second);
        assertEquals(
                2, streams.takeOver(second, LEASE, 2, true).join().entries().size()); // and dies
        TakeOver back = takeOver(first);
        assertTrue(back.wasGone());
        assertFalse(back.active());
        outlive(third);

        TakeOver part = streams.takeOver(third, LEASE, 4, true).join();
        assertEquals(List.of("e2", "e3", "e4", "e5"), texts(part.entries()));
        assertEquals(new Attempts(true, 0, 0), part.entries().get(3).attempts());
        assertTrue(part.more());
        TakeOver rest = takeOver(third);
        assertEquals(7, rest.entries().size());
        assertFalse(rest.more());
        assertTrue(takeOver(first).wasGone());
        assertEquals(11, streams.pending(third, StreamId.EARLIEST, 20).join().size());
    }

    @Test
    void aSingleConsumerMayStayAndLetAnotherOneBeActive() {
        openGroup(SETTINGS);
        fill(2);
        Consumer first = new Consumer(keys, "g", "a", true);
        Consumer second = new Consumer(keys, "g", "b", true);
        assertEquals(Set.of("a"), takeOver(first).candidates());
        assertEquals(List.of("e1"), texts(read(first, 1)));
        TakeOver standby = streams.takeOver(second, LEASE, 0, true).join();
        assertFalse(standby.active());
        assertEquals(Set.of("a", "b"), standby.candidates());

        assertTrue(streams.leave(first, true).join());
        TakeOver after = streams.takeOver(first, LEASE, 0, true).join();
        assertFalse(after.active() || after.wasGone());
        assertEquals(List.of(), read(first, 1));
        TakeOver next = takeOver(second);
        assertTrue(next.active());
        assertEquals(List.of("e1"), texts(next.entries()));
        assertEquals(Attempts.NONE, next.entries().get(0).attempts());
        assertEquals(List.of("e2"), texts(read(second, 1)));
        assertTrue(streams.leave(first, true).join()); // which is nothing to it that another one is active
        assertTrue(takeOver(second).active());
    }

    @Test
    void aSingleConsumerIsNoCandidateWhenItIsClosingOrDeadOrHasLeft() {
        openGroup(SETTINGS);
        Consumer first = new Consumer(keys, "g", "a", true);
        Consumer second = new Consumer(keys, "g", "b", true);
        Consumer third = new Consumer(keys, "g", "c", true);
        takeOver(first);
        takeOver(second);
        assertEquals(Set.of("a", "b", "c"), takeOver(third).candidates());
        assertTrue(streams.leave(third, false).join());
        assertEquals(
                Set.of("a"), streams.takeOver(second, LEASE, 0, false).join().candidates());
        outlive(second);
        assertEquals(Set.of("b"), takeOver(second).candidates());
    }

    @Test
    void whereASingleConsumerIsActiveNoOtherKindIs() {
        openGroup(SETTINGS);
        fill(1);
        Consumer single = new Consumer(keys, "g", "a", true);
        takeOver(single);
        assertEquals(TransportException.Kind.REFUSED, kind(streams.takeOver(b, LEASE, 1, true)));
        assertTrue(takeOver(single).active());
        assertTrue(streams.leave(single, false).join());
        assertTrue(takeOver(b).active());
        assertEquals(List.of("e1"), texts(read(b, 1)));
    }

    @Test
    void aGroupWhoseSingleConsumersAllDiedMayBeOfAnotherKind() {
        openGroup(SETTINGS);
        takeOver(new Consumer(keys, "g", "a", true));
        pass(LEASE.plusSeconds(1));
        assertTrue(takeOver(b).active());
    }

    @Test
    void afterAnOutageTheSameConsumerIsActiveAndTheOthersAreCandidates() {
        openGroup(SETTINGS);
        Consumer first = new Consumer(keys, "g", "a", true);
        Consumer second = new Consumer(keys, "g", "b", true);
        takeOver(first);
        takeOver(second);
        pass(LEASE.multipliedBy(5)); // nobody can renew
        TakeOver back = takeOver(second);
        assertFalse(back.active());
        assertEquals(Set.of("a", "b"), back.candidates());
        assertTrue(takeOver(first).active());
    }
}

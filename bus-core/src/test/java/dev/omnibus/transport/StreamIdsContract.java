package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.StreamSettings.WhenFull;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What publishers have in common: the ids of their entries, and roles that one has at a time. */
abstract class StreamIdsContract extends StreamsFixture {

    private static final String ROLE = "relay";

    private AppendResult.Appended sendWithIds(String publisher, long first, String... ids) {
        return assertInstanceOf(
                AppendResult.Appended.class,
                streams.append(keys, appendWithIds(publisher, first, ids)).join());
    }

    private static List<Optional<StreamId>> idsOf(AppendResult.Appended appended, long first, int count) {
        return LongStream.range(first, first + count).mapToObj(appended::idOf).toList();
    }

    @Test
    void whatHasAnIdIsStoredOnceWhoeverAppendsIt() {
        open(SETTINGS);
        AppendResult.Appended first = sendWithIds("p", 1, "a", "b");
        AppendResult.Appended second = sendWithIds("q", 1, "x", "b", "a", "y", "z", "y");
        assertEquals(
                List.of("p1 a", "p2 b", "q1 x", "q4 y", "q5 z"),
                texts(streams.range(keys, StreamId.EARLIEST, 10).join().entries()));
        List<StreamId> stored =
                ids(streams.range(keys, StreamId.EARLIEST, 10).join().entries());
        List<Integer> order = List.of(2, 1, 0, 3, 4, 3);
        List<Optional<StreamId>> expected =
                order.stream().map(at -> Optional.of(stored.get(at))).toList();
        assertEquals(List.of(Optional.of(stored.get(0)), Optional.of(stored.get(1))), idsOf(first, 1, 2));
        assertEquals(expected, idsOf(second, 1, 6));
        assertEquals(6, second.last());

        assertEquals(expected, idsOf(sendWithIds("q", 1, "x", "b", "a", "y", "z", "y"), 1, 6)); // its answer was lost
        assertEquals(expected, idsOf(sendWithIds("r", 1, "x", "b", "a", "y", "z", "y"), 1, 6));
        assertEquals(5, streams.status(keys).join().entries());
    }

    @Test
    void theSequenceOfAPublisherGoesOnBehindWhatWasNotStored() {
        open(SETTINGS);
        StreamId there = sendWithIds("q", 1, "b").idOf(1).orElseThrow();
        AppendResult.Appended appended = sendWithIds("p", 1, "a", "b");
        assertEquals(Optional.of(there), appended.id());
        assertEquals(Optional.of(there), appended.idOf(2));
        assertEquals(new AppendResult.Hole(2), send(4, "e4"));
        assertEquals(new AppendResult.Appended(2, Optional.of(there), 2), send(3));

        AppendResult.Appended next = assertInstanceOf(AppendResult.Appended.class, send(2, "e2", "e3", "e4"));
        assertEquals(3, next.from());
        assertEquals(
                next.idOf(4),
                streams.range(keys, StreamId.EARLIEST, 10).join().entries().stream()
                        .map(StreamEntry::id)
                        .reduce((earlier, last) -> last));
        assertEquals(
                List.of("q1 b", "p1 a", "e3", "e4"),
                texts(streams.range(keys, StreamId.EARLIEST, 10).join().entries()));
        assertEquals(next, send(2, "e2", "e3", "e4"));
    }

    @Test
    void anIdIsKnownForAllOfItsWindowAndThenNoMore() {
        open(SETTINGS);
        sendWithIds("p", 1, "a");
        pass(WINDOW.minusSeconds(10));
        sendWithIds("q", 1, "b");
        pass(Duration.ofSeconds(20));
        sendWithIds("r", 1, "c"); // a window behind the first one: from here on they are kept apart
        assertEquals(3, streams.status(keys).join().entries());
        pass(WINDOW.minusSeconds(40));
        sendWithIds("s", 1, "b", "c");
        assertEquals(3, streams.status(keys).join().entries());
        pass(WINDOW.multipliedBy(2));
        sendWithIds("t", 1, "a", "b", "c");
        assertEquals(6, streams.status(keys).join().entries());
    }

    @Test
    void whatHasTheSameIdTakesOnePlace() {
        openGroup(new StreamSettings(2, 1L << 30, Duration.ZERO, Optional.empty(), WhenFull.REFUSE, Map.of()));
        AppendResult.Appended done = sendWithIds("p", 1, "a", "a", "b");
        assertEquals(done.idOf(1), done.idOf(2));
        assertEquals(2, streams.status(keys).join().entries());
    }

    @Test
    void aFullStreamStillKnowsIds() {
        openGroup(new StreamSettings(2, 1L << 30, Duration.ZERO, Optional.empty(), WhenFull.REFUSE, Map.of()));
        StreamId there = sendWithIds("p", 1, "a", "b").idOf(2).orElseThrow();
        assertEquals(Optional.of(there), sendWithIds("q", 1, "b").idOf(1));
        assertInstanceOf(
                AppendResult.Full.class,
                streams.append(keys, appendWithIds("q", 2, "a", "c")).join());
    }

    @Test
    void eachEntryHasAnIdOrNoneHas() {
        StreamIds one = new StreamIds(List.of("a"), WINDOW);
        List<byte[]> two = List.of(new byte[1], new byte[1]);
        assertThrows(
                IllegalArgumentException.class,
                () -> new Append("", "p", 1, false, false, two, new byte[0], Optional.of(one)));
        assertThrows(IllegalArgumentException.class, () -> new StreamIds(List.of(""), WINDOW));
    }

    @Test
    void oneAtATimeHasARoleAndAnotherOneWhenItsLeaseEndsOrItGivesItBack() {
        assertTrue(streams.hold(keys, ROLE, "a", LEASE).join());
        assertFalse(streams.hold(keys, ROLE, "b", LEASE).join());
        assertTrue(streams.hold(keys, "other", "b", LEASE).join());
        pass(LEASE.minusSeconds(10));
        assertTrue(streams.hold(keys, ROLE, "a", LEASE).join());
        pass(LEASE.minusSeconds(10));
        assertFalse(streams.hold(keys, ROLE, "b", LEASE).join());
        pass(Duration.ofSeconds(20));
        assertTrue(streams.hold(keys, ROLE, "b", LEASE).join());
        assertFalse(streams.hold(keys, ROLE, "a", Duration.ZERO).join()); // is not his any more
        assertFalse(streams.hold(keys, ROLE, "a", LEASE).join());
        assertFalse(streams.hold(keys, ROLE, "b", Duration.ZERO).join());
        assertTrue(streams.hold(keys, ROLE, "a", LEASE).join());
    }
}

package dev.omnibus.internal.durable.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Event;
import java.time.Instant;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RecentlyHandledTest {

    private final RecentlyHandled handled = new RecentlyHandled();

    private static Event<String> event(String source, long sequence, String id) {
        return new Event<>(id, source, "t", "orders", Instant.EPOCH, sequence, Map.of(), "data");
    }

    @Test
    void theLastOnesAreKnownAndNoOthers() {
        int more = 100;
        for (int i = 0; i < RecentlyHandled.MAX + more; i++) {
            handled.add(event("/nodes/a", i, "id" + i));
        }
        assertEquals(
                RecentlyHandled.MAX,
                LongStream.range(0, RecentlyHandled.MAX + 2 * more)
                        .filter(i -> handled.contains(event("/nodes/a", i, "id" + i)))
                        .filter(i -> i >= more)
                        .count());
        assertFalse(handled.contains(event("/nodes/a", more - 1, "id" + (more - 1))));
    }

    @Test
    void oneIsKnownBySourceSequenceAndId() {
        handled.add(event("/nodes/a", 7, "id"));
        assertTrue(handled.contains(event("/nodes/a", 7, "id")));
        assertFalse(handled.contains(event("/nodes/b", 7, "id")));
        assertFalse(handled.contains(event("/nodes/a", 8, "id")));
        assertFalse(handled.contains(event("/nodes/a", 7, "other")));
    }
}

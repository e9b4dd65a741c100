package dev.omnibus.rpc.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SuspectPlaceTest {

    private final List<String> turns = new ArrayList<>();
    private long now = 1;
    private final SuspectPlace place = new SuspectPlace(() -> now, Runnable::run);

    private boolean take(String intake) {
        return place.take(intake, () -> turns.add(intake));
    }

    @Test
    void whoWantsThePlaceGetsItInTurnHoweverBusyTheOthersAre() {
        assertTrue(take("a"));
        assertTrue(place.pass("a", "call of a"));
        assertFalse(take("b"));
        assertFalse(take("c"));
        assertFalse(take("b")); // asks with each of its turns
        place.leave("call of a");
        assertEquals(List.of("b"), turns);
        assertFalse(take("a")); // which is quick, and has more of them
        assertTrue(take("b"));
        place.leave("b"); // there was none
        assertEquals(List.of("b", "c"), turns);
        place.leave("c"); // has no room now
        assertEquals(List.of("b", "c", "a"), turns);
        assertTrue(take("a"));
    }

    @Test
    void whoNeitherHasNorWantsItChangesNothing() {
        assertTrue(take("a"));
        assertFalse(take("b"));
        place.leave("b");
        place.leave("c");
        assertFalse(place.pass("b", "call of b"));
        place.leave("a");
        assertEquals(List.of(), turns);
        assertTrue(place.pass("b", "call of b")); // it was free
        assertFalse(take("a"));
    }

    @Test
    void aSuspectThatGoesOnAndKillsNobodyHoldsUpTheOthersForTenSeconds() {
        assertTrue(take("a"));
        assertTrue(place.pass("a", "slow call"));
        now += TimeUnit.SECONDS.toNanos(11);
        place.tick(); // nobody wants it
        assertFalse(take("b"));
        now += TimeUnit.SECONDS.toNanos(1);
        place.tick();
        assertEquals(List.of("b"), turns);
        assertTrue(take("b"));
        place.leave("slow call");
        assertFalse(take("a"));
        now += TimeUnit.SECONDS.toNanos(9);
        place.tick();
        assertEquals(List.of("b"), turns);
    }
}

package dev.omnibus.transport.redisson;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ReconnectTest {

    @Test
    void whoJoinsWhileNobodyElseWantsItAnyMoreStillGetsIt() {
        AtomicReference<Reconnect> itself = new AtomicReference<>();
        Reconnect reconnect = new Reconnect(() -> {
            assertTrue(itself.get().join(() -> true));
            return false;
        });
        itself.set(reconnect);
        assertTrue(reconnect.isWanted());
    }

    @Test
    void whatNobodyWantedIsOverAndNobodyJoinsIt() {
        Reconnect reconnect = new Reconnect(() -> false);
        assertFalse(reconnect.isWanted());
        assertFalse(reconnect.join(() -> true));
        assertFalse(reconnect.isWanted());
    }
}

package dev.omnibus.transport.redisson;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ReconnectTest {

    @Test
    void whoJoinsWhileNobodyElseWantsItAnyMoreStillGetsIt() {
        CompletableFuture<Reconnect> itself = new CompletableFuture<>();
        Reconnect reconnect = new Reconnect(() -> {
            assertTrue(itself.join().join(() -> true));
            return false;
        });
        itself.complete(reconnect);
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

package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** A broadcast whose number of receivers comes late, or is wrong. */
class BroadcastCountTest extends PlayedNodes {

    private final List<Runnable> held = new CopyOnWriteArrayList<>();

    private RpcClient client(boolean hold, LongUnaryOperator count) {
        Bus bus = Bus.builder(new Counting(network.open(), hold ? "bus:rpc:echo.say" : "", count, held))
                .name("caller")
                .heartbeat(Duration.ofMillis(100))
                .build();
        open.add(bus);
        return RpcClient.on(bus);
    }

    @Test
    void theFirstValuesEndItBeforeTheCountIsThere() {
        serving("a");
        RpcClient client = client(true, count -> count);

        assertEquals(
                List.of("a"),
                client.broadcast("echo.say", String.class, "x")
                        .until(Until.first(1))
                        .ask()
                        .orThrow());
        held.forEach(Runnable::run); // or closing would wait for it
    }

    @Test
    void ofCountsThatAreNotTrustedNothingIsConcluded() {
        serving("a");
        lease(network.open(), "dead");
        RpcClient client = client(false, count -> 0); // also of its own beats, which arrive all the same
        await().until(() -> !client.runtime().channels().countsTrusted());

        Replies<String> replies = client.broadcast("echo.say", String.class, "x")
                .with(within(500))
                .ask();

        assertEquals(List.of("a"), replies.values());
        assertEquals(Map.of("dead", Reason.TIMEOUT), replies.missing());
    }

    @Test
    void aCountThatIsTooHighCostsASecondAndIsSaid() {
        serving("a");
        RpcClient client = client(false, count -> count + 1);

        Replies<String> replies = client.broadcast("echo.say", String.class, "x")
                .with(within(20_000))
                .ask();

        assertEquals(List.of("a"), replies.values());
        assertEquals(1, replies.missingUnnamed());
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 10_000, replies::toString);
    }
}

package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What calls to all nodes must do, on every transport. */
abstract class BroadcastContract extends CallFixture {

    @Test
    void aBroadcastWithoutAServerFailsAtOnceAndSaysSo() {
        RpcClient client = RpcClient.on(bus("caller"));
        RpcException e = assertThrows(
                RpcException.class, () -> client.broadcast(Stock.class).ask(stock -> stock.left("sku-1")));
        assertEquals(Reason.NO_SERVER, e.reason());
    }

    @Test
    void aBroadcastIsAnsweredByEveryNodeAndComplete() {
        for (int i = 1; i <= 5; i++) {
            serving("n" + i, i);
        }

        Replies<Integer> replies =
                RpcClient.on(bus("caller")).broadcast(Stock.class).ask(stock -> stock.left("sku-1"));

        assertTrue(replies.isComplete(), replies::toString);
        assertEquals(15, replies.values().stream().mapToInt(i -> i).sum());
        assertEquals(5, replies.byNode().size());
        assertTrue(replies.elapsed().toMillis() < 5_000, replies::toString);
    }

    @Test
    void aBroadcastNamesTheNodeThatDiesMeanwhile() throws Exception {
        serving("n1", 1);
        serving("n2", 1);
        Transport link = connect();
        Bus dying = Bus.builder(link)
                .name("dying")
                .prefix(prefix)
                .drainTimeout(Duration.ofMillis(10))
                .build();
        RpcServer.on(dying)
                .serve(Stock.class, new Shelf("dying", 1) {
                    @Override
                    public String slow(int millis) {
                        link.close(); // as if the process were killed: no good-bye, and the lease just ends
                        return super.slow(20_000);
                    }
                })
                .ready()
                .join();

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class)
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(30)))
                .askAsync(stock -> stock.slow(500))
                .get(15, SECONDS);

        assertEquals(Map.of(dying.node(), Reason.NODE_LOST), replies.missing());
        assertEquals(Set.of("n1", "n2"), Set.copyOf(replies.values()));
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 10_000, replies::toString);
        release.countDown();
        dying.close();
    }

    @Test
    void aBroadcastIsCompleteAlthoughAnOnlookerListens() {
        serving("n1", 1);
        serving("n2", 2);
        try (Transport onlooker = connect()) {
            onlooker.subscribePattern(prefix + ":*", (channel, frame) -> {}).join();

            Replies<Integer> replies =
                    RpcClient.on(bus("caller")).broadcast(Stock.class).ask(stock -> stock.left("sku-1"));

            assertTrue(replies.isComplete(), replies::toString);
            assertEquals(2, replies.values().size());
            assertTrue(replies.elapsed().toMillis() < 4_000, replies::toString); // not by the timeout of 5 s
        }
    }

    @Test
    void aQuestionMustBeOneCallAndNothingElse() {
        Broadcast<Stock> broadcast = RpcClient.on(bus("caller")).broadcast(Stock.class);

        assertThrows(IllegalArgumentException.class, () -> broadcast.ask(stock -> stock.twice("x")));
        assertThrows(IllegalArgumentException.class, () -> broadcast.ask(stock -> stock.left("x") + " pieces"));
        assertThrows(IllegalArgumentException.class, () -> broadcast.ask(stock -> stock.left("x") + stock.left("y")));
        assertThrows(IllegalArgumentException.class, () -> broadcast.ask(stock -> 0));
    }
}

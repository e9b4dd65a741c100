package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who is counted, who is named and who is missing. */
class BroadcastTest extends PlayedNodes {

    @Test
    void aBroadcastThatNobodyReceivesFailsAlthoughNodesAreListed() {
        lease(network.open(), "dead");
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e = CallContract.failure(client.broadcast("echo.say", String.class, within(5_000), "x"));

        assertEquals(Reason.NO_SERVER, e.reason());
        assertTrue(e.notExecuted());
    }

    @Test
    void aListedNodeThatDidNotReceiveTheQuestionIsMissing() {
        serving("alive");
        lease(network.open(), "dead");

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, within(5_000), "x")
                .join();

        assertEquals(List.of("alive"), replies.values());
        assertEquals(Map.of("dead", Reason.NODE_LOST), replies.missing());
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 4_000, replies::toString);
    }

    @Test
    void aReceiverThatIsNotListedIsAwaitedAndCounted() {
        serving("listed");
        Transport stranger = played("stranger", request -> List.of(result(request, "stranger", "\"stranger\"")));
        stranger.endLease("bus:nodes", "bus:node:stranger").join();
        played("silent", request -> List.of());

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, within(300), "x")
                .join();

        assertEquals(Set.of("listed", "stranger"), Set.copyOf(replies.values()));
        assertEquals(Map.of("silent", Reason.TIMEOUT), replies.missing());
    }

    @Test
    void sixtyFourNodesAnswerOnceEachAlthoughEveryReplyComesTwice() {
        for (int i = 0; i < 64; i++) {
            String node = "n" + i;
            played(node, request -> List.of(result(request, node, "\"x\""), result(request, node, "\"x\"")));
        }

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast("echo.say", String.class, within(10_000), "x")
                .join();

        assertEquals(64, replies.byNode().size());
        assertTrue(replies.isComplete(), replies::toString);
    }
}

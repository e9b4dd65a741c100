package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import org.junit.jupiter.api.Test;

class InMemoryStrangeRepliesTest extends StrangeRepliesContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    @Test
    void anAnswerThatIsAskedForAgainAndAgainDoesNotPileUp() {
        Bus bus = bus("server");
        RpcServer server = RpcServer.on(bus);
        String page = "x".repeat(500_000);
        server.serve("cases.print", params -> page).ready().join();
        PlayedNode greedy = opened(new PlayedNode(connect(), prefix, "greedy"));

        for (int i = 0; i < 300; i++) {
            greedy.ask(
                    "cases.print",
                    bus.node(),
                    "{\"jsonrpc\":\"2.0\",\"id\":" + i
                            + ",\"method\":\"cases.print\",\"params\":[],\"meta\":{\"from\":\"greedy\","
                            + "\"replyTo\":\"" + new ChannelNames(prefix).inbox("greedy")
                            + "\",\"ttl\":60000,\"key\":\"k\"}}");
        }

        await().until(() -> server.stats().served() + server.stats().overloaded() == 300);
        assertTrue(server.stats().served() < 200, () -> server.stats().toString());
    }
}

package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Nodes whose channels are sharded, and others whose are not, on one bus. */
class ShardedNodesTest {

    interface Echo {
        String say(String word);
    }

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final List<String> bad = new CopyOnWriteArrayList<>();

    /** As on a cluster that knows sharded channels. */
    private Bus sharded(String name) {
        return bus(name, new PassingOn(network.open()) {
            @Override
            public boolean shard(Predicate<String> channels) {
                assertTrue(channels.test("bus:rpc:echo.say@" + name) && channels.test("bus:inbox:" + name));
                assertFalse(channels.test("bus:evt:orders") || channels.test("bus:presence"));
                return true;
            }
        });
    }

    private Bus plain(String name) {
        return bus(name, network.open());
    }

    private Bus bus(String name, Transport transport) {
        BusListener listener = new BusListener() {
            @Override
            public void onBadMessage(String channel, String problem) {
                bad.add(problem);
            }
        };
        return Bus.builder(transport).name(name).listener(listener).build();
    }

    private static void serve(Bus bus) throws Exception {
        RpcServer.on(bus)
                .serve(Echo.class, word -> word + " of " + bus.node())
                .ready()
                .get(10, SECONDS);
    }

    @Test
    void nodesOfOneKindCallEachOther() throws Exception {
        try (Bus server = sharded("server");
                Bus caller = sharded("caller")) {
            serve(server);
            assertEquals(
                    "hello of " + server.node(),
                    RpcClient.on(caller).proxy(Echo.class).say("hello"));
            assertEquals(List.of(), bad);
        }
    }

    @Test
    void aNodeOfTheOtherKindIsNotCalledAndItIsSaidWhy() throws Exception {
        try (Bus old = plain("old");
                Bus caller = sharded("caller")) {
            serve(old);
            Echo echo = RpcClient.on(caller).proxy(Echo.class);
            RpcException nobody = assertThrows(RpcException.class, () -> echo.say("hello"));
            assertEquals(Reason.NO_SERVER, nobody.reason());
            assertTrue(nobody.notExecuted());
            await().until(() -> bad.stream().anyMatch(problem -> problem.contains("called on plain channels")));

            try (Bus next = sharded("next")) {
                serve(next);
                assertEquals("hello of " + next.node(), echo.say("hello"));
            }
        }
    }

    @Test
    void aNodeOnPlainChannelsLeavesOutTheShardedOnes() throws Exception {
        try (Bus server = sharded("server");
                Bus caller = plain("caller")) {
            serve(server);
            Echo echo = RpcClient.on(caller).proxy(Echo.class);
            assertEquals(
                    Reason.NO_SERVER,
                    assertThrows(RpcException.class, () -> echo.say("hello")).reason());
            await().until(() -> bad.stream().anyMatch(problem -> problem.contains("called on sharded channels")));
        }
    }
}

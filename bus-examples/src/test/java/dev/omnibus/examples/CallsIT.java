package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.FirstCall.Shelves;
import dev.omnibus.examples.FirstCall.Warehouse;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

@WithRedis
class CallsIT {

    private final RedisServer redis;
    private final String prefix = "calls-" + UUID.randomUUID();

    CallsIT(RedisServer redis) {
        this.redis = redis;
    }

    private Bus bus() {
        return Bus.builder(redis.url()).prefix(prefix).build();
    }

    @Test
    void theFirstCallGivesWhatIsLeft() throws Exception {
        assertEquals("12 left, then 10", FirstCall.firstCall(redis.url()));
    }

    @Test
    void everyPageOnCallsShowsWhatHappens() {
        try (Bus server = bus();
                Bus caller = bus()) {
            RpcClient client = RpcClient.on(caller);
            Warehouse stock = Calls.patient(client);
            assertEquals("NO_SERVER, executed: no", FirstCall.nobodyThere(stock));

            RpcServer.on(server).serve(Warehouse.class, new Shelves()).ready().join();

            assertEquals("12 left", FirstCall.nobodyThere(stock));
            assertEquals(12, Calls.leftAfter(stock, "sku-1", 20));
            assertEquals(0, Calls.leftAfter(stock, "sku-2", 1));
            assertEquals(10, Calls.reserveOnce(client, "order-1", "sku-1", 2));
            assertEquals(10, Calls.reserveOnce(client, "order-1", "sku-1", 2), "once, however often it is asked for");
            assertEquals(8, Calls.reserveOnce(client, "order-2", "sku-1", 2));
            assertEquals(Optional.of(8), stock.left("sku-1"));
            assertEquals(3, Calls.byName(server, caller));
        }
    }

    @Test
    void theDoorLetsInWhoSaysForWhomHeCalls() {
        try (Bus server = bus();
                Bus caller = bus()) {
            Calls.guard(server);
            RpcServer.on(server)
                    .serve("shelf.search", params -> Calls.search(CallContext.current(), List.of("a", "bc")))
                    .ready()
                    .join();
            RpcClient client = RpcClient.on(caller);

            RpcException e = assertThrows(RpcException.class, () -> {
                throw (RpcException) client.call("shelf.search", Integer.class)
                        .handle((value, failure) -> failure)
                        .join();
            });
            assertTrue(String.valueOf(e.getMessage()).endsWith("say for whom you call, in the header \"tenant\""));
            assertEquals(
                    3,
                    client.call(
                                    "shelf.search",
                                    Integer.class,
                                    CallOptions.defaults().withHeader("tenant", "north"))
                            .join());
        }
    }
}

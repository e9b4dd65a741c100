package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Which node gets a call, which calls are one and the same, and methods without an interface. */
abstract class ChoiceContract extends CasesFixture {

    private static final CallOptions OPTIONS = CallOptions.defaults();

    @Test
    void aCallCanBeForOneNodeOnly() {
        Bus a = serving("a");
        Bus b = serving("b");
        RpcClient client = RpcClient.on(bus("caller"));
        for (int i = 0; i < 20; i++) {
            assertEquals("a", again(client, OPTIONS.onNode(a.node())));
            assertEquals("b", again(client, OPTIONS.onNode(b.node())));
        }

        b.close();

        RpcException e = CallFixture.failure(client.call("cases.again", String.class, OPTIONS.onNode(b.node()), "x"));
        assertEquals(Reason.NO_SERVER, e.reason());
        assertTrue(e.notExecuted());
        assertTrue(
                String.valueOf(e.getMessage()).endsWith("the node " + b.node() + " is not there, or does not serve it"),
                e::getMessage);
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.onNode("no node"));
    }

    @Test
    void callsWithTheSameKeyGoToTheSameNodeAndOnlyThoseOfALostNodeMove() {
        Map<String, Bus> nodes = new HashMap<>();
        for (String name : List.of("a", "b", "c", "d")) {
            nodes.put(name, serving(name));
        }
        RpcClient one = RpcClient.on(bus("caller"));
        RpcClient other = RpcClient.on(bus("caller"));
        await().until(() -> Insides.serving(one.runtime().directory().nodes()).size() == 4
                && Insides.serving(other.runtime().directory().nodes()).size() == 4);
        Map<String, String> before = homes(one);

        assertEquals(before, homes(one));
        assertEquals(before, homes(other));
        assertEquals(Set.copyOf(before.values()), nodes.keySet());
        before.values() // of 200, one of four nodes gets 15 or less once in a thousand million times
                .forEach(home ->
                        assertTrue(before.values().stream().filter(home::equals).count() > 15, before::toString));

        Objects.requireNonNull(nodes.get("c")).close();
        await().until(() -> Insides.serving(one.runtime().directory().nodes()).size() == 3);
        homes(one).forEach((key, home) -> {
            String was = before.get(key);
            assertTrue(home.equals(was) || "c".equals(was), () -> key + " moved from " + was + " to " + home);
        });
    }

    private static Map<String, String> homes(RpcClient client) {
        Map<String, String> homes = new HashMap<>();
        for (int i = 0; i < 200; i++) {
            homes.put("customer-" + i, again(client, OPTIONS.withAffinity("customer-" + i)));
        }
        return homes;
    }

    private static String again(RpcClient client, CallOptions options) {
        return client.call("cases.again", String.class, options, "x").join();
    }

    @Test
    void aCallThatIsRepeatedWithItsKeyIsExecutedOnce() {
        String node = serving("a").node();
        RpcClient client = RpcClient.on(bus("caller"));

        for (int i = 0; i < 5; i++) {
            assertEquals(
                    "a", again(client, OPTIONS.withIdempotencyKey("order-1").onNode(node)));
        }
        assertEquals(1, executions.get());
        assertEquals("a", again(client, OPTIONS.withIdempotencyKey("order-2")));
        client.call("cases.nothing", Void.class, OPTIONS.withIdempotencyKey("order-2"))
                .join();
        assertEquals(3, executions.get());
        RpcClient stranger = RpcClient.on(bus("stranger"));
        assertEquals("a", again(stranger, OPTIONS.withIdempotencyKey("order-1")));
        assertEquals(4, executions.get(), "a key is known for one caller only");
    }

    @Test
    void aKeyStandsForOneSetOfArguments() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions keyed = OPTIONS.withIdempotencyKey("order-1");
        assertEquals(3, client.call("cases.size", Integer.class, keyed, "abc").join());

        for (String other : List.of("abcd", "abc".repeat(1_000))) {
            RpcException e = CallFixture.failure(client.call("cases.size", Integer.class, keyed, other));
            assertEquals(Reason.REFUSED, e.reason());
            assertTrue(e.notExecuted());
            assertTrue(
                    String.valueOf(e.getMessage())
                            .endsWith("its idempotency key was used before with other arguments; nothing was executed."
                                    + " Take a new key for each thing that is to be done once"),
                    e::getMessage);
        }
        assertEquals(3, client.call("cases.size", Integer.class, keyed, "abc").join());
    }

    @Test
    void aCallThatIsRepeatedWhileItRunsWaitsForTheFirst() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions options = within(20_000).withIdempotencyKey("k");
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            calls.add(client.call("cases.again", String.class, options, "block"));
        }
        await().until(() -> notes.contains("started block"));
        client.call("cases.nothing", Void.class).join();
        assertEquals(2, executions.get());
        release.countDown();

        calls.forEach(call -> assertEquals("a", call.join()));
        assertEquals(2, executions.get());
    }

    @Test
    void oneOfTwoThatWaitForTheSameCallMayGiveUpAndTheLastOneEndsIt() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions options = within(60_000).withIdempotencyKey("k");
        CompletableFuture<String> first = client.call("cases.again", String.class, options, "block");
        await().until(() -> notes.contains("started block"));
        CompletableFuture<String> second = client.call("cases.again", String.class, options, "block");
        CompletableFuture<String> third = client.call("cases.again", String.class, options, "block");
        client.call("cases.again", String.class, options.withIdempotencyKey("behind them"), "x")
                .join();

        first.cancel(true);
        second.cancel(true);
        client.call("cases.again", String.class, options.withIdempotencyKey("behind that"), "x")
                .join();
        assertFalse(notes.contains("interrupted block true"), notes::toString);
        assertFalse(third.isDone());
        third.cancel(true);

        await().atMost(20, SECONDS).until(() -> notes.contains("interrupted block true"));
        assertEquals(3, executions.get(), "two that are not the same, and one for all three");
    }

    @Test
    void aCallWithAKeyGoesOnAfterItsTimeoutForWhoAsksForItAgain() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e = CallFixture.failure(
                client.call("cases.again", String.class, within(1_000).withIdempotencyKey("k"), "block"));
        assertEquals(Reason.TIMEOUT, e.reason());
        CompletableFuture<String> again =
                client.call("cases.again", String.class, within(60_000).withIdempotencyKey("k"), "block");
        client.call("cases.again", String.class, OPTIONS.withIdempotencyKey("behind it"), "x")
                .join();
        release.countDown();

        assertEquals("a", again.join());
        assertEquals(2, executions.get());
    }

    @Test
    void aRepeatedCallThatWasNotExecutedIsExecuted() {
        serving("a", new ServiceOptions(1, 0));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> busy = client.call("cases.block", String.class, within(20_000), "x");
        await().until(() -> notes.contains("started x"));
        CallOptions keyed = OPTIONS.withIdempotencyKey("k");

        RpcException e = CallFixture.failure(client.call("cases.nothing", Void.class, keyed));
        assertEquals(Reason.OVERLOADED, e.reason());
        assertTrue(
                String.valueOf(e.getMessage())
                        .endsWith("the node has 1 calls of this service to do; nothing was executed"),
                e::getMessage);
        release.countDown();
        busy.join();
        await().ignoreExceptions()
                .until(() -> client.call("cases.nothing", Void.class, keyed)
                        .handle((value, failure) -> failure == null)
                        .join());

        assertEquals(1, executions.get());
    }

    @Test
    void anOverloadedNodeIsTriedAgainWhereThatIsAskedFor() {
        serving("a", new ServiceOptions(1, 0));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> busy = client.call("cases.block", String.class, within(20_000), "x");
        await().until(() -> notes.contains("started x"));
        CompletableFuture<Void> patient =
                client.call("cases.nothing", Void.class, within(20_000).withRetries(10));
        assertEquals(
                Reason.OVERLOADED,
                CallFixture.failure(client.call("cases.nothing", Void.class)).reason());
        release.countDown();
        busy.join();

        patient.join();
        assertEquals(1, executions.get());
    }

    record Amount(String sku, int pieces) {}

    @Test
    void methodsAreServedAndCalledWithoutAnInterface() {
        Bus server = serving("a");
        RpcServer rpc = RpcServer.on(server);
        Registration extra = rpc.serve("cases.echo", params -> params);
        rpc.serve("shop.order", Amount.class, amount -> CompletableFuture.completedFuture(amount.pieces() + 1))
                .ready()
                .join();

        extra.ready().join();
        RpcClient client = RpcClient.on(bus("caller"));

        assertEquals(
                "[1,\"x\",null]",
                client.call("cases.echo", JsonNode.class, 1, "x", null).join().toString());
        assertEquals(
                Map.of("a", List.of(1)),
                client.call(
                                "cases.echo",
                                new TypeReference<Map<String, List<Integer>>>() {},
                                OPTIONS,
                                NamedParams.of(Map.of("a", List.of(1))))
                        .join());
        assertEquals(
                4,
                client.call("shop.order", Integer.class, NamedParams.of(Map.of("sku", "x", "pieces", 3)))
                        .join());
        RpcException refused = CallFixture.failure(client.call("shop.order", Integer.class, 1, 2));
        assertEquals(Reason.REFUSED, refused.reason());
        assertTrue(
                String.valueOf(refused.getMessage()).endsWith("the argument of shop.order does not fit Amount at $"),
                refused.getMessage());

        extra.close();
        extra.closed().join();
        assertEquals(
                Reason.NO_SERVER,
                CallFixture.failure(client.call("cases.echo", JsonNode.class, 1))
                        .reason());
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join()); // the rest of the service is still there
    }

    @Test
    void aMethodIsServedOnceOnANode() {
        Bus server = serving("a");
        IllegalStateException e = assertThrows(
                IllegalStateException.class, () -> RpcServer.on(server).serve("cases.add", params -> params));
        assertEquals(
                "This node already serves \"cases.add\"; give one of the contracts another name with @ServiceName",
                e.getMessage());
    }
}

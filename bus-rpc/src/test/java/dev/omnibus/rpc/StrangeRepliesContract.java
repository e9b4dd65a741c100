package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Replies that come late, twice or to the wrong one, and callers and servers that do not quite fit, on every transport.
 */
abstract class StrangeRepliesContract extends CasesFixture {

    private PlayedNode played(String id) {
        return opened(new PlayedNode(connect(), prefix, id));
    }

    private static CompletableFuture<String> say(RpcClient client, PlayedNode node, long millis) {
        return client.call("echo.say", String.class, within(millis).onNode(node.id), "x");
    }

    @Test
    void aReplyThatComesTooLateIsDropped() {
        PlayedNode slow = played("slow");
        CompletableFuture<RpcCodec.Request> asked = slow.keep("echo", "say");
        RpcClient client = RpcClient.on(bus("caller"));
        client.runtime().directory().ready().join(); // all of the time is the call's own
        assertEquals(
                Reason.TIMEOUT, CallFixture.failure(say(client, slow, 2_000)).reason());
        RpcCodec.Request request = asked.orTimeout(20, SECONDS).join();
        CompletableFuture<String> next = say(client, slow, 60_000);

        slow.publish(request.replyTo(), slow.result(request, "\"late\""));
        serving("a");
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join());
        assertFalse(next.isDone(), "the late one was for another call");
        assertEquals(1, client.runtime().pending().size());
        next.cancel(true);
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void ofRepliesThatComeTwiceTheFirstCounts() {
        PlayedNode twice = played("twice");
        twice.serve(
                "echo",
                "say",
                request -> List.of(twice.result(request, "\"first\""), twice.result(request, "\"second\"")));
        RpcClient client = RpcClient.on(bus("caller"));

        for (int i = 0; i < 50; i++) {
            assertEquals("first", say(client, twice, 20_000).join());
        }
        assertEquals(0, client.runtime().pending().size());
    }

    /** Each says whose it is, so whoever waits for it learns of it; the one beside it in the same frame is not lost. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "'result':NaN",
                "'result':{'a'}",
                "'result':[1,]",
                "'result':1,'result':2",
                "'result':{'a':1,'a':2}",
                "'result':{'a':1}",
                "'result':1,'error':{'code':7,'message':'no'}",
                "'error':'no'",
                "'error':{'message':'no'}",
                "'error':{'code':1e400,'message':'no'}",
                "'error':{'code':7,'message':{}}",
                "'x':1"
            })
    void aBadReplyIsKnownAtOnceAndLosesNoGoodOne(String body) {
        Function<RpcCodec.Request, String> bad =
                request -> ("{'id':" + request.id() + ",'meta':{'from':'played'}," + body + "}").replace('\'', '"');
        PlayedNode node = played("played");
        List<RpcCodec.Request> asked = new CopyOnWriteArrayList<>();
        node.serve("echo", "say", request -> {
            asked.add(request);
            return List.of();
        });
        RpcClient client = RpcClient.on(bus("caller"));

        for (boolean badFirst : List.of(true, false)) {
            asked.clear();
            CompletableFuture<String> one = say(client, node, 60_000);
            CompletableFuture<String> other = say(client, node, 60_000);
            await().atMost(20, SECONDS).until(() -> asked.size() == 2);
            RpcCodec.Request bads = asked.get(0);
            String good = node.result(asked.get(1), "\"good\"");
            node.publish(
                    bads.replyTo(),
                    badFirst ? "[" + bad.apply(bads) + "," + good + "]" : "[" + good + "," + bad.apply(bads) + "]");
            List<String> outcomes = Stream.of(one, other)
                    .map(call -> call.handle((value, e) -> e == null
                            ? value
                            : RpcFailures.reasonOf(e).map(Reason::name).orElse("" + e)))
                    .map(outcome -> outcome.orTimeout(20, SECONDS).join())
                    .sorted()
                    .toList();
            assertEquals(List.of("BAD_REPLY", "good"), outcomes);
        }
        asked.clear();
        CompletableFuture<Replies<String>> asking = client.broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        await().atMost(20, SECONDS).until(() -> asked.size() == 1);
        node.publish(asked.get(0).replyTo(), bad.apply(asked.get(0)));
        Replies<String> replies = asking.orTimeout(20, SECONDS).join();
        assertEquals(
                Reason.BAD_REPLY,
                Objects.requireNonNull(replies.faults().get("played")).reason());
    }

    @Test
    void aReplyInAnInboxWhereItWasNotAskedForIsDropped() {
        PlayedNode one = played("one");
        PlayedNode other = played("other");
        CompletableFuture<RpcCodec.Request> asked = one.keep("echo", "say");
        CompletableFuture<RpcCodec.Request> askedToo = other.keep("echo", "say");
        RpcClient client = RpcClient.on(bus("caller"));
        RpcClient neighbour = RpcClient.on(bus("neighbour"));
        CompletableFuture<String> call = say(client, one, 60_000);
        CompletableFuture<String> neighbours = say(neighbour, other, 60_000);
        RpcCodec.Request request = asked.orTimeout(20, SECONDS).join();
        RpcCodec.Request neighboursRequest = askedToo.orTimeout(20, SECONDS).join();

        one.publish(neighboursRequest.replyTo(), one.result(request, "\"astray\""));
        one.publish(neighboursRequest.replyTo(), one.result(neighboursRequest, "\"not asked\""));
        one.publish(request.replyTo(), other.result(request, "\"in the name of another\""));
        one.publish(request.replyTo(), one.result(request, "\"right\""));
        other.publish(neighboursRequest.replyTo(), other.result(neighboursRequest, "\"right\""));

        assertEquals("right", call.orTimeout(20, SECONDS).join());
        assertEquals("right", neighbours.orTimeout(20, SECONDS).join());
    }

    /**
     * A node answers to whatever inbox and id a request names: who knew an id could have it answer another one's call.
     */
    @Test
    void whoMayCallANodeCannotAnswerSilenceOrCancelTheCallsOfOthers() {
        Bus server = serving("a");
        Bus caller = bus("caller");
        RpcClient client = RpcClient.on(caller);
        String inbox = BusRuntime.of(caller).channels().names().inbox(caller.node());
        PlayedNode mallory = played("mallory");
        CompletableFuture<RpcCodec.Request> seen = mallory.keep("echo", "say");
        say(client, mallory, 60_000); // an id that he may see, to guess the next ones from
        long known = Long.parseLong(seen.orTimeout(20, SECONDS).join().id());
        List<List<Long>> guesses = new ArrayList<>();
        for (LongStream ids : List.of(LongStream.range(1, 501), LongStream.range(known - 250, known + 250))) {
            guesses.add(ids.boxed().toList());
        }
        BiConsumer<String, String> tryAll = (method, rest) -> guesses.forEach(some -> mallory.ask(
                method, server.node(), frame(some, id -> "{\"jsonrpc\":\"2.0\",\"id\":" + id + "," + rest + "}")));
        Function<String, String> asHim = method -> "\"method\":\"" + method + "\",\"meta\":{\"from\":\"" + caller.node()
                + "\",\"replyTo\":\"" + inbox + "\",\"ttl\":";

        tryAll.accept("cases.block", asHim.apply("cases.block") + "0},\"params\":[\"forged\"]");
        tryAll.accept("cases.block", asHim.apply("cases.block") + "60000},\"params\":[]"); // known before use
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(client.call("cases.block", String.class, within(60_000), "x"));
        }
        await().atMost(20, SECONDS)
                .until(() -> notes.stream().filter("started x"::equals).count() == 20);
        String answer = "\"meta\":{\"replyTo\":\"" + inbox + "\"}";
        tryAll.accept("cases.text", "\"method\":\"cases.text\",\"params\":[7]," + answer);
        tryAll.accept("cases.text", "\"method\":\"cases.block\"," + answer); // "not executed", it would say
        tryAll.accept("rpc.discover", "\"method\":\"rpc.discover\"," + answer);
        for (List<Long> some : guesses) {
            mallory.ask(
                    "cases.block",
                    server.node(),
                    frame(
                            some,
                            id -> "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":" + id + ",\"from\":\""
                                    + caller.node() + "\"}}"));
        }
        assertEquals(
                3, client.call("cases.add", Integer.class, within(60_000), 1, 2).join(), "behind all of them");
        assertTrue(calls.stream().noneMatch(CompletableFuture::isDone));
        release.countDown();

        calls.forEach(call -> assertEquals("a", call.join()));
        assertTrue(notes.stream().noneMatch(note -> note.startsWith("interrupted")), notes::toString);
    }

    private static String frame(List<Long> ids, Function<Long, String> message) {
        return ids.stream().map(message).collect(Collectors.joining(",", "[", "]"));
    }

    @Test
    void anAnswerToABroadcastCountsOncePerNode() {
        PlayedNode twice = played("twice");
        twice.serve("echo", "say", request -> List.of(twice.result(request, "1"), twice.result(request, "2")));
        PlayedNode once = played("once");
        CompletableFuture<RpcCodec.Request> asked = once.keep("echo", "say");
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<Replies<Integer>> asking = client.broadcast("echo.say", Integer.class, "x")
                .with(within(60_000))
                .askAsync();
        RpcCodec.Request request = asked.orTimeout(20, SECONDS).join();
        serving("a");
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join());
        assertFalse(asking.isDone(), "two answers of one node are not those of two nodes");

        once.publish(request.replyTo(), once.result(request, "3"));

        Replies<Integer> replies = asking.orTimeout(20, SECONDS).join();
        assertEquals(Map.of("twice", 1, "once", 3), replies.byNode());
        assertTrue(replies.isComplete(), replies::toString);
    }

    @Test
    void aCallerWhoCanOnlyChooseParamsPutsItsMetaThere() {
        Bus server = bus("server");
        RpcServer.on(server)
                .serve(
                        "shop.look",
                        params -> params + " " + CallContext.current().headers())
                .ready()
                .join();
        serving(server, "a", ServiceOptions.defaults());
        PlayedNode foreign = played("foreign");
        String meta = "\"_meta\":{\"from\":\"foreign\",\"replyTo\":\"" + prefix
                + ":inbox:foreign\",\"ttl\":20000,\"headers\":{\"tenant\":\"t\"}}";

        foreign.ask(
                "shop.look",
                server.node(),
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shop.look\",\"params\":{" + meta + ",\"sku\":\"s\"}}");
        foreign.ask(
                "cases.add",
                server.node(),
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"cases.add\",\"params\":{\"one\":1,\"other\":2," + meta
                        + "}}");
        foreign.ask(
                "cases.add",
                server.node(),
                "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"cases.add\",\"params\":{\"one\":1,\"other\":2," + meta
                        + "},\"meta\":{\"ttl\":0}}");

        String from = "\"meta\":{\"from\":\"" + server.node() + "\"}";
        await().atMost(20, SECONDS).until(() -> String.join("", foreign.replies).split("jsonrpc", -1).length == 4);
        String replies = String.join("\n", foreign.replies);
        for (String expected : List.of(
                "\"id\":1," + from + ",\"result\":\"{\\\"sku\\\":\\\"s\\\"} {tenant=t}\"",
                "\"id\":2," + from + ",\"result\":3",
                "\"id\":3," + from + ",\"error\":{\"code\":-32001,\"message\":\"the deadline passed before it was"
                        + " started\"}")) {
            assertTrue(replies.contains(expected), replies);
        }
    }

    @Test
    void aRequestThatComesTwiceIsExecutedAndAnsweredOnce() {
        Bus server = serving("a");
        PlayedNode foreign = played("foreign");
        String start = "{\"jsonrpc\":\"2.0\",\"meta\":{\"from\":\"foreign\",\"replyTo\":\"" + prefix
                + ":inbox:foreign\"},\"method\":\"cases.nothing\",\"id\":";

        foreign.ask("cases.nothing", server.node(), start + "1}");
        foreign.ask("cases.nothing", server.node(), "[" + start + "1}," + start + "\"1\"}]");
        foreign.ask("cases.nothing", server.node(), start + "\"behind them\"}");

        await().atMost(20, SECONDS)
                .until(() -> List.of("1", "\"1\"", "\"behind them\"").stream()
                        .allMatch(id -> String.join("", foreign.replies).contains("\"id\":" + id + ",")));
        assertEquals(3, executions.get(), "a number and a text are two ids");
        assertEquals(4, String.join("", foreign.replies).split("jsonrpc", -1).length);
    }

    @Test
    void aMalformedRequestIsAnsweredWhereItCanBe() {
        Bus server = serving("a");
        PlayedNode foreign = played("foreign");
        String meta = "\"meta\":{\"replyTo\":\"" + prefix + ":inbox:foreign\"}";

        for (String method : List.of("cases.add", "rpc.discover")) {
            foreign.ask(method, server.node(), "{\"id\":\"" + method + "\"," + meta + ",\"method\":7}");
            foreign.ask(method, server.node(), "{\"id\":\"other\"," + meta + ",\"method\":\"cases.text\"}");
        }

        await().atMost(20, SECONDS).until(() -> String.join("", foreign.replies).split("jsonrpc", -1).length == 5);
        String replies = String.join("\n", foreign.replies);
        for (String method : List.of("cases.add", "rpc.discover")) {
            assertTrue(
                    replies.contains("\"id\":\"" + method + "\",\"meta\":{\"from\":\"" + server.node()
                            + "\"},\"error\":{\"code\":-32600,\"message\":\"its method is not a string\"}"),
                    replies);
            assertTrue(
                    replies.contains("{\"code\":-32601,\"message\":\"this channel is for " + method + "\"}"), replies);
        }
    }

    @Test
    void whatACallerOfOursPutsAmongItsParamsIsNoArgumentEither() {
        Bus server = bus("server");
        RpcServer.on(server).serve("shop.look", params -> params).ready().join();
        RpcClient client = RpcClient.on(bus("caller"));
        NamedParams params = NamedParams.of(Map.of("_meta", Map.of("from", "forged"), "sku", "s"));

        for (int i = 0; i < 5; i++) { // the first request of a caller may be read in another way than the next ones
            assertEquals(
                    "{\"sku\":\"s\"}",
                    client.call("shop.look", JsonNode.class, params).join().toString());
        }
    }

    @ServiceName("ware")
    interface Before {
        int left(String sku);
    }

    @ServiceName("ware")
    interface After {
        int left(String sku, int shelf);
    }

    @Test
    void argumentsThatDoNotFitADifferentContractSayHowItDiffers() {
        Bus server = bus("server");
        RpcServer.on(server).serve(After.class, (sku, shelf) -> shelf).ready().join();
        RpcClient client = RpcClient.on(bus("caller"));
        Before ware = client.proxy(Before.class);
        String end = ": it takes 2 arguments and got 1; the contracts differ: it is (sku: string): integer here, and"
                + " (sku: string, shelf: integer): integer there";

        await().atMost(20, SECONDS)
                .untilAsserted(
                        () -> { // shapes are compared beside the calls
                            RpcException e = assertThrows(RpcException.class, () -> ware.left("x"));
                            assertEquals(Reason.REFUSED, e.reason());
                            assertTrue(e.notExecuted());
                            assertTrue(String.valueOf(e.getMessage()).endsWith(end), e::getMessage);
                        });
        Replies<Integer> replies =
                client.broadcast(Before.class, asked -> asked.left("x")).ask();
        assertEquals(Set.of(server.node()), replies.faults().keySet());
        RpcException fault = Objects.requireNonNull(replies.faults().get(server.node()));
        assertTrue(String.valueOf(fault.getMessage()).endsWith(end), fault::getMessage);
    }
}

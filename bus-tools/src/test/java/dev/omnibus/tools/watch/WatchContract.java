package dev.omnibus.tools.watch;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.MethodHandler;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.tools.watch.Seen.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a watch sees, on any transport. */
abstract class WatchContract {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Recorder recorder = new Recorder();

    /** Keeps what it is notified of. */
    static final class Recorder implements WatchListener {

        final List<Seen> seen = new CopyOnWriteArrayList<>();
        final List<Exchange> ended = new CopyOnWriteArrayList<>();
        final List<Exchange.Answer> answers = new CopyOnWriteArrayList<>();

        @Override
        public void seen(Seen message) {
            seen.add(message);
        }

        @Override
        public void answered(Exchange exchange, Exchange.Answer answer) {
            answers.add(answer);
        }

        @Override
        public void ended(Exchange exchange) {
            ended.add(exchange);
        }

        List<Seen> of(Kind kind) {
            return seen.stream().filter(one -> one.kind() == kind).toList();
        }

        Exchange endedOf(String method) {
            return await().atMost(SOON)
                    .until(
                            () -> ended.stream()
                                    .filter(one -> one.request().name().equals(method))
                                    .findFirst(),
                            Optional::isPresent)
                    .orElseThrow();
        }
    }

    abstract Bus connect(String name);

    Bus bus(String name) {
        Bus bus = connect(name);
        open.add(bus);
        return bus;
    }

    static long servingAt(Watch watch) {
        return watch.nodes().stream().filter(NodeInfo::isServing).count();
    }

    private Watch start(Watch.Builder what) throws Exception {
        Watch watch = what.start(recorder);
        open.add(0, watch);
        watch.ready().get(20, SECONDS);
        return watch;
    }

    private Bus serving(String name, String method, MethodHandler<JsonNode> handler) throws Exception {
        Bus bus = bus(name);
        RpcServer.on(bus).serve(method, handler).ready().get(20, SECONDS);
        return bus;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    @Test
    void aCallAndItsReplyAreOneExchange() throws Exception {
        Watch watch = start(Watch.on(bus("watch")));
        Bus server = serving("shop", "stock.left", params -> 3);
        Bus client = bus("desk");
        assertEquals(
                3,
                RpcClient.on(client).call("stock.left", Integer.class, "sku-1").get(20, SECONDS));
        Exchange exchange = recorder.endedOf("stock.left");
        assertEquals(client.node(), exchange.request().from());
        assertEquals(server.node(), exchange.request().to());
        assertEquals(1, exchange.answers().size());
        Exchange.Answer answer = exchange.answers().get(0);
        assertEquals(server.node(), answer.reply().from());
        assertEquals(client.node(), answer.reply().to());
        assertEquals(exchange.request().id(), answer.reply().id());
        assertEquals(0, answer.reply().code());
        assertFalse(answer.latency().isNegative());
        assertTrue(exchange.request().text().contains("\"sku-1\""));
        assertTrue(exchange.isComplete());
        assertEquals(1, watch.stats().paired());
        assertEquals(0, watch.stats().open());
        assertEquals(1.0, watch.stats().pairedShare());
    }

    @Test
    void aBroadcastHasTheRepliesOfAllNodesAndEndsWithTheLast() throws Exception {
        Watch watch = start(Watch.on(bus("watch")));
        Set<String> nodes = Set.of(
                serving("shop", "stock.left", params -> 1).node(),
                serving("shop", "stock.left", params -> 2).node(),
                serving("shop", "stock.left", params -> 3).node());
        await().atMost(SOON).until(() -> servingAt(watch) == 3);
        assertTrue(RpcClient.on(bus("desk"))
                .broadcast("stock.left", Integer.class)
                .ask()
                .isComplete());
        Exchange exchange = recorder.endedOf("stock.left");
        assertTrue(exchange.request().isBroadcast());
        assertEquals(
                nodes,
                exchange.answers().stream().map(answer -> answer.reply().from()).collect(Collectors.toSet()));
        assertEquals(Set.of(), exchange.missing());
        assertEquals(3, watch.stats().paired());
    }

    @Test
    void aNodeThatDoesNotAnswerABroadcastIsMissing() throws Exception {
        Watch watch = start(Watch.on(bus("watch")));
        String quick = serving("shop", "stock.left", params -> 1).node();
        String mute = mute("mute-1");
        await().atMost(SOON).until(() -> servingAt(watch) == 2);
        RpcClient.on(bus("desk"))
                .broadcast("stock.left", Integer.class)
                .with(CallOptions.defaults().withTimeout(Duration.ofMillis(300)))
                .askAsync();
        Exchange exchange = recorder.endedOf("stock.left");
        assertEquals(quick, exchange.answers().get(0).reply().from());
        assertEquals(Set.of(mute), exchange.missing());
        assertFalse(exchange.isComplete());
        assertEquals(1, watch.stats().unanswered());
    }

    @Test
    void anErrorHasItsCode() throws Exception {
        start(Watch.on(bus("watch")));
        serving("shop", "stock.left", params -> {
            throw new RpcFault(7, "sold out");
        });
        RpcClient.on(bus("desk"))
                .call("stock.left", Integer.class)
                .handle((value, failure) -> failure)
                .get(20, SECONDS);
        Seen reply = recorder.endedOf("stock.left").answers().get(0).reply();
        assertEquals(7, reply.code());
        assertEquals("sold out", reply.problem());
    }

    @Test
    void aCallThatIsCancelledSaysSo() throws Exception {
        start(Watch.on(bus("watch")));
        CompletableFuture<Void> begun = new CompletableFuture<>();
        serving("shop", "stock.left", params -> {
            begun.complete(null);
            return new CompletableFuture<Integer>();
        });
        CompletableFuture<Integer> call = RpcClient.on(bus("desk"))
                .call("stock.left", Integer.class, CallOptions.defaults().withTimeout(Duration.ofSeconds(30)));
        begun.get(20, SECONDS);
        call.cancel(true);
        assertTrue(recorder.endedOf("stock.left").cancelled()); // the node answers that it was
        assertFalse(recorder.of(Kind.CANCEL).isEmpty());
    }

    @Test
    void aOneWayCallIsNotAwaited() throws Exception {
        Watch watch = start(Watch.on(bus("watch")));
        serving("shop", "stock.looked", params -> null);
        RpcClient.on(bus("desk")).send("stock.looked", "sku-1").get(20, SECONDS);
        await().atMost(SOON).until(() -> !recorder.of(Kind.REQUEST).isEmpty());
        assertTrue(recorder.of(Kind.REQUEST).get(0).isOneWay());
        assertEquals(0, watch.stats().open());
    }

    @Test
    void anEventHasItsPublisherItsNumberAndItsBytes() throws Exception {
        Watch watch = start(Watch.on(bus("watch")).events("orders.*"));
        Bus publisher = bus("desk");
        publisher.publish("orders.placed.late", "no").get(20, SECONDS);
        publisher.publish("news", "no").get(20, SECONDS);
        publisher.publish("orders.placed", Map.of("id", "o-1")).get(20, SECONDS);
        await().atMost(SOON).until(() -> !recorder.of(Kind.EVENT).isEmpty());
        Seen event = recorder.of(Kind.EVENT).get(0);
        assertEquals("orders.placed", event.name());
        assertEquals(publisher.node(), event.from());
        assertEquals(1, event.sequence());
        assertTrue(event.text().endsWith("\"data\":{\"id\":\"o-1\"}}"));
        assertArrayEquals(event.text().getBytes(StandardCharsets.UTF_8), event.json());
        assertEquals(1, watch.stats().events());
        assertEquals(1, recorder.seen.size());
    }

    @Test
    void onlyTheCallsThatAreWantedAreSeen() throws Exception {
        Watch watch = start(Watch.on(bus("watch")).calls("stock.*"));
        serving("shop", "stock.left", params -> 3);
        serving("till", "till.open", params -> true);
        RpcClient client = RpcClient.on(bus("desk"));
        client.call("till.open", Boolean.class).get(20, SECONDS);
        client.call("stock.left", Integer.class).get(20, SECONDS);
        recorder.endedOf("stock.left");
        assertEquals(2, recorder.seen.size());
        assertEquals(0, watch.stats().unmatchedReplies());
    }

    @Test
    void nodesThatComeAndGoAreSeen() throws Exception {
        start(Watch.on(bus("watch")));
        Bus server = serving("shop", "stock.left", params -> 3);
        String node = server.node();
        server.close();
        await().atMost(SOON)
                .until(() -> recorder.of(Kind.PRESENCE).stream()
                        .filter(one -> one.from().equals(node))
                        .map(Seen::name)
                        .toList()
                        .containsAll(List.of("joined", "draining", "left")));
    }

    @Test
    void aReplyWithoutARequestIsCountedAndWhatCannotBeReadIsBad() throws Exception {
        Watch watch = start(Watch.on(bus("watch")));
        Bus other = bus("other");
        send(other, "bus:inbox:desk-1", "{\"jsonrpc\":\"2.0\",\"id\":1,\"meta\":{\"from\":\"shop-1\"},\"result\":3}");
        send(other, "bus:inbox:desk-1", "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":3}");
        send(other, "bus:rpc:stock.left", "{\"jsonrpc\":\"3\",\"method\":\"stock.left\"}");
        send(other, "bus:evt:orders", "{\"specversion\":\"1.0\"}");
        await().atMost(SOON).until(() -> watch.stats().bad() == 3);
        assertEquals(1, watch.stats().unmatchedReplies());
        assertEquals(
                Set.of(
                        "its meta.from is not a node id",
                        "its jsonrpc is not \"2.0\"",
                        "it lacks one of the attributes id, source and type"),
                recorder.of(Kind.BAD).stream().map(Seen::problem).collect(Collectors.toSet()));
    }

    @Test
    void idsOfOtherMakersAreTextsOrNumbers() throws Exception {
        Watch watch = start(Watch.on(bus("watch")));
        Bus other = bus("other");
        send(
                other,
                "bus:rpc:calc.sum@shop-1",
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\",\"method\":\"calc.sum\",\"meta\":{\"replyTo\":\"bus:inbox:hand-1\"}}");
        send(
                other,
                "bus:inbox:hand-1",
                "{\"jsonrpc\":\"2.0\",\"id\":\"ab\",\"meta\":{\"from\":\"shop-1\"},\"result\":3}");
        Exchange exchange = recorder.endedOf("calc.sum");
        assertEquals("hand-1", exchange.request().from());
        assertEquals("ab", exchange.request().id());
        assertEquals(1, watch.stats().paired());
    }

    @Test
    void whatAListenerThrowsLosesNoFurtherMessage() throws Exception {
        Watch watch = Watch.on(bus("watch")).events("**").start(new WatchListener() {
            @Override
            public void seen(Seen seen) {
                recorder.seen(seen);
                throw new IllegalStateException("of a test");
            }
        });
        open.add(0, watch);
        watch.ready().get(20, SECONDS);
        Bus publisher = bus("desk");
        publisher.publish("orders", 1);
        publisher.publish("orders", 2);
        await().atMost(SOON).until(() -> recorder.of(Kind.EVENT).size() == 2);
    }

    /** A node that is listed and listens, and never answers. */
    private String mute(String node) throws Exception {
        Channels channels = BusRuntime.of(bus("other")).channels();
        channels.listen("bus:rpc:stock.left", (channel, messages, next) -> {})
                .ready()
                .get(20, SECONDS);
        byte[] manifest =
                ("{\"node\":\"" + node + "\",\"services\":{\"stock\":[\"left\"]}}").getBytes(StandardCharsets.UTF_8);
        String lease = "bus:node:{bus:nodes}:" + node;
        channels.transport()
                .renewLease("bus:nodes", lease, manifest, Duration.ofMinutes(1))
                .get(20, SECONDS);
        open.add(
                0, () -> channels.transport().endLease("bus:nodes", lease).get(20, SECONDS)); // or the next test has it
        return node;
    }

    private static void send(Bus bus, String channel, String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        BusRuntime.of(bus).channels().send(channel, bytes, ReceiverCount.NO, SendCallback.UNNOTICED);
    }
}

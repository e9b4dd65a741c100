package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.CallSettings;
import dev.omnibus.rpc.internal.client.LoadBalancer;
import dev.omnibus.rpc.internal.directory.NodeTable;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Calls to nodes that answer wrongly, late, or not at all. */
class FaultTest extends PlayedNodes {

    @Test
    void forgedLateAndDoubleRepliesAreDropped() {
        played(
                "real",
                request -> List.of(
                        result(request, "forger", "\"forged\""),
                        "{\"id\":" + request.id() + ",\"meta\":{\"from\":\"forger\"},\"error\":{\"code\":99999999999}}",
                        result(request, "real", "\"true\""),
                        result(request, "real", "\"twice\"")));
        RpcClient client = RpcClient.on(bus("caller"));

        for (int i = 0; i < 20; i++) {
            assertEquals("true", client.call("echo.say", String.class, "x").join());
        }
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void theTextOfAFaultCanNeitherWriteLinesOfALogNorSteerATerminal() {
        String wild = "a\\nERROR forged \\u001b[31m\\u0085\\u2028\\u202e" + "x".repeat(5_000);
        played(
                "node",
                request -> List.of(
                        "{\"id\":" + request.id() + ",\"meta\":{\"from\":\"node\"},\"error\":{\"code\":7,\"message\":\""
                                + wild + "\",\"data\":{\"type\":\"b\\r\\nc\"}}}"));
        RpcClient client = RpcClient.on(bus("caller"));

        RpcFault fault = (RpcFault) CallContract.failure(client.call("echo.say", String.class, "x"));

        String message = String.valueOf(fault.getMessage());
        assertTrue(message.startsWith("a ERROR forged  [31m   xxx"), message.substring(0, 40));
        assertEquals(4_097, message.length());
        assertEquals("b  c", fault.type());
        Replies<String> replies = client.broadcast("echo.say", String.class, "x")
                .with(within(20_000))
                .ask();
        assertEquals(
                message, Objects.requireNonNull(replies.faults().get("node")).getMessage());
    }

    @Test
    void whatANodeThatLeavesRefusesGoesToAnother() {
        played("leaving", request -> List.of(error(request, "leaving", RpcCodec.DRAINING)));
        RpcClient client = RpcClient.on(bus("caller"));
        RpcException e = CallContract.failure(client.call("echo.say", String.class, "x"));
        assertEquals(Reason.DRAINING, e.reason());
        assertTrue(e.notExecuted());

        serving("staying");
        for (int i = 0; i < 20; i++) {
            assertEquals("staying", client.call("echo.say", String.class, "x").join());
        }
    }

    @Test
    void aCallEndsByItsTimeoutAlthoughTheDirectoryDoesNotAnswer() {
        AtomicReference<CompletableFuture<LeaseUpdate>> stuck = new AtomicReference<>();
        Transport link = new StuckLeases(network.open(), stuck);
        Bus bus = Bus.builder(link).name("caller").build();
        open.add(bus);
        RpcClient client = RpcClient.on(bus);
        client.runtime().directory().ready().join();
        stuck.set(new CompletableFuture<>());

        RpcException call = CallContract.failure(client.call("echo.say", String.class, within(200), "x"));
        RpcException broadcast = CallContract.failure(client.broadcast("echo.say", String.class, "x")
                .with(within(200))
                .askAsync());
        CompletableFuture<String> last = client.call("echo.say", String.class, within(60_000), "x");
        bus.close();

        assertEquals(Reason.TIMEOUT, call.reason());
        assertTrue(call.notExecuted());
        assertTrue(call.elapsed().toMillis() < 20_000, call::getMessage);
        assertEquals(Reason.TIMEOUT, broadcast.reason());
        assertEquals(Reason.CLOSED, CallContract.failure(last).reason());
        assertEquals(
                Reason.CLOSED,
                CallContract.failure(client.call("echo.say", String.class, "x")).reason());
    }

    @Test
    void cancellingFreesTheEntryAndTheNode() {
        played("silent", request -> List.of());
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> call = client.call("echo.say", String.class, "x");
        CompletableFuture<Replies<String>> broadcast = client.broadcast("echo.say", String.class, "x")
                .with(within(60_000))
                .askAsync();
        await().until(() -> client.runtime().pending().size() == 2);
        Node node = client.runtime().directory().serving("echo.say").get(0);
        await().until(() -> node.callsInFlight().get() == 1);

        assertTrue(call.cancel(true));
        assertTrue(broadcast.cancel(true));

        assertEquals(0, client.runtime().pending().size());
        assertEquals(0, node.callsInFlight().get());
    }

    @Test
    void anInterruptEndsAProxyCallAndABroadcastAtOnce() throws Exception {
        played("silent", request -> List.of());
        RpcClient client = RpcClient.on(bus("caller"));
        Echo echo = client.proxy(Echo.class, within(60_000));
        Broadcast<String> all = client.broadcast(Echo.class, e -> e.say("x")).with(within(60_000));
        for (Runnable blocking : List.<Runnable>of(() -> echo.say("x"), all::ask)) {
            CompletableFuture<Object> outcome = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                RpcException e = assertThrows(RpcException.class, blocking::run);
                outcome.complete(Thread.currentThread().isInterrupted() ? e.reason() : "flag lost");
            });
            thread.start();
            await().until(() -> client.runtime().pending().size() == 1);
            thread.interrupt();
            assertEquals(Reason.CANCELLED, outcome.get(10, TimeUnit.SECONDS));
            assertEquals(0, client.runtime().pending().size());
        }
    }

    @Test
    void aMalformedRequestIsAnsweredWhereItCanBe() {
        Bus server = serving("a");
        Transport caller = network.open();
        open.add(caller);
        List<String> heard = new CopyOnWriteArrayList<>();
        caller.subscribe("bus:inbox:me", new FrameListener() {
                    @Override
                    public void onFrame(String channel, byte[] frame) {
                        heard.addAll(List.of(new String(frame, UTF_8)
                                .replaceAll("^\\[|]$", "")
                                .split("(?<=}),(?=\\{\"jsonrpc)")));
                    }

                    @Override
                    public void onInterrupted() {}
                })
                .join();
        String channel = "bus:rpc:echo.say@" + server.node();
        String meta = "\"meta\":{\"from\":\"me\",\"replyTo\":\"bus:inbox:me\"";

        publish(caller, channel, "{\"jsonrpc\":\"2.0\",\"method\":[7]," + meta + "},\"id\":1}");
        publish(caller, channel, "{\"method\":\"echo.say\"," + meta + "},\"id\":2,\"params\":[1,2]}");
        publish(caller, channel, "{\"method\":\"echo.say\"," + meta + ",\"ttl\":-5},\"id\":3,\"params\":[\"x\"]}");
        publish(caller, channel, "{\"method\":\"echo.say\"," + meta + "},\"params\":[\"x\"]}");
        publish(caller, channel, "{\"method\":\"echo.say\"," + meta + "},\"id\":\"last\",\"params\":[\"x\"]}");

        String from = "\"meta\":{\"from\":\"" + server.node() + "\"}";
        await().until(() -> heard.size() == 4);
        assertEquals(
                Set.of(
                        "{\"jsonrpc\":\"2.0\",\"id\":1," + from
                                + ",\"error\":{\"code\":-32600,\"message\":\"its method is not a string\"}}",
                        "{\"jsonrpc\":\"2.0\",\"id\":2," + from
                                + ",\"error\":{\"code\":-32602,\"message\":\"it takes 1 arguments and got 2\"}}",
                        "{\"jsonrpc\":\"2.0\",\"id\":3," + from
                                + ",\"error\":{\"code\":-32001,\"message\":\"the deadline passed before it was"
                                + " started\"}}",
                        "{\"jsonrpc\":\"2.0\",\"id\":\"last\"," + from + ",\"result\":\"a\"}"),
                Set.copyOf(heard));
    }

    @Test
    void aStageThatIsMissingOrFailsIsAnswered() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));

        assertEquals(
                Reason.FAULT,
                CallContract.failure(client.call("echo.later", String.class, "null"))
                        .reason());
        RpcFault fault = assertThrows(RpcFault.class, () -> {
            throw CallContract.failure(client.call("echo.later", String.class, "fault"));
        });
        assertEquals(7, fault.code());
    }

    /** What is logged meanwhile. */
    private static String logged(Runnable task) {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, UTF_8)); // where the simple logger writes
        try {
            task.run();
        } finally {
            System.setErr(before);
        }
        return log.toString(UTF_8);
    }

    @Test
    void aCallThatItsCallerGaveUpIsNoErrorInTheLog() {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        MethodHandler<JsonNode> waits = params -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } finally {
                ended.countDown();
            }
            return null;
        };
        Bus server = bus("server");
        RpcServer.on(server).serve("waits.long", waits).ready().join();
        RpcClient client = RpcClient.on(bus("caller"));
        String log = logged(() -> {
            CompletableFuture<String> call = client.call("waits.long", String.class);
            await().until(() -> begun.getCount() == 0);
            call.cancel(true);
            await().until(() -> ended.getCount() == 0);
            server.close(); // when the method has really ended
        });
        assertFalse(log.contains("ERROR"), log);
    }

    interface Files {
        String read(String name) throws IOException;
    }

    @Test
    void whatDoesNotTravelIsSaidWhereItIsServed() {
        String log = logged(() -> RpcServer.on(bus("server"))
                .serve(Files.class, name -> name)
                .ready()
                .join());
        assertTrue(
                log.contains("WARN") && log.contains("files.read declares java.io.IOException, which does not travel"),
                log);
    }

    @Test
    void theIdOfAFaultIsInTheLogOfTheServer() {
        MethodHandler<JsonNode> broken = params -> {
            throw new StackOverflowError("only for its own log");
        };
        RpcServer.on(bus("server")).serve("broken.run", broken).ready().join();
        RpcClient client = RpcClient.on(bus("caller"));
        AtomicReference<RpcException> failure = new AtomicReference<>();
        String log = logged(() -> failure.set(CallContract.failure(client.call("broken.run", String.class))));
        RpcException fault = Objects.requireNonNull(failure.get());
        assertEquals(Reason.FAULT, fault.reason());
        String message = String.valueOf(fault.getMessage());
        String id = message.replaceAll(".*internal error, id ([-0-9a-f]{36}) in the server's log", "$1");
        assertEquals(36, id.length(), message);
        assertTrue(log.contains("error id " + id), log);
        assertTrue(log.contains("only for its own log"), log);
        assertFalse(message.contains("own log"), message);
    }

    @Test
    void anAnswerThatDoesNotFitIsNotQuoted() {
        played("other", request -> List.of(result(request, "other", "{\"iban\":\"secret\"}")));
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException call = CallContract.failure(client.call("echo.say", Integer.class, "x"));
        Replies<Integer> replies =
                client.broadcast("echo.say", Integer.class, "x").ask();
        List<RpcException> failures =
                List.of(call, Objects.requireNonNull(replies.faults().get("other")));

        for (RpcException e : failures) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            assertEquals(Reason.BAD_REPLY, e.reason());
            assertFalse(trace.toString().contains("secret"), trace::toString);
            assertTrue(
                    String.valueOf(e.getMessage())
                            .endsWith("ms: the answer is not what the caller expects: it does not fit Integer at $"),
                    e::getMessage);
        }
    }

    @ServiceName("echo")
    interface Fragile {
        String say(String text) throws Broken;
    }

    static final class Broken extends Exception {
        static final int NEVER = Integer.parseInt("x");

        Broken(String message) {
            super(message);
        }
    }

    @Test
    void aDeclaredExceptionThatCannotBeMadeIsAFault() {
        played(
                "other",
                request -> List.of("{\"id\":" + request.id() + ",\"meta\":{\"from\":\"other\"},\"error\":"
                        + "{\"code\":1,\"message\":\"no\",\"data\":{\"type\":\"Broken\",\"details\":{}}}}"));
        Fragile fragile = RpcClient.on(bus("caller")).proxy(Fragile.class);

        RpcFault fault = assertThrows(RpcFault.class, () -> fragile.say("x"));

        assertEquals("Broken", fault.type());
    }

    @Test
    void anExceptionWithoutAMessageToBeHadIsAnswered() {
        RpcServer.on(bus("server"))
                .serve("echo.say", params -> {
                    throw new IllegalStateException() {
                        @Override
                        public String getMessage() {
                            throw new UnsupportedOperationException("not even that");
                        }
                    };
                })
                .ready()
                .join();

        RpcException e =
                CallContract.failure(RpcClient.on(bus("caller")).call("echo.say", String.class, within(60_000), "x"));

        assertEquals(Reason.FAULT, e.reason());
    }

    @Test
    void ofTwoNodesTheIdleOneIsChosen() {
        Node busy = new Node(DirectoryTest.node("busy", 0), new byte[0]);
        Node idle = new Node(DirectoryTest.node("idle", 0), new byte[0]);
        busy.callsInFlight().set(1);

        for (int i = 0; i < 100; i++) {
            assertSame(idle, choose(List.of(busy, idle), Set.of()));
            assertSame(busy, choose(List.of(busy, idle), Set.of("idle")));
        }
        assertNull(choose(List.of(busy, idle), Set.of("idle", "busy")));
    }

    private static @Nullable Node choose(List<Node> serving, Set<String> gone) {
        return LoadBalancer.choose(new NodeTable.Serving(serving), CallSettings.DEFAULTS, gone, "");
    }

    @Test
    void whatHangsOnAFutureRunsOnTheExecutor() {
        Bus bus = bus("server");
        Registration registration = RpcServer.on(bus).serve(Echo.class, new Answering("a"));
        RpcClient client = RpcClient.on(bus("caller"));
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Runnable note = () -> threads.add(Thread.currentThread().getName());
        registration.ready().thenRun(note).join();
        Directory.on(bus).nodes().thenRun(note).join();
        for (int i = 0; i < 200; i++) {
            client.call("echo.say", String.class, "x").thenRun(note).join();
            client.call("echo.say", String.class)
                    .handle((v, e) -> threads.add(Thread.currentThread().getName()))
                    .join();
            client.broadcast("echo.say", String.class, "x")
                    .with(within(5_000))
                    .askAsync()
                    .thenRun(note)
                    .join();
        }
        CompletableFuture<Void> noted = registration.closed().thenRun(note);
        registration.close();
        noted.join();
        String here = Thread.currentThread().getName();
        assertTrue(
                threads.stream().allMatch(name -> name.equals(here) || name.matches("omnibus-\\d+")),
                threads::toString);
    }

    /** A transport whose leases are not read when somebody says so. */
    private static final class StuckLeases extends PassingOn {

        private final AtomicReference<CompletableFuture<LeaseUpdate>> stuck;

        StuckLeases(Transport link, AtomicReference<CompletableFuture<LeaseUpdate>> stuck) {
            super(link);
            this.stuck = stuck;
        }

        @Override
        public CompletableFuture<LeaseUpdate> leases(String index, long since) {
            CompletableFuture<LeaseUpdate> never = stuck.get();
            return never == null ? super.leases(index, since) : never;
        }
    }
}

package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each reason of a failed call as its exit code, made by what really leads to it. */
class ReasonsIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static RedisServer redis;

    private final List<Bus> open = new ArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch asked = new CountDownLatch(1);

    @ServiceName("slow")
    interface Slow {
        int work(int pieces);
    }

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @AfterEach
    void closeAll() {
        release.countDown();
        open.forEach(Bus::close);
    }

    private Bus bus(String name, RedisServer on) {
        Bus bus = Bus.builder(on.url())
                .name(name)
                .drainTimeout(Duration.ofSeconds(20))
                .build();
        open.add(bus);
        return bus;
    }

    private Bus serving(ServiceOptions options, CountDownLatch begun) throws Exception {
        Bus bus = bus("shop", redis);
        Slow slow = pieces -> {
            begun.countDown();
            try {
                assertTrue(release.await(60, SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return pieces;
        };
        RpcServer.on(bus).serve(Slow.class, slow, options).ready().get(20, SECONDS);
        return bus;
    }

    /** A node of another maker, which answers each request with this, {@code $ID} being its id; empty for never. */
    private Channels playing(RedisServer on, String answer) throws Exception {
        Channels channels = BusRuntime.of(bus("player", on)).channels();
        channels.listen("bus:rpc:played.call@played-1", (channel, messages, next) -> {
                    for (Message message : messages) {
                        answer(channels, message, answer);
                    }
                })
                .ready()
                .get(20, SECONDS);
        lease(channels, Duration.ofMinutes(1));
        return channels;
    }

    private void answer(Channels channels, Message message, String answer) {
        asked.countDown();
        try {
            JsonNode request = JSON.readTree(message.toString());
            if (!answer.isEmpty() && request.has("id")) {
                byte[] reply =
                        answer.replace("$ID", request.path("id").asText()).getBytes(StandardCharsets.UTF_8);
                String inbox = request.path("meta").path("replyTo").asText();
                channels.send(inbox, reply, ReceiverCount.NO, SendCallback.UNNOTICED);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void lease(Channels channels, Duration ttl) throws Exception {
        byte[] manifest =
                "{\"node\":\"played-1\",\"services\":{\"played\":[\"call\"]}}".getBytes(StandardCharsets.UTF_8);
        channels.transport()
                .renewLease("bus:nodes", "bus:node:{bus:nodes}:played-1", manifest, ttl)
                .get(20, SECONDS);
    }

    private static Shell shell(RedisServer on) {
        return new Shell(Map.of("OMNIBUS_REDIS", on.url()), Connection::open);
    }

    private static void assertReason(Reason reason, int code, Shell.Result result) throws Exception {
        assertEquals(code, result.code(), result::toString);
        assertEquals(code, ExitCode.of(reason));
        JsonNode said = JSON.readTree(result.out());
        assertEquals(reason.name(), said.path("reason").asText());
        assertEquals(code, said.path("exit").asInt());
        assertTrue(result.err().contains("omnibus errors " + reason), result::err);
    }

    @Test
    void aCallOfNobody() throws Exception {
        assertReason(Reason.NO_SERVER, 65, shell(redis).run("omnibus call nobody.there --json"));
    }

    @Test
    void aCallThatTakesTooLong() throws Exception {
        Bus unused = serving(ServiceOptions.defaults(), new CountDownLatch(1));
        assertReason(Reason.TIMEOUT, 66, shell(redis).run("omnibus call slow.work '[1]' -t 300ms --json"));
    }

    @Test
    void aNodeThatHasTooMuchToDo() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        Bus server = serving(new ServiceOptions(1, 0), begun);
        RpcClient.on(server).call("slow.work", Integer.class, 1);
        assertTrue(begun.await(20, SECONDS));
        assertReason(Reason.OVERLOADED, 67, shell(redis).run("omnibus call slow.work '[1]' -t 20s --json"));
    }

    @Test
    void aNodeThatIsLeaving() throws Exception {
        Channels channels = playing(
                redis,
                "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"meta\":{\"from\":\"played-1\"},"
                        + "\"error\":{\"code\":-32003,\"message\":\"leaving\"}}");
        assertReason(Reason.DRAINING, 68, shell(redis).run("omnibus call played.call -t 20s --json"));
        end(channels);
    }

    @Test
    void aNodeThatDies() throws Exception {
        Channels channels = playing(redis, "");
        lease(channels, Duration.ofSeconds(3)); // and not renewed
        assertReason(Reason.NODE_LOST, 69, shell(redis).run("omnibus call played.call -t 30s --json"));
    }

    @Test
    void aCallThatIsCancelledAtTheNode() throws Exception {
        Channels channels = playing(
                redis,
                "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"meta\":{\"from\":\"played-1\"},"
                        + "\"error\":{\"code\":-32004,\"message\":\"cancelled\"}}");
        assertReason(Reason.CANCELLED, 70, shell(redis).run("omnibus call played.call -t 20s --json"));
        end(channels);
    }

    @Test
    void argumentsThatDoNotFit() throws Exception {
        Bus unused = serving(ServiceOptions.defaults(), new CountDownLatch(1));
        assertReason(Reason.REFUSED, 71, shell(redis).run("omnibus call slow.work pieces=many --json"));
    }

    @Test
    void aMethodThatThrows() throws Exception {
        RpcServer.on(bus("shop", redis))
                .serve("bad.luck", params -> {
                    throw new IllegalStateException("not for the caller");
                })
                .ready()
                .get(20, SECONDS);
        Shell.Result result = shell(redis).run("omnibus call bad.luck --json");
        assertReason(Reason.FAULT, 72, result);
        assertTrue(!result.toString().contains("not for the caller"), result::toString);
    }

    @Test
    void aReplyThatIsNone() throws Exception {
        Channels channels = playing(
                redis,
                "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"meta\":{\"from\":\"played-1\"},\"result\":1,"
                        + "\"error\":{\"code\":1,\"message\":\"both\"}}");
        assertReason(Reason.BAD_REPLY, 73, shell(redis).run("omnibus call played.call -t 20s --json"));
        end(channels);
    }

    @Test
    void aConnectionThatBreaks() throws Exception {
        try (RedisServer doomed = RedisServer.start()) {
            Channels unused = playing(doomed, "");
            CompletableFuture<Shell.Result> result =
                    CompletableFuture.supplyAsync(() -> shell(doomed).run("omnibus call played.call -t 60s --json"));
            assertTrue(asked.await(60, SECONDS));
            doomed.kill();
            assertReason(Reason.CONNECTION_LOST, 74, result.get(60, SECONDS));
        }
    }

    @Test
    void aClientThatIsEnded() throws Exception {
        Channels channels = playing(redis, "");
        AtomicReference<Bus> bus = new AtomicReference<>();
        Shell shell = new Shell(Map.of("OMNIBUS_REDIS", redis.url()), connection -> {
            bus.set(connection.open());
            return bus.get();
        });
        CompletableFuture<Shell.Result> result =
                CompletableFuture.supplyAsync(() -> shell.run("omnibus call played.call -t 60s --json"));
        assertTrue(asked.await(60, SECONDS));
        Objects.requireNonNull(bus.get()).close();
        assertReason(Reason.CLOSED, 75, result.get(60, SECONDS));
        end(channels);
    }

    @Test
    void aBroadcastThatSomebodyHasNotAnswered() throws Exception {
        RpcServer.on(bus("shop", redis))
                .serve("played.call", params -> 3)
                .ready()
                .get(20, SECONDS);
        Channels channels = BusRuntime.of(bus("player", redis)).channels();
        channels.listen("bus:rpc:played.call", (channel, messages, next) -> {})
                .ready()
                .get(20, SECONDS);
        lease(channels, Duration.ofMinutes(1));
        Shell.Result result = shell(redis).run("omnibus ask played.call -t 500ms --json");
        assertEquals(76, result.code(), result::toString);
        JsonNode said = JSON.readTree(result.out());
        assertEquals(2, said.path("asked").asInt());
        assertEquals(1, said.path("answered").asInt());
        assertEquals("TIMEOUT", said.path("missing").path("played-1").asText());
        assertTrue(result.err().contains("missing: played-1 TIMEOUT"), result::err);
        end(channels);
    }

    private static void end(Channels channels) throws Exception {
        channels.transport()
                .endLease("bus:nodes", "bus:node:{bus:nodes}:played-1")
                .get(20, SECONDS);
    }

    @Test
    void theCodesAreFrozen() {
        List<Integer> codes = Stream.of(Reason.values()).map(ExitCode::of).toList();
        assertEquals(List.of(65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75), codes);
        assertEquals(
                List.of(
                        "NO_SERVER",
                        "TIMEOUT",
                        "OVERLOADED",
                        "DRAINING",
                        "NODE_LOST",
                        "CANCELLED",
                        "REFUSED",
                        "FAULT",
                        "BAD_REPLY",
                        "CONNECTION_LOST",
                        "CLOSED"),
                Stream.of(Reason.values()).map(Enum::name).toList());
    }
}

package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

@WithRedis
class RedisQueuedCallIT extends QueuedCallContract {

    private final RedisServer redis;

    RedisQueuedCallIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    private String key(String method) {
        return prefix + ":queue:{" + method + "}";
    }

    interface Many {

        String a();

        String b();

        String c();

        String d();

        String e();

        String f();

        String g();

        String h();

        String i();

        String j();
    }

    private long scripts() {
        String stats = String.valueOf(redis.command("INFO", "commandstats"));
        Matcher calls = Pattern.compile("cmdstat_evalsha:calls=(\\d+)").matcher(stats);
        return calls.find() ? Long.parseLong(calls.group(1)) : 0;
    }

    @Test
    void aNodeWithManyQueuesThatRestCostsNextToNothingAndWakesAtOnce() throws Exception {
        Many many = (Many) Proxy.newProxyInstance(
                Many.class.getClassLoader(), new Class<?>[] {Many.class}, (proxy, method, none) -> method.getName());
        Bus server = bus("a");
        RpcServer.on(server)
                .serve(Many.class, many, ServiceOptions.defaults().withQueued())
                .ready()
                .join();
        CallQueue<Many> queue = RpcClient.on(bus("caller")).queue(Many.class);
        assertValue("a", queue.enqueue(Many::a));
        long[] before = {scripts()};
        await().atMost(20, SECONDS).pollInterval(2, SECONDS).until(() -> {
            long now = scripts();
            long more = now - before[0];
            before[0] = now;
            return more <= 8; // each queue was renewed each second: that were twenty, and those of the directory
        });
        assertValue("b", queue.enqueue(Many::b));
        assertValue(
                "c",
                RpcClient.on(bus("other"))
                        .queue(Many.class, QueueOptions.defaults().withDelay(Duration.ofMillis(200)))
                        .enqueue(Many::c));
    }

    @Test
    void whatIsNoCallIsReportedAndDroppedAndStopsNothing() throws Exception {
        Bus server = serving("a");
        CallQueue<Shop> queue = queue();
        value(queue.enqueue(shop -> shop.restock("first", 1)));
        String stream = key("shop.restock");
        redis.command("XADD", stream, "*", "x", "y");
        redis.command("XADD", stream, "*", "i", "1", "r", "no JSON");
        redis.command("XADD", stream, "*", "i", "2", "r", "{}");
        redis.command("XADD", stream, "*", "i", "3", "r", "{\"jsonrpc\":\"2.0\",\"method\":\"shop.nothing\"}");
        redis.command("XADD", stream, "*", "i", "{\"4", "u", "never", "r", "[]");
        assertValue(2, queue.enqueue(shop -> shop.restock("second", 1)));
        RpcClient client = RpcClient.on(bus("other"));
        assertEquals(
                Reason.REFUSED,
                rpcFailure(client.queued("shop.restock:1", Integer.class)).reason());
        assertEquals(
                Reason.NO_SERVER,
                rpcFailure(client.queued("shop.restock:3", Integer.class)).reason());
        await().until(() -> Objects.equals(0L, redis.command("XLEN", stream)));
        assertEquals(4, RpcServer.on(server).stats().refused());
    }

    @Test
    void aResultThatSomebodyHasWrittenIsABadReply() {
        redis.command("HSET", key("shop.restock") + ":call:x", "end", "no JSON");
        RpcException bad = rpcFailure(RpcClient.on(bus("caller")).queued("shop.restock:x", Integer.class));
        assertEquals(Reason.BAD_REPLY, bad.reason());
    }

    @Test
    void aQueueThatSomebodyHasWrittenOverWorksAgainWhenThatIsGone() throws Exception {
        serving("a");
        redis.command("SET", key("shop.restock"), "poison");
        CallQueue<Shop> queue = queue();
        assertEquals(
                Reason.REFUSED,
                rpcFailure(queue.enqueue(shop -> shop.restock("x", 1))).reason());
        redis.command("DEL", key("shop.restock"));
        assertValue(2, queue.enqueue(shop -> shop.restock("y", 1)));
    }

    @Test
    void aRedisThatMayEvictTheQueuesIsWarnedOfOnceByCallersAndServers() throws Exception {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, UTF_8)); // where the simple logger writes
        redis.command("CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lfu");
        try {
            serving("a");
            await().until(() -> warnings(log) == 1);
            CallQueue<Shop> queue = queue();
            assertValue(2, queue.enqueue(shop -> shop.restock("x", 1)));
            assertValue(2, queue.enqueue(shop -> shop.restock("x", 1)));
            await().until(() -> warnings(log) == 2); // it is another bus
        } finally {
            redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "0");
            System.setErr(before);
        }
    }

    private static long warnings(ByteArrayOutputStream log) {
        return log.toString(UTF_8)
                .lines()
                .filter(line -> line.contains("its maxmemory-policy is allkeys-lfu"))
                .count();
    }

    @Test
    void aForeignCallNeedsNoMoreThanAnIdAndARequest() throws Exception {
        serving("a");
        redis.command(
                "XADD",
                key("shop.restock"),
                "*",
                "i",
                "mine",
                "r",
                "{\"jsonrpc\":\"2.0\",\"method\":\"shop.restock\",\"params\":[\"sku\",4]}");
        await().until(() -> Objects.equals(1L, redis.command("EXISTS", key("shop.restock") + ":call:mine")));
        assertValue(5, RpcClient.on(bus("caller")).queued("shop.restock:mine", Integer.class));
    }

    /** As a replica that has not got the last moments. */
    private void takeOver(String method, String forgetting) {
        redis.command(
                "EVAL",
                forgetting + " redis.call('HSET', KEYS[1] .. ':server', 'history', 'of the one before')",
                "1",
                key(method));
    }

    /** So that another node has to take the rest. */
    private static final ServiceOptions ONE_AT_A_TIME =
            ServiceOptions.defaults().withQueued().withConcurrency(1);

    @Test
    void whatAServerThatHasTakenOverHasForgottenIsLeftToTheNodeThatHasIt() throws Exception {
        serving("a", ONE_AT_A_TIME);
        Queued<String> call = queue().enqueue(Shop::block);
        await().until(() -> blocked.get() == 1);
        serving("b");
        takeOver(
                "shop.block",
                "redis.call('XGROUP', 'DESTROY', KEYS[1], 'servers')"
                        + " redis.call('XGROUP', 'CREATE', KEYS[1], 'servers', '0')");
        await().atMost(20, SECONDS)
                .until(() -> String.valueOf(redis.command("XPENDING", key("shop.block"), "servers", "-", "+", "1"))
                        .contains("a-"));
        assertEquals(1, blocked.get());
        release.countDown();
        assertValue("released", call);
        assertEquals(1, blocked.get());
    }

    @Test
    void anAnswerThatAServerThatHasTakenOverDoesNotKnowIsGivenAgainWithoutBeingAskedFor() throws Exception {
        serving("a");
        Queued<Integer> call = queue().enqueue(shop -> shop.restock("x", 1));
        assertValue(2, call);
        String token = call.id().substring(call.id().indexOf(':') + 1);
        takeOver("shop.restock", "redis.call('DEL', KEYS[1] .. ':call:" + token + "')"); // and nobody is interrupted
        String known = key("shop.restock") + ":call:" + token;
        await().atMost(20, SECONDS).until(() -> Objects.equals(1L, redis.command("HEXISTS", known, "end")));
        assertEquals(1, done.stream().filter("x"::equals).count());
    }

    @Test
    void anAnswerThatAServerThatHasTakenOverHasForgottenIsGivenAgain() throws Exception {
        serving("a", ONE_AT_A_TIME);
        CallQueue<Shop> queue = queue();
        Queued<Integer> call = queue.enqueue(shop -> shop.restock("x", 1));
        assertValue(2, call);
        Queued<String> last = queue.enqueue(Shop::block);
        await().until(() -> blocked.get() == 1);
        serving("b");
        String request = "{\"jsonrpc\":\"2.0\",\"method\":\"shop.restock\",\"params\":[\"x\",1]}";
        String token = call.id().substring(call.id().indexOf(':') + 1);
        takeOver(
                "shop.restock",
                "local call = KEYS[1] .. ':call:" + token + "' redis.call('HDEL', call, 'end')"
                        + " redis.call('HSET', call, 'at', redis.call('XADD', KEYS[1], '*', 'i', '" + token
                        + "', 'r', '" + request + "'))");
        await().atMost(20, SECONDS).until(() -> Objects.equals(0L, redis.command("XLEN", key("shop.restock"))));
        assertEquals(1, done.stream().filter("x"::equals).count());
        release.countDown();
        assertValue("released", last);
    }
}

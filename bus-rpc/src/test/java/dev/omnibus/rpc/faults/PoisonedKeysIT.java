package dev.omnibus.rpc.faults;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.RedisServerException;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever somebody writes under the keys of the directory: who is there goes on, and newcomers find it. */
@Tag("slow")
@WithRedis
class PoisonedKeysIT {

    interface Echo {
        String say(String text);
    }

    private static final String PREFIX = "poisoned";
    private static final String INDEX = PREFIX + ":nodes";
    private static final String LEASE = PREFIX + ":node:{" + INDEX + "}:";

    private static RedisServer redis;
    private static Bus server;
    private static Bus caller;

    @BeforeAll
    static void open(RedisServer given) {
        redis = given;
        server = bus("server");
        RpcServer.on(server).serve(Echo.class, text -> text).ready().join();
        caller = bus("caller");
        assertEquals("a", call(caller));
    }

    @AfterAll
    static void close() {
        caller.close();
        server.close();
    }

    private static Bus bus(String name) {
        return Bus.builder(redis.url()).name(name).prefix(PREFIX).build();
    }

    private static String call(Bus bus) {
        CallOptions options = CallOptions.defaults().withTimeout(Duration.ofSeconds(3));
        return RpcClient.on(bus).proxy(Echo.class, options).say("a");
    }

    private static void run(String... command) {
        try {
            redis.command(command);
        } catch (RedisServerException e) {
            // it is of another kind by now, or too large
        }
    }

    private static final List<String> TEXTS = List.of(
            "",
            "x",
            "0",
            "-1",
            "1.5",
            "1e308",
            "9223372036854775807",
            "99999999999999999999",
            "nan",
            "\u0000",
            "null",
            "[]",
            "{}",
            "{\"node\":\"",
            "[".repeat(100_000),
            "{\"node\":\"server-0\",\"node\":\"x\",\"services\":{}}",
            "{\"node\":\"a\\u0000b\",\"services\":{\"echo\":[\"say\"]}}",
            "{\"node\":\"made-up\",\"revision\":9223372036854775807,\"draining\":true,\"services\":{\"echo\":[\"say\"]}}",
            "{\"node\":\"made-up\",\"revision\":1e999,\"pid\":[],\"started\":{},\"services\":[]}",
            "{\"node\":\"made-up\",\"services\":{\"echo\":17}}",
            "{\"node\":\"made-up\",\"pid\":" + "9".repeat(5_000) + ",\"services\":{}}",
            "{\"node\":\"made-up\",\"services\":{\"\\u001b[2J\\r\\n\":{\"\\u2028\":\"\\u202e\"}}}",
            "x".repeat(2 << 20));

    /** All that may stand under a key, one after the other. */
    private static List<Runnable> poisons(String key) {
        List<Runnable> poisons = new ArrayList<>();
        TEXTS.forEach(text -> poisons.add(() -> run("SET", key, text)));
        poisons.add(() -> run("RPUSH", key, "a", "b"));
        poisons.add(() -> run("HSET", key, "a", "b"));
        poisons.add(() -> run("SADD", key, "a"));
        poisons.add(() -> run("XADD", key, "*", "a", "b"));
        for (String score : List.of("-inf", "+inf", "0", "-1", "1.5", "9e15", "1e308", "9007199254740993")) {
            poisons.add(() -> run("ZADD", key, score, ""));
            poisons.add(() -> run("ZADD", key, score, "\u0000\r\n"));
            poisons.add(() -> run("ZADD", key, score, LEASE));
            poisons.add(() -> run("ZADD", key, score, LEASE + "made-up"));
            poisons.add(() -> run("ZADD", key, score, LEASE + server.node()));
            poisons.add(() -> run("ZADD", key, score, "{other}" + LEASE));
            poisons.add(() -> run("ZADD", key, score, INDEX));
            poisons.add(() -> run("ZADD", key, score, "x".repeat(100_000)));
        }
        return poisons;
    }

    /** Where the lists were spoilt, when the server has renewed its lease. */
    private static void worksForAll() {
        await().atMost(10, TimeUnit.SECONDS)
                .ignoreExceptions()
                .until(() -> call(caller).equals("a"));
        await().atMost(10, TimeUnit.SECONDS).ignoreExceptions().until(PoisonedKeysIT::worksForANewcomer);
    }

    private static boolean worksForANewcomer() {
        try (Bus newcomer = bus("newcomer")) {
            return call(newcomer).equals("a");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                INDEX,
                INDEX + ":changes:{" + INDEX + "}",
                INDEX + ":version:{" + INDEX + "}",
                INDEX + ":checked:{" + INDEX + "}",
                LEASE + "server",
                LEASE + "made-up",
                LEASE,
                LEASE + "odd"
            })
    void whateverStandsThere(String named) {
        String key = named.endsWith(":server") ? LEASE + server.node() : named.replace("odd", "a\u0000\r\n");
        for (boolean listed : List.of(false, true)) {
            for (Runnable poison : poisons(key)) {
                run("DEL", key);
                poison.run();
                if (listed) {
                    run("ZADD", INDEX, "0", key);
                    run("ZADD", INDEX + ":changes:{" + INDEX + "}", "0", key);
                    run("INCR", INDEX + ":version:{" + INDEX + "}");
                }
                if (Bounds.LONG) {
                    worksForAll();
                }
            }
            worksForAll();
            assertEquals("a", call(caller));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"$/joined", "$/draining", "$/left", "$/beat", "$/cancelRequest", "", "odd"})
    void whateverIsSaidOnPresence(String word) {
        List<String> params = new ArrayList<>(TEXTS);
        params.add("{\"node\":\"" + server.node() + "\",\"revision\":9223372036854775807,\"services\":{}}");
        params.add("{\"node\":\"" + server.node() + "\",\"draining\":true,\"services\":{\"echo\":[\"say\"]}}");
        params.add("{\"id\":1,\"from\":\"" + caller.node() + "\"}");
        for (String said : params) {
            redis.command(
                    "PUBLISH",
                    PREFIX + ":presence",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"" + word.replace("odd", "\\u001b[2J") + "\",\"params\":" + said
                            + "}");
            assertEquals("a", call(caller));
        }
        await().atMost(10, TimeUnit.SECONDS).ignoreExceptions().until(PoisonedKeysIT::worksForANewcomer);
    }
}

package dev.omnibus.rpc.faults;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.faults.SmallNode.Pulse;
import dev.omnibus.rpc.faults.SmallNode.Small;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.FrameListener;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A node with a heap of 256 MiB, on which others pour what they like: it drops and says so, and it works afterwards.
 * With {@code -Dfaults=long} they pour twenty times as much.
 */
@Tag("slow")
@WithRedis
class SmallHeapIT {

    private static final String PREFIX = "heap";
    private static final int MIB = 1 << 20;
    private static final long MAX_MIB = 130; // after a collection
    private static final long MAX_KEPT_MIB = 90; // of a mailbox of 64 MiB, with what is read and handled just now

    private static RedisServer redis;
    private static NodeProcess process;
    private static String node;
    private static Foreign foreign;
    private static Bus bus;
    private static Small small;
    private static Pulse pulse;
    private static long poured; // bytes since the node has read all that there was

    @BeforeAll
    static void open(RedisServer given) {
        redis = given;
        process = NodeProcess.start(
                List.of("-Xmx256m", "-XX:+ExitOnOutOfMemoryError"), SmallNode.class, redis.url(), PREFIX);
        node = process.awaitLine(line -> line.startsWith("ready ")).substring(6);
        foreign = new Foreign(redis.url());
        bus = Bus.builder(redis.url()).name("large").prefix(PREFIX).build();
        CallOptions patient = CallOptions.defaults()
                .withTimeout(Duration.ofSeconds(30))
                .withAttemptTimeout(Duration.ofSeconds(4))
                .withRetries(10)
                .asIdempotent();
        small = RpcClient.on(bus).proxy(Small.class, patient);
        pulse = RpcClient.on(bus).proxy(Pulse.class, patient);
    }

    @AfterAll
    static void close() {
        bus.close();
        foreign.close();
        process.close();
    }

    /** Redis would end the connection of a node that has too much unread, and that is not what is tried here. */
    private static void pour(String channel, String frame) {
        byte[] bytes = frame.getBytes(UTF_8);
        foreign.publish(channel, bytes);
        poured += bytes.length + channel.length() + 500;
        if (poured > 8 * MIB) {
            poured = 0;
            await().atMost(60, SECONDS).ignoreExceptions().until(pulse::beat);
        }
    }

    /** How often in the short form, and in the long one. */
    private static int times(int often) {
        return Bounds.LONG ? 20 * often : often;
    }

    private static void event(String topic, String attributes, String data) {
        pour(
                PREFIX + ":evt:" + topic,
                ("{\"specversion\":\"1.0\",\"type\":\"String\"," + attributes + ",\"data\":" + data + "}"));
    }

    private static void request(String method, String meta, String params) {
        pour(
                PREFIX + ":rpc:small." + method + "@" + node,
                ("{\"jsonrpc\":\"2.0\",\"method\":\"small." + method + "\",\"meta\":{" + meta + "},\"params\":" + params
                        + "," + "\"id\":" + ++lastId + "}"));
    }

    private static long lastId;
    private static long refused; // until the last scene, like the next one
    private static long told;

    private static String text(int length) {
        return "\"" + "x".repeat(length) + "\"";
    }

    /** What it says that it did not take, in all. */
    private static long refusals(Map<String, Long> reports) {
        return Stream.of("bad", "failures", "dropped", "framesDropped", "overloaded", "refused", "callersGone")
                .mapToLong(reports::get)
                .sum();
    }

    /** Alive, not filled and in order; and what was not taken is reported. */
    private static void endsInReports(String scene) {
        long before = refused;
        survives(scene);
        assertTrue(refused > before, scene + " was taken as if it were nothing");
    }

    /** Alive, not filled, and in order. */
    private static Map<String, Long> survives(String scene) {
        poured = 0;
        await().atMost(60, SECONDS).ignoreExceptions().until(pulse::beat);
        small.hold(false);
        await().atMost(60, SECONDS).ignoreExceptions().until(() -> {
            assertTrue(process.isAlive(), () -> scene + ": " + process.lines().toList());
            return small.heap() < MAX_MIB;
        });
        long handled = small.reports().get("handled");
        await().atMost(60, SECONDS).ignoreExceptions().until(() -> {
            bus.publish("many.after", "fine").get(5, SECONDS);
            return small.reports().get("handled") > handled;
        });
        Map<String, Long> reports = small.reports();
        System.out.println(scene + ": heap " + small.heap() + " MiB, " + reports);
        refused = refusals(reports);
        told = reports.get("told");
        return reports;
    }

    @Test
    void eventsOfManySourcesOnManyTopics() {
        for (int i = 0; i < times(8_000); i++) {
            String source = "\"id\":\"1\",\"source\":\"/" + i + "s".repeat(i % 4 == 0 ? 990 : 200) + "\"";
            event("exact." + i % SmallNode.TOPICS, i % 2 == 0 ? source : source + ",\"sequence\":\"7\"", "1");
        }
        survives("sources");
    }

    @Test
    void eventsWrittenAsOursOfManySourcesOnManyTopics() {
        for (int i = 0; i < times(8_000); i++) {
            pour(
                    PREFIX + ":evt:exact." + i % SmallNode.TOPICS,
                    ("{\"specversion\":\"1.0\",\"source\":\"/" + i + "s".repeat(900)
                            + "\",\"type\":\"Integer\",\"subject\":\"exact." + i % SmallNode.TOPICS
                            + "\",\"sequence\":\"0000000000000007\",\"id\":\"1\",\"time\":\"2026-01-01T00:00:00Z\",\"data\":1}"));
        }
        survives("known");
    }

    @Test
    void longAndManyTopicsUnderAPattern() {
        for (int i = 0; i < times(10); i++) {
            event("many." + i + "t".repeat(500_000), "\"id\":\"1\",\"source\":\"/s\"", "1");
        }
        for (int i = 0; i < times(4_000); i++) {
            event("many." + i + "t".repeat(480), "\"id\":\"1\",\"source\":\"/s\",\"sequence\":\"1\"", "1");
        }
        endsInReports("topics");
    }

    @Test
    void largeEventsWhoseHandlerFailsWhileTheListenerWaits() {
        long before = small.reports().get("failures");
        small.hold(true);
        for (int i = 0; i < times(40); i++) {
            event("fail.large", "\"id\":\"" + i + "\",\"source\":\"/s\"", text(MIB - 200));
        }
        await().atMost(60, SECONDS).until(() -> small.reports().get("failures") > before + 10);
        endsInReports("reports");
    }

    @Test
    void manySmallAttributesAndTrees() {
        StringBuilder attributes = new StringBuilder("\"id\":\"1\",\"source\":\"/s\"");
        for (int i = 0; i < 60_000; i++) {
            attributes.append(",\"a").append(i).append("\":\"1\"");
        }
        StringBuilder few = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            few.append(",\"a")
                    .append(i)
                    .append("\":\"")
                    .append("x".repeat(1_000))
                    .append('"');
        }
        small.hold(true);
        for (int i = 0; i < times(4); i++) {
            event("many.attributes", attributes.toString(), "1");
            event("trees.attributes", "\"id\":\"" + i + "\",\"source\":\"/s\"", "[" + "{},".repeat(340_000) + "1]");
            for (int j = 0; j < 50; j++) {
                event("slow.full", "\"id\":\"" + i + "-" + j + "\",\"source\":\"/s\"" + few, "\"x\"");
            }
        }
        endsInReports("attributes");
    }

    @Test
    void smallEventsThatComeWithLargeOnesForWhichThereIsNoRoom() {
        for (String topic : List.of("slow.full", "slow.keyed", "slow.small")) {
            long before = small.heap();
            small.hold(true);
            for (int i = 0; i < times(topic.equals("slow.small") ? 180 : 20); i++) {
                String head = "{\"specversion\":\"1.0\",\"type\":\"String\",\"source\":\"/s\",\"id\":\"";
                String frame =
                        "[" + head + i + "a\",\"data\":\"x\"}," + head + i + "b\",\"data\":" + text(800_000) + "}]";
                pour(PREFIX + ":evt:" + topic, frame);
            }
            long heap = small.heap();
            assertTrue(heap < before + MAX_KEPT_MIB, topic + " holds " + heap + " MiB, and " + before + " before");
            small.hold(false);
        }
        endsInReports("neighbours");
    }

    @Test
    void eventsOfATypeThatNobodyTakesWhileTheListenerWaits() {
        small.hold(true);
        for (int i = 0; i < times(4_000); i++) {
            pour(
                    PREFIX + ":evt:dead." + i,
                    "{\"specversion\":\"1.0\",\"type\":\"Nobodys\",\"id\":\"" + i + "\",\"source\":\"/s\",\"data\":1}");
        }
        long before = told;
        survives("dead");
        await().until(() -> small.reports().get("told") > before);
    }

    @Test
    void requestsThatNameInboxesOfNobody() {
        for (int i = 0; i < times(4_000); i++) {
            request("reports", "\"from\":\"m\",\"replyTo\":\"" + PREFIX + ":inbox:n" + i + "\"", "[]");
        }
        survives("inboxes");
    }

    @Test
    void requestsWithManyHeadersAndLongNames() {
        StringBuilder headers = new StringBuilder("\"headers\":{\"a\":\"b\"");
        for (int i = 0; i < 60; i++) {
            headers.append(",\"h")
                    .append(i)
                    .append("\":\"")
                    .append("x".repeat(10_000))
                    .append('"');
        }
        headers.append('}');
        for (int i = 0; i < times(150); i++) {
            String meta = "\"from\":\"m\",\"replyTo\":\"" + PREFIX + ":inbox:n" + i + "\",\"ttl\":2000,";
            request(i % 2 == 0 ? "never" : "reports", meta + headers, i % 2 == 0 ? "[\"x\"]" : "[]");
        }
        endsInReports("headers");
    }

    @Test
    void largeRequestsOfASlowMethodInFramesWithSmallOnes() {
        for (int i = 0; i < times(40); i++) {
            request("slow", "\"from\":\"m\",\"replyTo\":\"" + PREFIX + ":inbox:n\"", "[" + text(900_000) + "]");
            String one = "{\"jsonrpc\":\"2.0\",\"method\":\"small.slow\",\"meta\":{\"replyTo\":\"" + PREFIX
                    + ":inbox:n\"},\"params\":[\"x\"],\"id\":" + ++lastId + "}";
            pour(
                    PREFIX + ":rpc:small.slow@" + node,
                    ("[" + one + "," + " ".repeat(500_000) + one.replace("slow", "none") + "]"));
        }
        endsInReports("requests");
    }

    @Test
    void answersOfManyWhoWereNotAsked() throws Exception {
        List<String> ids = new CopyOnWriteArrayList<>();
        Pattern id = Pattern.compile("\"id\":(\\d+),\"method\":\"small.all\"");
        foreign.listen(PREFIX + ":rpc:small.all*", new FrameListener() {
            @Override
            public void onFrame(String channel, byte[] frame) {
                Matcher found = id.matcher(new String(frame, UTF_8));
                while (found.find()) {
                    ids.add(found.group(1));
                }
            }

            @Override
            public void onInterrupted() {}
        });
        var asked = BusRuntime.of(bus).executor().submit(() -> small.ask("who"));
        await().atMost(20, SECONDS).until(() -> !ids.isEmpty());
        for (int i = 0; i < times(60); i++) {
            String name = i % 2 == 0 ? "n" + i : i + "n".repeat(700_000);
            pour(
                    PREFIX + ":inbox:" + node,
                    ("{\"jsonrpc\":\"2.0\",\"id\":" + ids.get(0) + ",\"meta\":{\"from\":\"" + name + "\"},\"result\":"
                            + text(300_000) + "}"));
        }
        assertEquals(1, asked.get(30, SECONDS));
        endsInReports("answers");
    }

    @Test
    void manyLargeManifestsAndNodesThatComeAndGoWhileTheListenerWaits() {
        small.hold(true);
        StringBuilder methods = new StringBuilder();
        for (int i = 0; i < 9_900; i++) {
            methods.append("\"m").append(i).append("\",");
        }
        String index = PREFIX + ":nodes";
        for (int i = 0; i < times(30); i++) {
            String name = "made-up-" + i;
            String key = PREFIX + ":node:{" + index + "}:" + name;
            redis.command(
                    "SET",
                    key,
                    "{\"node\":\"" + name + "\",\"services\":{\"s\":[" + methods + "\"x\"]}}",
                    "PX",
                    "3000");
            redis.command("ZADD", index, "0", key);
            redis.command("ZADD", index + ":changes:{" + index + "}", "0", key);
            redis.command("INCR", index + ":version:{" + index + "}");
            pour(
                    PREFIX + ":presence",
                    ("{\"jsonrpc\":\"2.0\",\"method\":\"$/joined\",\"params\":{\"node\":\"" + name
                            + "\",\"services\":{\"s\":[" + methods + "\"x\"]}}}"));
        }
        survives("manifests");
    }

    @Test
    void queuesFullOfWhatIsNoRequest() {
        String queue = PREFIX + "-queue";
        for (int i = 0; i < times(40); i++) {
            redis.command("RPUSH", queue, "[".repeat(MIB));
            redis.command(
                    "RPUSH",
                    queue,
                    "{\"function_call\":{\"name\":\"length\",\"args\":[" + text(MIB) + "]},\"response_queue\":\""
                            + queue + ":rpc:A" + i + "\"}");
            redis.command(
                    "RPUSH",
                    queue,
                    "{\"function_call\":{\"name\":\"length\",\"args\":[\"four\"]},\"response_queue\":\"" + queue
                            + ":rpc:B" + i + "\"}");
        }
        await().atMost(60, SECONDS)
                .until(() -> redis.command("LLEN", queue + ":rpc:B" + (times(40) - 1))
                        .equals(1L));
        endsInReports("queues");
    }

    @Test
    void frameAfterFrameOfRubbish() {
        String rubbish = "[" + "{},".repeat(1_000_000);
        for (int i = 0; i < times(4); i++) {
            for (String topic : List.of("many.a", "fail.a", "trees.a", "exact.1", "dead.a")) {
                pour(PREFIX + ":evt:" + topic, rubbish);
            }
            pour(PREFIX + ":inbox:" + node, rubbish);
            pour(PREFIX + ":presence", rubbish);
        }
        endsInReports("rubbish");
    }
}

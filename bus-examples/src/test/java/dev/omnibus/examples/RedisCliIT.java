package dev.omnibus.examples;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every line of the page about redis-cli does what the page says. Its words are sent as redis-cli would send them. */
class RedisCliIT {

    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How each line begins, in the order of the page. */
    private static final List<String> LINES = List.of(
            "psubscribe bus:*",
            "publish bus:evt:orders.placed",
            "zrange bus:nodes",
            "get bus:node:",
            "subscribe bus:inbox:hand-1",
            "publish bus:rpc:calc.add@",
            "publish bus:rpc:calc.sum@",
            "pubsub numsub",
            "publish bus:rpc:calc.val",
            "rpush calc",
            "blpop calc:rpc:BYHAND01");

    private final RedisServer redis = RedisServer.start();
    private final Bus bus = Bus.builder(redis.url()).name("calculator").build();
    private final List<HandConnection> connections = new ArrayList<>();
    private final List<List<String>> lines = new ArrayList<>();

    @BeforeEach
    void serve() {
        CalculatorNode.serve(bus, new CalculatorNode(), "calc").join();
        for (String line : Repository.lines(Repository.root().resolve("docs/how-to/redis-cli.md"))) {
            if (line.startsWith("redis-cli ")) {
                lines.add(WORD.matcher(line.substring("redis-cli ".length()).replace("$NODE", bus.node()))
                        .results()
                        .map(RedisCliIT::word)
                        .toList());
            }
        }
    }

    private static String word(MatchResult found) {
        for (int group = 1; group <= 3; group++) {
            if (found.group(group) != null) {
                return found.group(group);
            }
        }
        throw new IllegalStateException("one of them is there");
    }

    @AfterEach
    void close() throws IOException {
        for (HandConnection connection : connections) {
            connection.close();
        }
        bus.close();
        redis.close();
    }

    @Test
    void thePageHasTheseLines() {
        assertEquals(LINES.size(), lines.size());
        for (int i = 0; i < LINES.size(); i++) {
            String line = String.join(" ", lines.get(i));
            assertTrue(line.startsWith(LINES.get(i)), line);
        }
    }

    private List<String> line(String beginning) {
        return lines.get(LINES.indexOf(beginning));
    }

    private Object run(String beginning) throws IOException {
        HandConnection connection = new HandConnection(redis);
        connections.add(connection);
        Object answer = connection.command(line(beginning).toArray(String[]::new));
        assertNotNull(answer);
        return answer;
    }

    @Test
    void anEventIsPublishedAndEverythingIsSeen() throws Exception {
        run("psubscribe bus:*");
        HandConnection watching = connections.get(0);
        CompletableFuture<JsonNode> heard = new CompletableFuture<>();
        bus.subscribe("orders.*", JsonNode.class, event -> heard.complete(event.data()))
                .ready()
                .join();

        assertEquals(2L, run("publish bus:evt:orders.placed"));

        assertEquals("o-17", heard.get(20, SECONDS).path("id").asText());
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        while (!seen.contains("bus:evt:orders.placed")) {
            seen.add(watching.message().get(1));
        }
    }

    @Test
    void theNodesAreListed() throws Exception {
        assertEquals(List.of("bus:node:{bus:nodes}:" + bus.node()), run("zrange bus:nodes"));
        JsonNode manifest = JSON.readTree(run("get bus:node:").toString());
        assertEquals(bus.node(), manifest.path("node").asText());
        assertTrue(manifest.path("services").path("calc").has("add"));
    }

    @Test
    void methodsAreCalledAndAnswer() throws Exception {
        run("subscribe bus:inbox:hand-1");
        HandConnection inbox = connections.get(0);

        assertEquals(1L, run("publish bus:rpc:calc.add@"));
        assertEquals(shown(1), JSON.readTree(inbox.message().get(1)));
        assertEquals(1L, run("publish bus:rpc:calc.sum@"));
        assertEquals(shown(2), JSON.readTree(inbox.message().get(1)));
        assertEquals(List.of("bus:rpc:calc.val", 1L), run("pubsub numsub"));
        assertEquals(1L, run("publish bus:rpc:calc.val"));
        assertEquals(3, JSON.readTree(inbox.message().get(1)).path("id").asInt());
    }

    /** The reply as the page shows it, from this node. */
    private JsonNode shown(int id) throws IOException {
        String beginning = "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"meta\"";
        for (String line : Repository.lines(Repository.root().resolve("docs/how-to/redis-cli.md"))) {
            if (line.startsWith(beginning)) {
                return JSON.readTree(line.replace("calculator-8d2k4n6p3rtx", bus.node()));
            }
        }
        throw new AssertionError("The page does not show the reply " + id);
    }

    @Test
    void theQueueIsServed() throws Exception {
        assertEquals(1L, run("rpush calc"));
        assertEquals(List.of("calc:rpc:BYHAND01", "{\"return_value\":5.0}"), run("blpop calc:rpc:BYHAND01"));
    }

    /** Where redis-cli itself is there, it reads the lines as this test does. */
    @Test
    void redisCliTakesTheLinesAsTheyAre() throws Exception {
        HandConnection inbox = new HandConnection(redis);
        connections.add(inbox);
        inbox.subscribe("bus:inbox:hand-1");
        String line = Repository.lines(Repository.root().resolve("docs/how-to/redis-cli.md")).stream()
                .filter(one -> one.startsWith("redis-cli publish \"bus:rpc:calc.sum@"))
                .findFirst()
                .orElseThrow();
        ProcessBuilder shell = new ProcessBuilder(
                "sh",
                "-c",
                "command -v redis-cli > /dev/null || exit 42; "
                        + line.replace("redis-cli ", "redis-cli --no-auth-warning -u " + urlWithUser() + " "));
        shell.environment().put("NODE", bus.node());
        int exit = shell.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        if (exit == 42) {
            run("publish bus:rpc:calc.sum@"); // it is not there
        } else {
            assertEquals(0, exit);
        }
        assertEquals(shown(2), JSON.readTree(inbox.message().get(1)));
        assertEquals(0, bus.stats().badMessages());
    }

    /** It would log in as a user without a name. */
    private String urlWithUser() {
        return redis.url().replace("redis://:", "redis://default:");
    }
}

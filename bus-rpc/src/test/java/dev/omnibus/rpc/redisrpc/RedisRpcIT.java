package dev.omnibus.rpc.redisrpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What clients of redisrpc in other languages send, byte for byte, and what they get. */
@WithRedis
class RedisRpcIT {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What is sent, and what comes back. */
    private static final List<String> ANSWERED =
            List.of( // Python: json.dumps with its spaces; empty arguments are left out
                    "{\"name\": \"val\"}                                          | {\"return_value\":0.0}",
                    "{\"name\": \"add\", \"args\": [5]}                           | {\"return_value\":5.0}",
                    "{\"name\": \"add\", \"kwargs\": {\"x\": 5}}                  | {\"return_value\":5.0}",
                    "{\"name\": \"echo\", \"args\": [\"it's \\u00e9\"]}           | {\"return_value\":\"it's é\"}",
                    // Ruby: arguments always, and no spaces
                    "{\"name\":\"val\",\"args\":[]}                               | {\"return_value\":0.0}",
                    "{\"name\":\"list\",\"args\":[1,\"two\",{\"three\":3}]}       | {\"return_value\":[1,\"two\",{\"three\":3}]}",
                    // PHP: the name first
                    "{\"name\":\"add\",\"args\":[2.5]}                            | {\"return_value\":2.5}",
                    "{\"name\":\"nothing\"}                                       | {\"return_value\":null}",
                    // by position and by name at once
                    "{\"name\":\"list\",\"args\":[1],\"kwargs\":{\"c\":{\"d\":4},\"b\":\"two\"}} | {\"return_value\":[1,\"two\",{\"d\":4}]}");

    private static final List<String> REFUSED = List.of(
            "{\"name\": \"foo\"}                                | MethodNotFound(method \"foo\" does not exist)",
            "{\"name\": \"getClass\"}                           | MethodNotFound(method \"getClass\" does not exist)",
            "{\"name\": \"fail\", \"args\": [\"no more\"]}      | 7(no more)",
            "{\"name\": \"add\"}                                | InvalidParams(it takes 1 arguments and got 0)",
            "{\"name\": \"add\", \"args\": [{}]}                | InvalidParams(argument 1 (x) of object.add does not fit double at $)",
            "{\"name\": \"add\", \"args\": [1], \"kwargs\": {\"x\": 5}} | TypeError(it got its argument x twice)",
            "{\"name\": \"add\", \"kwargs\": {\"y\": 5}}        | TypeError(it has only the parameters [x])",
            "{\"name\": \"list\", \"kwargs\": {\"a\": 5}}       | TypeError(it takes the arguments [a, b, c] and got no b)",
            "{\"args\": [1]}                                    | Malformed(it has no function_call with a name)",
            "{\"name\": \"add\", \"args\": 1}                   | Malformed(its args are not an array)",
            "{\"name\": \"add\", \"kwargs\": 1}                 | Malformed(its kwargs are not an object)");

    /** Any object can be served. */
    public static final class Desk {

        private double number;

        public double clr() {
            number = 0;
            return number;
        }

        public double add(double x) {
            number += x;
            return number;
        }

        public double sub(double x) {
            number -= x;
            return number;
        }

        public double mul(double x) {
            number *= x;
            return number;
        }

        public double div(double x) {
            number /= x;
            return number;
        }

        public double val() {
            return number;
        }

        public String echo(String text) {
            return text;
        }

        public List<Object> list(int a, String b, Map<String, Integer> c) {
            return List.of(a, b, c);
        }

        public void nothing() {}

        public void fail(String message) {
            throw new RpcFault(7, message);
        }

        public void breakDown() {
            Object unused = List.of("a secret").get(7);
        }
    }

    /** Takes its time. */
    public record Slow(CountDownLatch running, CountDownLatch goOn) {

        public String slow() throws InterruptedException {
            running.countDown();
            assertTrue(goOn.await(20, TimeUnit.SECONDS));
            return "done";
        }
    }

    private final String queue = "calc-" + UUID.randomUUID();
    private final String responses = queue + ":rpc:ABCDEFGH";
    private final RedisServer redis;
    private final List<String> unsent = new CopyOnWriteArrayList<>();
    private final Bus bus;

    RedisRpcIT(RedisServer redis) {
        this.redis = redis;
        bus = Bus.builder(redis.url())
                .listener(new BusListener() {
                    @Override
                    public void onUnsent(String channel, String problem) {
                        unsent.add(channel + ": " + problem);
                    }
                })
                .build();
    }

    @AfterEach
    void close() {
        bus.close();
        redis.command("DEL", queue, responses);
    }

    private void serve() {
        RedisRpc.on(bus).serve(queue, new Desk()).ready().join();
    }

    private void push(String call) {
        redis.command("RPUSH", queue, request(call));
    }

    private String request(String call) {
        return "{\"function_call\": " + call + ", \"response_queue\": \"" + responses + "\"}";
    }

    private String answer() {
        for (int i = 0; i < 4; i++) {
            if (redis.command("BLPOP", responses, "5") instanceof List<?> popped) {
                return String.valueOf(popped.get(1));
            }
        }
        throw new AssertionError("no answer");
    }

    @Test
    void requestsOfOtherLanguagesAreAnswered() {
        serve();
        for (String row : ANSWERED) {
            push("{\"name\": \"clr\"}");
            answer();
            push(call(row));
            assertEquals(expected(row), answer());
        }
    }

    @Test
    void errorsAreTextsAndNothingElse() throws IOException {
        serve();
        for (String row : REFUSED) {
            push(call(row));
            JsonNode answer = JSON.readTree(answer());
            assertEquals(1, answer.size());
            assertEquals(expected(row), answer.path("exception").asText());
        }
    }

    private static String call(String row) {
        return row.substring(0, row.lastIndexOf('|')).strip();
    }

    private static String expected(String row) {
        return row.substring(row.lastIndexOf('|') + 1).strip();
    }

    @Test
    void whatNobodyWroteForOthersToReadStaysHere() {
        serve();
        push("{\"name\": \"breakDown\"}");
        String answer = answer();
        assertTrue(answer.startsWith("{\"exception\":\"InternalError(internal error, id "), answer);
        assertTrue(!answer.contains("secret") && !answer.contains("Exception"), answer);
    }

    @Test
    void theCalculatorOfItsReadmeWorks() {
        serve();
        assertEquals(
                List.of("0.0", "5.0", "2.0", "8.0", "2.0", "2.0"),
                List.of(
                        value("clr"),
                        value("add", 5),
                        value("sub", 3),
                        value("mul", 4),
                        value("div", 4),
                        value("val")));
    }

    private String value(String method, Object... arguments) {
        push("{\"name\": \"" + method + "\", \"args\": " + List.of(arguments) + "}");
        return answer().replaceAll("\\{\"return_value\":(.*)}", "$1");
    }

    @Test
    void badRequestsAreReportedAndTheNextOneIsServed() {
        serve();
        for (String bad : List.of(
                "", "no json", "\u0080\u0002}q\u0001.", "[]", "7", "{\"function_call\": {\"name\": \"clr\"}}")) {
            redis.command("RPUSH", queue, bad);
        }
        List<String> ours = List.of(
                queue, "bus:nodes", "bus:nodes:version:{bus:nodes}", "bus:node:{bus:nodes}:x", "bus:queue-servers");
        for (String name : ours) {
            redis.command("RPUSH", queue, "{\"function_call\":{\"name\":\"val\"},\"response_queue\":\"" + name + "\"}");
        }
        push("{\"name\": \"val\"}");

        assertEquals("{\"return_value\":0.0}", answer());
        await().atMost(LONG).until(() -> bus.stats().badMessages() == 6 + ours.size());
        assertEquals(0L, redis.command("EXISTS", "bus:node:{bus:nodes}:x"));
        assertEquals(0L, redis.command("LLEN", queue));
    }

    @Test
    void anAnswerThatNobodyTakesExpires() {
        serve();
        push("{\"name\": \"val\"}");
        await().atMost(LONG).until(() -> Long.valueOf(1).equals(redis.command("LLEN", responses)));
        long left = redis.command("PTTL", responses) instanceof Long millis ? millis : 0;
        assertTrue(left > 0 && left <= 60_000, () -> "expires in " + left);
    }

    @Test
    void aResponseQueueThatIsNoListDoesNotStopTheServer() {
        serve();
        redis.command("SET", responses, "no list");
        push("{\"name\": \"val\"}");
        await().atMost(LONG).until(() -> !unsent.isEmpty());
        assertTrue(unsent.get(0).startsWith(queue + ": The answer of val may not have been sent: "), unsent::toString);
        redis.command("SET", responses, "still none");
        redis.command("DEL", responses);
        push("{\"name\": \"add\", \"args\": [1]}");
        assertTrue(answer().startsWith("{\"return_value\":"));
    }

    @Test
    void requestsWaitForTheirServer() {
        push("{\"name\": \"add\", \"args\": [1]}");
        serve();
        assertEquals("{\"return_value\":1.0}", answer());
    }

    @Test
    void aRequestThatADeadServerHadTakenIsServedByAnother() {
        redis.command("RPUSH", "{" + queue + "}:servers", "{" + queue + "}:taken:dead-1");
        redis.command("RPUSH", "{" + queue + "}:taken:dead-1", request("{\"name\": \"add\", \"args\": [1]}"));
        serve();

        assertEquals("{\"return_value\":1.0}", answer());
        await().atMost(LONG).until(() -> Long.valueOf(1).equals(redis.command("LLEN", "{" + queue + "}:servers")));
        bus.close();
        assertEquals(0L, redis.command("EXISTS", "{" + queue + "}:servers", "{" + queue + "}:taken:dead-1"));
    }

    @Test
    void aRequestThatWasTakenWithoutTheServersKnowingIsServedByItself() {
        serve();
        String taken = "{" + queue + "}:taken:" + bus.node() + "-1";
        assertEquals(List.of(taken), redis.command("LRANGE", "{" + queue + "}:servers", "0", "-1"));
        redis.command("RPUSH", taken, request("{\"name\": \"add\", \"args\": [1]}")); // as if the answer was lost

        assertEquals("{\"return_value\":1.0}", answer());
        assertEquals(0L, redis.command("EXISTS", taken));
    }

    public record Impatient(CompletableFuture<Registration> self, CompletableFuture<String> told) {

        public void end() {
            IllegalStateException e = assertThrows(
                    IllegalStateException.class, () -> self.join().closed().join());
            told.complete(e.getMessage());
        }
    }

    @Test
    void aMethodThatWaitsForTheEndOfItsOwnServerIsTold() throws Exception {
        Impatient impatient = new Impatient(new CompletableFuture<>(), new CompletableFuture<>());
        impatient.self().complete(RedisRpc.on(bus).serve(queue, impatient));
        push("{\"name\": \"end\"}");

        assertEquals(
                "A method of queue " + queue
                        + " would wait for its own server's end, which comes when it returns. End it"
                        + " without waiting, or wait on another thread",
                impatient.told().get(20, TimeUnit.SECONDS));
    }

    @Test
    void aServerThatEndsLeavesWhatItDidNotBegin() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Registration served = RedisRpc.on(bus).serve(queue, new Slow(running, goOn));
        push("{\"name\": \"slow\"}");
        push("{\"name\": \"later\"}");
        assertTrue(running.await(20, TimeUnit.SECONDS));
        served.close();
        goOn.countDown();

        assertEquals("{\"return_value\":\"done\"}", answer());
        served.closed().get(20, TimeUnit.SECONDS);
        assertEquals(1L, redis.command("LLEN", queue));
        assertEquals(0L, redis.command("EXISTS", "{" + queue + "}:servers"));
    }
}

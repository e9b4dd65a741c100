package dev.omnibus.rpc.redisrpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.NamedParams;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Our side as a client: against a server that the test plays by hand, and against our own. */
@WithRedis
class RedisRpcClientIT {

    interface Desk {
        double add(double x);

        List<String> names(Map<String, Integer> ages);

        CompletableFuture<String> later();

        void nothing();
    }

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int CALLS = RedisRpc.MAX_AT_A_TIME;
    private static final int WAVE = 8;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String queue = "desk-" + UUID.randomUUID();
    private final RedisServer redis;
    private final Bus bus;
    private final Desk desk;

    RedisRpcClientIT(RedisServer redis) {
        this.redis = redis;
        bus = Bus.connect(redis.url());
        desk = RedisRpc.on(bus).proxy(queue, Desk.class, CallOptions.defaults().withTimeout(LONG));
    }

    @AfterEach
    void close() {
        bus.close();
        redis.command("DEL", queue);
    }

    interface Texts {
        int length(String text);

        String text(int length);

        String fails(int length);
    }

    interface Bank {
        BigDecimal same(BigDecimal amount);

        JsonNode tree(JsonNode amounts);

        Optional<Long> left(Optional<Long> before);
    }

    @Test
    void notADigitOfADecimalIsLost() throws IOException {
        RedisRpc.on(bus).serve(queue, Bank.class, new Bank() {
            @Override
            public BigDecimal same(BigDecimal amount) {
                return amount;
            }

            @Override
            public JsonNode tree(JsonNode amounts) {
                return amounts;
            }

            @Override
            public Optional<Long> left(Optional<Long> before) {
                return before.map(value -> value - 1);
            }
        });
        Bank bank =
                RedisRpc.on(bus).proxy(queue, Bank.class, CallOptions.defaults().withTimeout(LONG));
        for (String amount : List.of("600.00", "1.10", "12345678901234567.89", "0.1234567890123456789", "1E+400")) {
            assertEquals(new BigDecimal(amount), bank.same(new BigDecimal(amount)));
        }
        String amounts = "{\"a\":600.00,\"b\":[12345678901234567.89]}";
        assertEquals(
                amounts, bank.tree(BusRuntime.of(bus).json().readTree(amounts)).toString());
        assertEquals(Optional.of(1L << 40), bank.left(Optional.of((1L << 40) + 1)));
        assertEquals(Optional.empty(), bank.left(Optional.empty()));
    }

    @Test
    void whatIsTooLargeForTheOtherSideIsToldToWhoWroteIt() {
        int most = 10_000;
        try (Bus small = Bus.builder(redis.url()).maxMessageBytes(most).build()) {
            RedisRpc.on(small).serve(queue, Texts.class, new Texts() {
                @Override
                public int length(String text) {
                    return text.length();
                }

                @Override
                public String text(int length) {
                    return "x".repeat(length);
                }

                @Override
                public String fails(int length) {
                    throw new RpcFault(7, "x".repeat(length));
                }
            });
            Texts texts = RedisRpc.on(small)
                    .proxy(queue, Texts.class, CallOptions.defaults().withTimeout(LONG));
            assertEquals(most / 2, texts.length("x".repeat(most / 2)));
            assertEquals(most / 2, texts.text(most / 2).length());
            RpcException request = assertThrows(RpcException.class, () -> texts.length("x".repeat(most)));
            assertEquals(Reason.REFUSED, request.reason());
            assertTrue(request.notExecuted());
            assertTrue(String.valueOf(request.getMessage()).contains("at most " + most), request::toString);
            RpcException result = assertThrows(RpcException.class, () -> texts.text(most));
            assertEquals(Reason.FAULT, result.reason());
            assertTrue(String.valueOf(result.getMessage()).contains("the result cannot be sent"), result::toString);
            RpcException fault = assertThrows(RpcException.class, () -> texts.fails(most));
            assertEquals(Reason.FAULT, fault.reason());
        }
    }

    private JsonNode taken() throws IOException {
        for (int i = 0; i < 4; i++) {
            if (redis.command("BLPOP", queue, "5") instanceof List<?> popped) {
                return JSON.readTree(String.valueOf(popped.get(1)));
            }
        }
        throw new AssertionError("no request");
    }

    private void answer(JsonNode request, String answer) {
        redis.command("RPUSH", request.path("response_queue").asText(), answer);
    }

    private static RpcException failureOf(CompletableFuture<?> call) {
        return assertInstanceOf(
                RpcException.class,
                assertThrows(CompletionException.class, call::join).getCause());
    }

    @Test
    void optionsThatTheProtocolCannotHonourAreRefusedAtOnce() {
        CallOptions timeout = CallOptions.defaults().withTimeout(LONG);
        Map.of(
                        "withHeader", timeout.withHeader("tenant", "t"),
                        "onNode", timeout.onNode("node-1"),
                        "withRetries", timeout.withRetries(3))
                .forEach((option, refused) -> assertEquals(
                        "A call by another protocol than that of the bus cannot honour " + option
                                + "; make it with options that have only a timeout",
                        assertThrows(
                                        IllegalArgumentException.class,
                                        () -> RedisRpc.on(bus).proxy(queue, Desk.class, refused))
                                .getMessage()));
    }

    @Test
    void aRequestLooksAsOtherServersExpectIt() throws IOException {
        CompletableFuture<Double> sum = CompletableFuture.supplyAsync(() -> desk.add(5));
        JsonNode request = taken();
        assertEquals(
                "{\"function_call\":{\"args\":[5.0],\"name\":\"add\"},\"response_queue\":\""
                        + request.path("response_queue").asText() + "\"}",
                request.toString());
        assertTrue(request.path("response_queue").asText().matches(queue + ":rpc:[A-Z0-9]{8}"));
        answer(request, "{\"return_value\": 5.0}");
        assertEquals(5.0, sum.join());
    }

    @Test
    void emptyArgumentsAreLeftOutAndNamedOnesAreKwargs() throws IOException {
        CompletableFuture<String> later = desk.later();
        JsonNode request = taken();
        assertEquals("{\"name\":\"later\"}", request.path("function_call").toString());
        answer(request, "{\"return_value\": \"now\"}");
        assertEquals("now", later.join());

        CompletableFuture<Integer> named =
                RedisRpc.on(bus).call(queue, "left", Integer.class, NamedParams.of(Map.of("sku", "a")));
        request = taken();
        assertEquals(
                "{\"kwargs\":{\"sku\":\"a\"},\"name\":\"left\"}",
                request.path("function_call").toString());
        answer(request, "{\"return_value\": 3}");
        assertEquals(3, named.join());
    }

    @Test
    void anExceptionIsAFaultAndNullIsNone() throws IOException {
        CompletableFuture<String> call = desk.later();
        answer(taken(), "{\"exception\": \"ZeroDivisionError('float division by zero',)\", \"backtrace\": []}");
        RpcException fault = failureOf(call);
        assertEquals(Reason.FAULT, fault.reason());
        assertTrue(String.valueOf(fault.getMessage()).contains("ZeroDivisionError('float division by zero',)"));

        call = desk.later();
        answer(taken(), "{\"return_value\": \"fine\", \"exception\": null}");
        assertEquals("fine", call.join());
    }

    @Test
    void anAnswerThatMakesNoSenseIsABadReply() throws IOException {
        for (String bad : List.of("{}", "no json", "[]", "{\"return_value\": {}}")) {
            CompletableFuture<Integer> call = RedisRpc.on(bus).call(queue, "left", Integer.class);
            answer(taken(), bad);
            assertEquals(Reason.BAD_REPLY, failureOf(call).reason());
        }
    }

    @Test
    void aRequestThatNobodyTakesIsTakenBack() {
        Desk hurried =
                RedisRpc.on(bus).proxy(queue, Desk.class, CallOptions.defaults().withTimeout(Duration.ofMillis(50)));
        RpcException failure = assertThrows(RpcException.class, hurried::nothing);
        assertEquals(Reason.TIMEOUT, failure.reason());
        await().atMost(LONG).until(() -> Long.valueOf(0).equals(redis.command("LLEN", queue)));
    }

    @Test
    void aRequestThatWasTakenMayHaveBeenExecuted() throws IOException {
        CompletableFuture<Integer> call = RedisRpc.on(bus).call(queue, "left", Integer.class);
        taken();
        RpcException failure = failureOf(call);
        assertEquals(Reason.TIMEOUT, failure.reason());
        assertFalse(failure.notExecuted());
    }

    @Test
    void aCancelledCallTakesItsRequestBack() {
        CompletableFuture<String> call = desk.later();
        await().atMost(LONG).until(() -> Long.valueOf(1).equals(redis.command("LLEN", queue)));
        call.cancel(true);
        await().atMost(LONG).until(() -> Long.valueOf(0).equals(redis.command("LLEN", queue)));
    }

    @Test
    void aCallTooManyIsRefusedAtOnce() {
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            calls.add(desk.later());
        }
        RpcException failure = failureOf(desk.later());
        assertEquals(Reason.OVERLOADED, failure.reason());
        assertTrue(failure.notExecuted());
        calls.forEach(call -> call.cancel(true));
        assertFalse(desk.later().isDone());
    }

    @Test
    void callsAfterTheEndFailAsClosed() {
        bus.close();
        RpcException failure = assertThrows(RpcException.class, desk::nothing);
        assertEquals(Reason.CLOSED, failure.reason());
    }

    @Test
    void callsAfterTheEndFailAsClosedAlsoIfOthersWereMadeBefore() throws IOException {
        CompletableFuture<String> before = desk.later();
        answer(taken(), "{\"return_value\": \"now\"}");
        assertEquals("now", before.join());
        bus.close();

        CompletableFuture<String> after = desk.later().orTimeout(LONG.toSeconds(), TimeUnit.SECONDS);
        assertEquals(Reason.CLOSED, failureOf(after).reason());
    }

    @Test
    void severalServersShareTheCallsAndEachIsExecutedOnce() {
        ExecutorService threads = Executors.newFixedThreadPool(WAVE);
        AtomicInteger executed = new AtomicInteger();
        Desk implementation = new Desk() {
            @Override
            public double add(double x) {
                executed.incrementAndGet();
                return x + 1;
            }

            @Override
            public List<String> names(Map<String, Integer> ages) {
                return List.copyOf(ages.keySet());
            }

            @Override
            public CompletableFuture<String> later() {
                return CompletableFuture.supplyAsync(() -> "later");
            }

            @Override
            public void nothing() {}
        };
        try (Bus other = Bus.connect(redis.url())) {
            RedisRpc.on(bus).serve(queue, Desk.class, implementation);
            RedisRpc.on(other).serve(queue, Desk.class, implementation);
            for (int first = 0; first < CALLS; first += WAVE) { // a first call may wait for its connection
                List<CompletableFuture<Double>> calls = new ArrayList<>();
                for (int i = first; i < first + WAVE; i++) {
                    double x = i;
                    calls.add(CompletableFuture.supplyAsync(() -> desk.add(x), threads));
                }
                for (int i = 0; i < WAVE; i++) {
                    assertEquals(first + i + 1, calls.get(i).join());
                }
            }
            assertEquals(CALLS, executed.get());
            assertEquals("later", desk.later().join());
            assertEquals(Map.of("a", 1, "b", 2).keySet(), new HashSet<>(desk.names(Map.of("a", 1, "b", 2))));
            desk.nothing();
        } finally {
            threads.shutdown();
        }
    }
}

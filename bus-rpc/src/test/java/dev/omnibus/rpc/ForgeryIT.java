package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What somebody can do to the calls of others who may call one method of a node, and nothing else. A node answers to
 * the inbox and with the id that a request names, so his answers do arrive at his victim, and come from the right node.
 */
class ForgeryIT {

    private static final int FORGED = 1_000;
    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(Duration.ofMinutes(1));

    interface Echo {
        String say(String text);
    }

    interface Pay {
        long balance();

        String charge(String card);
    }

    /** A user of Redis with a socket and nothing else: what he sends is not checked by any library. */
    private static final class Intruder implements AutoCloseable {

        private final Socket socket;
        private final BufferedReader in;

        Intruder(String user) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), redis.port());
            socket.setSoTimeout(20_000);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
            assertEquals("+OK", command("AUTH", user, "secret"));
        }

        String command(String... words) throws IOException {
            StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
            for (String word : words) {
                text.append('$')
                        .append(word.getBytes(UTF_8).length)
                        .append("\r\n")
                        .append(word)
                        .append("\r\n");
            }
            socket.getOutputStream().write(text.toString().getBytes(UTF_8));
            return String.valueOf(in.readLine());
        }

        /** Sends a request to the one method that he may call. */
        void ask(String request) {
            try {
                assertEquals(":1", command("PUBLISH", "bus:rpc:echo.say@" + server.node(), request));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static RedisServer redis;
    private static Bus server;
    private static final List<String> PROBLEMS = new CopyOnWriteArrayList<>();
    private static final AtomicInteger CHARGED = new AtomicInteger();
    private static final List<String> SAID = new CopyOnWriteArrayList<>();
    private static volatile CountDownLatch release = new CountDownLatch(0);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Random random = new Random(7);
    private RpcClient victim;
    private String inbox = "";
    private Intruder mallory;

    private static void block() {
        try {
            assertTrue(release.await(60, SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @BeforeAll
    static void serve() {
        redis = RedisServer.start();
        redis.command(
                "ACL",
                "SETUSER",
                "mallory",
                "reset",
                "on",
                ">secret",
                "resetchannels",
                "+publish",
                "&bus:rpc:echo.say@*");
        redis.command(
                "ACL", "SETUSER", "crier", "reset", "on", ">secret", "resetchannels", "+publish", "&bus:presence");
        server = Bus.builder(redis.url())
                .name("server")
                .listener(new BusListener() {
                    @Override
                    public void onBadMessage(String channel, String problem) {
                        PROBLEMS.add(problem);
                    }
                })
                .build();
        Echo echo = text -> {
            SAID.add(text);
            if (text.startsWith("block")) {
                block();
            }
            return text;
        };
        Pay pay = new Pay() {
            @Override
            public long balance() {
                block();
                return 17;
            }

            @Override
            public String charge(String card) {
                CHARGED.incrementAndGet();
                block();
                return card;
            }
        };
        RpcServer.on(server).serve(Echo.class, echo).ready().join();
        RpcServer.on(server).serve(Pay.class, pay).ready().join();
    }

    @AfterAll
    static void stop() {
        release.countDown();
        server.close();
        redis.close();
    }

    @BeforeEach
    void attack() throws IOException {
        release = new CountDownLatch(1);
        SAID.clear();
        PROBLEMS.clear();
        CHARGED.set(0);
        Bus bus = Bus.builder(redis.url()).name("victim").build();
        open.add(bus);
        victim = RpcClient.on(bus);
        victim.runtime().directory().ready().join();
        inbox = "bus:inbox:" + bus.node();
        mallory = new Intruder("mallory");
        open.add(mallory);
    }

    @AfterEach
    void close() throws Exception {
        release.countDown();
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private String victimsNode() {
        return inbox.substring(inbox.lastIndexOf(':') + 1);
    }

    /**
     * Ids as somebody would guess them who has seen some of the victim's: from 1, around those, huge and random ones.
     */
    private List<String> guesses(List<Long> seen) {
        List<String> guesses = new ArrayList<>();
        LongStream.range(0, 200).forEach(i -> guesses.add(String.valueOf(i)));
        seen.forEach(id ->
                LongStream.rangeClosed(-40, 40).forEach(i -> guesses.add(String.valueOf(Math.max(0, id + i)))));
        guesses.addAll(List.of("-1", "9007199254740993", "9223372036854775807", "9223372036854775808"));
        guesses.addAll(List.of("1" + "0".repeat(400), "\"7\"", "\"" + seen.get(0) + "\"", "null"));
        while (guesses.size() < FORGED) {
            guesses.add(String.valueOf(1_000_000_000_000_000L + (random.nextLong() >>> 1) % 8_000_000_000_000_000L));
        }
        return guesses.subList(0, FORGED);
    }

    /** Ids of calls that the victim makes now; whoever serves its methods sees such ones. */
    private List<Long> seen() {
        List<Long> seen = new CopyOnWriteArrayList<>();
        String twin = "twin-k3xq7m2v9bca";
        try (PlayedNode observer = new PlayedNode(RedissonTransport.connect(redis.url()), "bus", twin)) {
            observer.serve("watched", "id", request -> {
                seen.add(Long.valueOf(request.id()));
                return List.of(observer.result(request, "1"));
            });
            victim.runtime().directory().refresh().join();
            IntStream.range(0, 4)
                    .forEach(i ->
                            victim.call("watched.id", Integer.class, PATIENT).join());
        }
        return seen;
    }

    private String request(String id, String method, String params, String meta) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params
                + ",\"meta\":{\"replyTo\":\"" + inbox + "\"" + meta + "}}";
    }

    /** Until the node has read everything that was sent to it before; the last ones run side by side. */
    private void awaitTheServer() {
        assertEquals(
                "done", victim.call("echo.say", String.class, PATIENT, "done").join());
    }

    @Test
    void nothingButOneMethodOfANodeIsWithinReach() throws IOException {
        for (String channel :
                List.of(inbox, "bus:rpc:pay.charge@" + server.node(), "bus:rpc:echo.say", "bus:presence")) {
            String refused = mallory.command("PUBLISH", channel, "x");
            assertTrue(refused.startsWith("-NOPERM"), refused);
        }
        for (String command : List.of("SUBSCRIBE " + inbox, "GET bus:nodes:version:{bus:nodes}", "SET x y")) {
            String refused = mallory.command(command.split(" ", -1));
            assertTrue(refused.startsWith("-NOPERM"), refused);
        }
    }

    @Test
    void noneOfAThousandForgedAnswersIsAccepted() {
        List<Long> seen = seen();
        List<CompletableFuture<Long>> balances = IntStream.range(0, 25)
                .mapToObj(i -> victim.call("pay.balance", Long.class, PATIENT))
                .toList();
        List<CompletableFuture<String>> charges = IntStream.range(0, 25)
                .mapToObj(i -> victim.call("pay.charge", String.class, PATIENT, "card-" + i))
                .toList();
        await().atMost(20, SECONDS).until(() -> CHARGED.get() == 25);

        for (String id : guesses(seen)) {
            mallory.ask(request(id, "echo.say", "[\"1000000\"]", ""));
        }
        await().atMost(20, SECONDS).until(() -> SAID.size() > FORGED - 20); // nearly all are answered, to the victim
        awaitTheServer();
        assertTrue(balances.stream().noneMatch(CompletableFuture::isDone));
        assertTrue(charges.stream().noneMatch(CompletableFuture::isDone));

        release.countDown();
        balances.forEach(call -> assertEquals(17, call.join()));
        for (int i = 0; i < 25; i++) {
            assertEquals("card-" + i, charges.get(i).join());
        }
        assertEquals(25, CHARGED.get());
        assertEquals(0, victim.stats().failed());
    }

    /** Such as "nothing was executed", of a charge that was: who tries it again then pays twice. */
    @Test
    void noneOfAThousandForgedRefusalsIsBelieved() {
        List<Long> seen = seen();
        List<CompletableFuture<String>> charges = IntStream.range(0, 50)
                .mapToObj(i -> victim.call("pay.charge", String.class, PATIENT.withRetries(3), "card-" + i))
                .toList();
        await().atMost(20, SECONDS).until(() -> CHARGED.get() == 50);

        for (String id : guesses(seen)) {
            mallory.ask(
                    switch (random.nextInt(4)) {
                        case 0 -> request(id, "pay.charge", "[\"stolen\"]", ""); // it is not the method of that channel
                        case 1 -> request(id, "echo.say", "[]", ""); // it does not fit
                        case 2 -> request(id, "echo.say", "[\"late\"]", ",\"ttl\":0");
                        default -> request(id, "echo.say", "7", "");
                    });
        }
        awaitTheServer();
        release.countDown();

        for (int i = 0; i < 50; i++) {
            assertEquals("card-" + i, charges.get(i).join());
        }
        assertEquals(50, CHARGED.get());
        assertEquals(0, victim.stats().failed());
        assertEquals(0, victim.stats().retries());
    }

    @Test
    void noCallOfAnotherIsSilencedOrCancelled() {
        List<Long> seen = seen();
        List<CompletableFuture<String>> running = IntStream.range(0, 20)
                .mapToObj(i -> victim.call("echo.say", String.class, PATIENT, "block " + i))
                .toList();
        await().atMost(20, SECONDS).until(() -> SAID.size() == 20);

        String itself = ",\"from\":\"" + victimsNode() + "\"";
        for (String id : guesses(seen)) { // as if the victim had sent them: so its own would be second ones
            mallory.ask(request(id, "echo.say", "[\"silence\"]", itself + ",\"ttl\":" + random.nextInt(2)));
            mallory.ask("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":" + id + itself + "}}");
        }
        for (int i = 0; i < 100; i++) {
            assertEquals(
                    "later " + i,
                    victim.call("echo.say", String.class, PATIENT, "later " + i).join());
        }
        assertTrue(running.stream().noneMatch(CompletableFuture::isDone));
        release.countDown();
        for (int i = 0; i < 20; i++) {
            assertEquals("block " + i, running.get(i).join());
        }
        assertEquals(0, victim.stats().failed());
    }

    @Test
    void whoGuessesAKeyGetsNeitherTheAnswerNorTheCall() {
        CallOptions once = PATIENT.withIdempotencyKey("order-17");
        String itself = ",\"from\":\"" + victimsNode() + "\"";
        for (int i = 0; i < 300; i++) {
            String key = i % 3 == 0 ? "order-17" : i % 3 == 1 ? "~" + i : "order-17~" + i;
            mallory.ask(request(String.valueOf(i), "echo.say", "[\"forged\"]", itself + ",\"key\":\"" + key + "\""));
        }
        assertEquals("mine", victim.call("echo.say", String.class, once, "mine").join());
        for (int i = 0; i < 300; i++) {
            mallory.ask(
                    request(String.valueOf(1_000 + i), "echo.say", "[\"forged\"]", itself + ",\"key\":\"order-17\""));
        }
        assertEquals("mine", victim.call("echo.say", String.class, once, "mine").join());
        for (int i = 0; i < 50; i++) {
            assertEquals(
                    "own " + i,
                    victim.call("echo.say", String.class, PATIENT.asIdempotent().withRetries(2), "own " + i)
                            .join());
        }
        assertEquals(1, SAID.stream().filter("mine"::equals).count());
        assertEquals(0, victim.stats().failed());
    }

    @Test
    void whatIsOfAWrongKindIsRefusedAndItsNeighboursAreServed() {
        List<String> broken = new ArrayList<>();
        for (String meta : List.of("[]", "7", "\"x\"", "null", "true", "[[[[]]]]")) {
            broken.add(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo.say\",\"params\":[\"x\"],\"meta\":" + meta + "}");
        }
        for (String member : List.of("from", "replyTo", "ttl", "key", "headers", "traceparent")) {
            for (String value : List.of(
                    "[]",
                    "{}",
                    "null",
                    "1e400",
                    "1e2147483647",
                    "-1e2147483647",
                    "9".repeat(999),
                    "\"\\u0000\\n\"",
                    "\"" + "x".repeat(5_000) + "\"",
                    "[" + "[".repeat(200) + "]".repeat(200) + "]")) {
                broken.add("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo.say\",\"params\":[\"x\"],\"meta\":{\""
                        + member + "\":" + value + "}}");
            }
        }
        for (String id :
                List.of("{}", "[]", "1e400", "true", "\"" + "i".repeat(5_000) + "\"", "1" + "0".repeat(5_000))) {
            broken.add(request(id, "echo.say", "[\"x\"]", ""));
        }
        broken.addAll(List.of("", "[", "{", "[]", "[[]]", "null", "\u0000", "{\"jsonrpc\":\"2.0\"}", "[1,2,3]"));

        for (int i = 0; i < broken.size(); i++) {
            String good = request(String.valueOf(5_000 + i), "echo.say", "[\"neighbour " + i + "\"]", "");
            mallory.ask(broken.get(i));
            mallory.ask("[" + good + "]");
            mallory.ask(good.replace("neighbour", "alone"));
        }
        awaitTheServer();
        for (int i = 0; i < broken.size(); i++) {
            for (String said : List.of("neighbour " + i, "alone " + i)) {
                await("behind " + broken.get(i)).atMost(20, SECONDS).until(() -> SAID.contains(said));
            }
        }
        assertFalse(PROBLEMS.isEmpty());
        assertTrue(PROBLEMS.stream().allMatch(problem -> problem.length() < 1_000 && !problem.contains("\n")));
        assertEquals(0, victim.stats().failed());
    }

    /** He may have his answers sent to himself, or to nobody; neither holds up the others. */
    @Test
    void answersToHimselfOrToNobodyHoldUpNobody() {
        for (int i = 0; i < FORGED; i++) {
            String to = i % 2 == 0 ? "bus:inbox:mallory" : "bus:inbox:nobody-" + i;
            mallory.ask(request(String.valueOf(i), "echo.say", "[\"x\"]", "").replace(inbox, to));
        }
        awaitTheServer();
        await().until(() -> SAID.size() == FORGED + 1);
    }

    @Test
    void wordsOnPresenceTakeNobodyOut() throws IOException {
        try (Intruder crier = new Intruder("crier")) {
            for (int i = 0; i < FORGED; i++) {
                String word = List.of(Presence.JOINED, Presence.DRAINING, Presence.LEFT)
                        .get(i % 3);
                String services = i % 2 == 0 ? "{}" : "{\"echo\":{\"say\":\"\"}}";
                crier.command(
                        "PUBLISH",
                        "bus:presence",
                        "{\"jsonrpc\":\"2.0\",\"method\":\"" + word + "\",\"params\":{\"node\":\"" + server.node()
                                + "\",\"draining\":true,\"revision\":9223372036854775807,\"services\":" + services
                                + "}}");
                if (i % 10 == 0) {
                    assertEquals(
                            "x",
                            victim.call("echo.say", String.class, PATIENT, "x").join());
                }
            }
        }
        long until = System.nanoTime() + Presence.LEASE.toNanos();
        while (System.nanoTime() < until) {
            assertEquals(
                    "x", victim.call("echo.say", String.class, PATIENT, "x").join());
        }
        assertEquals(0, victim.stats().failed());
    }

    /** Somebody who may write there has taken its lease out: it is back with the next renewal. */
    @Test
    void aNodeThatWasTakenOutOfTheDirectoryIsBackWithinALease() {
        redis.command("DEL", "bus:node:{bus:nodes}:" + server.node());
        redis.command("ZREM", "bus:nodes", "bus:node:{bus:nodes}:" + server.node());
        await().atMost(Presence.LEASE.toMillis() + 2_000, TimeUnit.MILLISECONDS)
                .until(() -> Long.valueOf(1).equals(redis.command("EXISTS", "bus:node:{bus:nodes}:" + server.node())));
        assertEquals("x", victim.call("echo.say", String.class, PATIENT, "x").join());
    }
}

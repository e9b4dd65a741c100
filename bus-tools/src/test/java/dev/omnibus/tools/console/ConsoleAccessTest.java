package dev.omnibus.tools.console;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets in, and when the bus is watched. Requests are written byte by byte: no client would send most of them. */
class ConsoleAccessTest {

    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final LiveFeed.Patience PATIENCE = new LiveFeed.Patience(Duration.ZERO, Duration.ofSeconds(1));
    private static final String STREAM = "GET /api/stream?browser=b&tail= HTTP/1.1\r\n";

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final AtomicInteger served = new AtomicInteger();
    private Bus bus;
    private Bus other;
    private Console console;

    @BeforeEach
    void start() throws Exception {
        bus = Bus.builder(network.open()).name("console").build();
        other = Bus.builder(network.open()).name("shop").build();
        RpcServer.on(other)
                .serve("stock.left", params -> served.incrementAndGet())
                .ready()
                .get(20, TimeUnit.SECONDS);
        console = Console.start(bus, ConsoleOptions.defaults(), ServerView.none(), PATIENCE);
    }

    @AfterEach
    void end() {
        console.close();
        bus.close();
        other.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getByAddress(LOOPBACK), console.port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
    }

    /** The whole answer to a request with these headers. */
    private String ask(String line, String... headers) throws IOException {
        return send(line, "", headers);
    }

    private String send(String line, String body, String... headers) throws IOException {
        try (Socket socket = connect()) {
            StringBuilder request = new StringBuilder(line + " HTTP/1.1\r\nConnection: close\r\n");
            for (String header : headers) {
                request.append(header).append("\r\n");
            }
            if (!body.isEmpty()) {
                request.append("Content-Length: ").append(body.length()).append("\r\n");
            }
            write(socket, request + "\r\n" + body);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static int status(String answer) {
        return Integer.parseInt(answer.split(" ", 3)[1]);
    }

    private String host() {
        return "Host: 127.0.0.1:" + console.port();
    }

    private String key() {
        return "Authorization: Bearer " + console.token();
    }

    @Test
    void theAddressHasTheKeyBehindTheHashAndNothingElseHasIt() {
        assertEquals("token=" + console.token(), console.address().getFragment());
        assertEquals(43, console.token().length());
        assertFalse(console.toString().contains(console.token()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"evil.example", "127.0.0.1.evil.example:7070", "localhost.evil.example", "127.0.0.1@evil", ""})
    void aForeignHostIsRefusedForEveryPath(String name) throws IOException {
        assertEquals(403, status(ask("GET /", "Host: " + name)));
        assertEquals(403, status(ask("GET /api/info", "Host: " + name, key())));
    }

    @Test
    void thisMachineIsServedByEachOfItsNames() throws IOException {
        for (String name : new String[] {"127.0.0.1", "localhost", "LOCALHOST:1", "[::1]", "[::1]:7070"}) {
            assertEquals(200, status(ask("GET /", "Host: " + name)), name);
        }
        assertEquals(403, status(ask("GET /")));
        assertEquals(403, status(ask("GET /", host(), "Host: evil.example")));
    }

    @Test
    void withoutTheKeyNothingIsSaid() throws IOException {
        for (String path :
                new String[] {"info", "nodes", "services", "traffic", "stream", "durable", "message/1", "none"}) {
            assertEquals(401, status(ask("GET /api/" + path, host())), path);
        }
        assertEquals(401, status(ask("GET /api/info", host(), "Authorization: Bearer")));
        assertEquals(401, status(ask("GET /api/info", host(), "Authorization: Bearer " + console.token() + "x")));
        assertEquals(401, status(ask("GET /api/info", host(), "Authorization: Basic " + console.token())));
        assertEquals(401, status(ask("GET /api/info", host(), key(), key())));
        assertEquals(401, status(ask("GET /api/info?token=" + console.token(), host())));
        assertEquals(200, status(ask("GET /api/info", host(), key())));
    }

    @Test
    void aForeignPageCannotChangeAnything() throws IOException {
        String call = "{\"method\":\"stock.left\"}";
        String json = "Content-Type: application/json";
        assertEquals(403, status(send("POST /api/call", call, host(), key(), json, "Origin: http://evil.example")));
        assertEquals(403, status(send("POST /api/call", call, host(), key(), json, "Origin: null")));
        assertEquals(403, status(send("POST /api/call", call, host(), key(), json, "Sec-Fetch-Site: cross-site")));
        assertEquals(415, status(send("POST /api/call", call, host(), key(), "Content-Type: text/plain")));
        assertEquals(415, status(send("POST /api/call", call, host(), key())));
        assertEquals(405, status(ask("GET /api/call", host(), key())));
        assertEquals(0, served.get());
    }

    @Test
    void itOnlyReadsUnlessToldOtherwise() throws Exception {
        String call = "{\"method\":\"stock.left\"}";
        String json = "Content-Type: application/json";
        String refused = send("POST /api/call", call, host(), key(), json);
        assertEquals(403, status(refused));
        assertTrue(refused.contains("--allow-call 'stock.left'"), refused);
        assertEquals(403, status(send("POST /api/publish", "{\"topic\":\"a.b\",\"data\":1}", host(), key(), json)));
        assertEquals(0, served.get());
        try (Console allowed = Console.start(
                bus, ConsoleOptions.defaults().allowCalls("stock.*").allowPublishing("a.*"), ServerView.none())) {
            console.close();
            console = allowed;
            String origin = "Origin: http://127.0.0.1:" + allowed.port();
            assertTrue(send("POST /api/call", call, host(), key(), json, origin).contains("\"value\":1"));
            assertTrue(send("POST /api/publish", "{\"topic\":\"a.b\",\"data\":1}", host(), key(), json)
                    .contains("\"ok\":true"));
            assertEquals(403, status(send("POST /api/call", "{\"method\":\"rpc.discover\"}", host(), key(), json)));
        }
        assertEquals(1, served.get());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../app.js",
                "/app.js/",
                "/index.html",
                "/Console.class",
                "/%2e%2e/app.js",
                "/api/../app.js",
                "/api/message/x",
                "/api/message/99999999999999999999",
                "//app.js",
                "/api"
            })
    void thereIsNothingBesideThePages(String path) throws IOException {
        assertEquals(404, status(ask("GET " + path, host(), key())));
    }

    @Test
    void whatIsTooLargeOrNoJsonIsRefused() throws IOException {
        String json = "Content-Type: application/json";
        assertEquals(413, status(send("POST /api/call", "x".repeat(1024 * 1024 + 1), host(), key(), json)));
        assertEquals(400, status(send("POST /api/call", "{", host(), key(), json)));
        assertEquals(400, status(ask("GET /api/stream?tail=%3Esoon", host(), key())));
        assertEquals(404, status(send("PUT /api/stream/none", "{\"tail\":\"\"}", host(), key(), json)));
    }

    @Test
    void everyAnswerTellsTheBrowserWhatItMayNotDo() throws IOException {
        for (String answer :
                new String[] {ask("GET /", host()), ask("GET /none", host()), ask("GET /", "Host: evil")}) {
            String lower = answer.toLowerCase(Locale.ROOT);
            assertTrue(lower.contains("content-security-policy: default-src 'none'; script-src 'self'"), answer);
            assertTrue(lower.contains("frame-ancestors 'none'"), answer);
            assertTrue(lower.contains("x-content-type-options: nosniff"), answer);
            assertTrue(lower.contains("referrer-policy: no-referrer"), answer);
            assertTrue(lower.contains("cache-control: no-store"), answer);
            assertFalse(lower.contains("access-control-allow"), answer);
        }
    }

    private Socket stream() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096); // of a page that does not read, it is full soon
        socket.connect(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), console.port()));
        socket.setSoTimeout(20_000);
        write(socket, STREAM + host() + "\r\n" + key() + "\r\n\r\n");
        return socket;
    }

    /** Reads until a text has come. */
    private static String readUntil(Socket socket, String wanted) throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder read = new StringBuilder();
        byte[] buffer = new byte[8192];
        int searched = 0; // to search all of it again and again would make a slow reader of a quick one
        while (read.indexOf(wanted, searched) < 0) {
            searched = Math.max(0, read.length() - wanted.length());
            int count = in.read(buffer);
            if (count < 0) {
                throw new IOException("The stream has ended: " + read);
            }
            read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
        return read.toString();
    }

    @Test
    void theBusIsWatchedOnlyWhileSomebodyLooks() throws IOException {
        ask("GET /api/nodes", host(), key());
        ask("GET /api/services", host(), key());
        assertFalse(console.feed().isWatching());
        try (Socket page = stream()) {
            readUntil(page, "event: hello");
            assertTrue(console.feed().isWatching());
        }
        await().atMost(SOON).until(() -> !console.feed().isWatching());
    }

    @Test
    void aPageThatDoesNotReadHoldsUpNobodyAndIsCut() throws Exception {
        try (Socket slow = stream();
                Socket quick = stream()) {
            readUntil(slow, "event: hello");
            readUntil(quick, "event: hello");
            CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
                try {
                    return readUntil(quick, "after.it");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            String data = "x".repeat(400);
            await("the slow one is cut")
                    .atMost(SOON)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> {
                        for (int i = 0; i < 1_000; i++) {
                            other.publish("flood.tick", data);
                        }
                        return console.feed().pages() == 1;
                    });
            assertTrue(other.flush(SOON));
            other.publish("after.it", "and on").get(20, TimeUnit.SECONDS);
            assertTrue(read.get(20, TimeUnit.SECONDS).contains("flood.tick"));
        }
    }
}

package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.tools.console.Gatekeeper.Refused;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP server for one page that shows a bus: who talks to whom, each message with its replies, nodes, services,
 * latencies.
 *
 * <p>It listens on the loopback address only, asks each request for the token that is in {@link #address()}, and reads
 * only, unless {@link ConsoleOptions} allow more. It watches the bus only while a page is open; what that costs the bus
 * is said at {@link dev.omnibus.tools.watch.Watch}. Thread-safe.
 */
public final class Console implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Console.class);
    private static final InetAddress LOOPBACK = loopback();
    private static final int THREADS = 24; // eight of them write streams
    private static final int MAX_BODY = 1024 * 1024;
    private static final int MAX_FILTER = 500;
    private static final Duration PATIENCE = Duration.ofSeconds(65); // longer than any call may take

    private static final Map<String, String> PAGES = Map.ofEntries(
            Map.entry("/", "index.html"),
            Map.entry("/app.js", "app.js"),
            Map.entry("/dom.js", "dom.js"),
            Map.entry("/model.js", "model.js"),
            Map.entry("/overview.js", "overview.js"),
            Map.entry("/live.js", "live.js"),
            Map.entry("/tables.js", "tables.js"),
            Map.entry("/services.js", "services.js"),
            Map.entry("/latency.js", "latency.js"),
            Map.entry("/app.css", "app.css"),
            Map.entry("/icon.svg", "icon.svg"),
            Map.entry("/uplot.js", "uplot.js"),
            Map.entry("/uplot.css", "uplot.css"),
            Map.entry("/uplot.LICENSE", "uplot.LICENSE"));

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml",
            "LICENSE", "text/plain; charset=utf-8");

    static {
        // Of the JDK's server, which reads them once: a request that is not sent within ten seconds is given up, and
        // small packets are not held back. Whoever has set them knows better.
        for (String[] setting : List.of(
                new String[] {"sun.net.httpserver.maxReqTime", "10"},
                new String[] {"sun.net.httpserver.nodelay", "true"})) {
            if (System.getProperty(setting[0]) == null) {
                System.setProperty(setting[0], setting[1]);
            }
        }
    }

    private final ObjectMapper json;
    private final Gatekeeper gatekeeper = new Gatekeeper();
    private final Content content;
    private final ScheduledExecutorService timer;
    private final ThreadPoolExecutor threads;
    private final LiveFeed feed;
    private final Durables durables;
    private final Queries queries;
    private final ServerView view;
    private final HttpServer server;

    private Console(Bus bus, ConsoleOptions options, ServerView view, LiveFeed.Patience patience) throws IOException {
        json = BusRuntime.of(bus).json();
        content = new Content(json, options);
        timer = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "omnibus-console-timer"));
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                30,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                task -> daemon(task, "omnibus-console-" + number.incrementAndGet()));
        threads.allowCoreThreadTimeOut(true);
        feed = new LiveFeed(bus, content, timer, patience);
        durables = new Durables(bus);
        queries = new Queries(bus, json, options, feed, content);
        this.view = view;
        server = HttpServer.create(new InetSocketAddress(LOOPBACK, options.port()), 50);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** That of IPv4 whatever this machine prefers, because the address that is printed has it. */
    private static InetAddress loopback() {
        try {
            return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        } catch (UnknownHostException e) {
            throw new IllegalStateException("Four bytes are an address", e);
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Starts a console.
     *
     * @param bus the bus to show, which is not closed with the console; best one that does nothing else, and takes the
     *     largest messages
     * @param options what it may do
     * @param view what it shows besides; {@link ServerView#none()} for nothing
     * @return the console, which listens
     * @throws UncheckedIOException if the port is taken
     */
    public static Console start(Bus bus, ConsoleOptions options, ServerView view) {
        return start(bus, options, view, LiveFeed.Patience.USUAL);
    }

    static Console start(Bus bus, ConsoleOptions options, ServerView view, LiveFeed.Patience patience) {
        try {
            return new Console(bus, options, view, patience);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The console cannot listen on 127.0.0.1:" + options.port() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Where it is, with the token behind the {@code #}, which browsers keep to themselves.
     *
     * @return the address for a browser; whoever has it sees everything
     */
    public URI address() {
        return URI.create("http://127.0.0.1:" + port() + "/#token=" + gatekeeper.token());
    }

    /**
     * The port.
     *
     * @return where it listens
     */
    public int port() {
        return server.getAddress().getPort();
    }

    String token() {
        return gatekeeper.token();
    }

    LiveFeed feed() {
        return feed;
    }

    /** Ends it: pages are notified, and the bus is not watched any more. Idempotent. */
    @Override
    public void close() {
        feed.close();
        server.stop(0);
        threads.shutdownNow();
        timer.shutdownNow();
        durables.close();
    }

    /** Where it is, without the token. */
    @Override
    public String toString() {
        return "Console at 127.0.0.1:" + port();
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            Gatekeeper.protect(exchange.getResponseHeaders());
            try {
                Gatekeeper.checkHost(exchange);
                route(exchange);
            } catch (Refused refused) {
                answer(exchange, refused.status, problem(String.valueOf(refused.getMessage())));
            }
        } catch (IOException e) {
            LOG.debug("A page has gone", e);
        } catch (RuntimeException | Error e) { // or the server would say nothing, and the page would wait
            LOG.warn("A request to the console has failed", e);
        }
    }

    private void route(HttpExchange exchange) throws IOException, Refused {
        String path = exchange.getRequestURI().getPath();
        String method = exchange.getRequestMethod();
        String file = PAGES.get(path);
        if (file != null) {
            requireMethod(method, "GET");
            page(exchange, file);
            return;
        }
        if (!path.startsWith("/api/")) {
            throw new Refused(404, "There is no such page");
        }
        gatekeeper.checkToken(exchange);
        if (!method.equals("GET")) {
            Gatekeeper.checkOrigin(exchange);
        }
        api(exchange, method, path.substring("/api/".length()));
    }

    private void api(HttpExchange exchange, String method, String path) throws IOException, Refused {
        if (path.startsWith("stream/")) {
            requireMethod(method, "PUT");
            show(path.substring("stream/".length()), queries.read(body(exchange)));
            answer(exchange, 200, JsonNodeFactory.instance.objectNode());
            return;
        }
        if (path.equals("call") || path.equals("publish")) {
            requireMethod(method, "POST");
            JsonNode request = queries.read(body(exchange));
            answer(exchange, 200, await(path.equals("call") ? queries.call(request) : queries.publish(request)));
            return;
        }
        requireMethod(method, "GET");
        if (path.startsWith("message/")) {
            answer(exchange, 200, queries.message(number(path.substring("message/".length()))));
            return;
        }
        switch (path) {
            case "stream" -> stream(exchange);
            case "info" -> answer(exchange, 200, queries.info());
            case "nodes" -> answer(exchange, 200, queries.nodes());
            case "services" -> answer(exchange, 200, await(queries.services()));
            case "traffic" -> answer(exchange, 200, queries.traffic());
            case "stats" -> answer(exchange, 200, await(queries.stats()));
            case "durable" -> answer(exchange, 200, durable(topics(exchange)));
            case "doctor" -> answer(exchange, 200, doctor());
            default -> throw new Refused(404, "There is no such thing");
        }
    }

    private static void requireMethod(String method, String expected) throws Refused {
        if (!method.equals(expected)) {
            throw new Refused(405, "Only " + expected + " is answered here");
        }
    }

    private static long number(String text) throws Refused {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new Refused(404, "There is no such message");
        }
    }

    private void page(HttpExchange exchange, String file) throws IOException {
        try (InputStream in = Console.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IOException("The jar has no " + file);
            }
            String type = TYPES.getOrDefault(file.substring(file.lastIndexOf('.') + 1), "text/plain");
            send(exchange, 200, type, in.readAllBytes());
        }
    }

    private static byte[] body(HttpExchange exchange) throws IOException, Refused {
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY + 1);
        if (body.length > MAX_BODY) {
            throw new Refused(413, "A request has at most 1 MiB");
        }
        return body;
    }

    private void stream(HttpExchange exchange) throws IOException, Refused {
        Map<String, String> query = query(exchange);
        EventStream stream = new EventStream(
                query.getOrDefault("browser", ""), query.containsKey("tail") ? filter(query.get("tail")) : null);
        if (!feed.open(stream)) {
            throw new Refused(503, "Eight pages are open, which is as many as the console serves; close one of them");
        }
        try {
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
            exchange.sendResponseHeaders(200, 0);
            ObjectNode hello = queries.info().put("id", stream.id());
            stream.nodes(feed.nodes());
            OutputStream out = exchange.getResponseBody();
            stream.write(out, json, content, hello);
        } finally {
            feed.close(stream);
        }
    }

    private void show(String id, JsonNode wanted) throws Refused {
        JsonNode tail = wanted.path("tail");
        Filter filter = tail.isTextual() ? filter(tail.textValue()) : null;
        feed.stream(id)
                .orElseThrow(() -> new Refused(404, "The stream has ended"))
                .show(filter);
    }

    private static Filter filter(@Nullable String text) throws Refused {
        try {
            return new Filter(text == null ? "" : text);
        } catch (IllegalArgumentException e) {
            throw new Refused(400, String.valueOf(e.getMessage()));
        }
    }

    /** Those that Redis lists, if it lets this user; and those that were seen. */
    private ObjectNode durable(Set<String> seen) throws Refused {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        try {
            seen.addAll(view.durableTopics());
        } catch (RuntimeException e) {
            answer.put("problem", String.valueOf(e.getMessage()));
        }
        answer.set("topics", await(durables.of(seen)));
        return answer;
    }

    private ObjectNode doctor() {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        try {
            answer.set("findings", view.findings());
        } catch (RuntimeException e) {
            answer.put("problem", String.valueOf(e.getMessage()));
        }
        return answer;
    }

    private Set<String> topics(HttpExchange exchange) throws Refused {
        Set<String> topics = new TreeSet<>();
        Arrays.stream(query(exchange).getOrDefault("topics", "").split(",", -1))
                .filter(topic -> !topic.isEmpty() && topic.length() <= MAX_FILTER)
                .forEach(topics::add);
        return topics;
    }

    private static Map<String, String> query(HttpExchange exchange) throws Refused {
        Map<String, String> query = new HashMap<>();
        String raw = exchange.getRequestURI().getRawQuery();
        if (raw == null) {
            return query;
        }
        try {
            for (String pair : raw.split("&", -1)) {
                int equals = pair.indexOf('=');
                String name = equals < 0 ? pair : pair.substring(0, equals);
                String value = equals < 0 ? "" : pair.substring(equals + 1);
                query.put(name, URLDecoder.decode(value, StandardCharsets.UTF_8));
            }
        } catch (IllegalArgumentException e) {
            throw new Refused(400, "The query cannot be read");
        }
        return query;
    }

    private static <T> T await(CompletableFuture<T> future) throws Refused {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new Refused(502, String.valueOf(cause.getMessage()));
        } catch (TimeoutException e) {
            throw new Refused(504, "There was no answer within " + PATIENCE.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Refused(503, "The console ends");
        }
    }

    private static ObjectNode problem(String text) {
        return JsonNodeFactory.instance.objectNode().put("error", text);
    }

    private void answer(HttpExchange exchange, int status, JsonNode body) throws IOException {
        send(exchange, status, "application/json; charset=utf-8", json.writeValueAsBytes(body));
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }
}

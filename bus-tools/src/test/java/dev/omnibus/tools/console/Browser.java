package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A headless Chromium of this machine, driven by its own protocol. */
final class Browser implements AutoCloseable {

    private static final List<String> NAMES =
            List.of("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome");
    private static final String REQUIRED = "OMNIBUS_BROWSER_REQUIRED";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PATIENCE = 60;

    private final Process process;
    private final Path profile;
    private final HttpClient http = HttpClient.newHttpClient();
    private final URI endpoint;
    private final List<Tab> tabs = new ArrayList<>();

    private Browser(Process process, Path profile, URI endpoint) {
        this.process = process;
        this.profile = profile;
        this.endpoint = endpoint;
    }

    /** Where it is; empty if there is none, which is an error if one is required. */
    static Optional<Path> find() {
        Optional<Path> found = Stream.of(
                        System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
        if (found.isEmpty() && System.getenv(REQUIRED) != null) {
            throw new AssertionError("There is no Chromium, and " + REQUIRED + " is set");
        }
        return found;
    }

    static Browser start(Path executable) throws IOException {
        Path profile = Files.createTempDirectory("browser");
        List<String> command = new ArrayList<>(List.of(
                executable.toString(),
                "--headless",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "--no-first-run",
                "--disable-gpu",
                "--force-color-profile=srgb",
                "--enable-precise-memory-info",
                "about:blank"));
        if ("root".equals(System.getProperty("user.name"))) {
            command.add(1, "--no-sandbox");
        }
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            BufferedReader said =
                    new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
            String line = said.readLine();
            while (line != null && !line.startsWith("DevTools listening on ")) {
                line = said.readLine();
            }
            if (line == null) {
                throw new IOException("The browser has ended");
            }
            Thread reader = new Thread(() -> said.lines().forEach(any -> {}), "browser-stderr");
            reader.setDaemon(true);
            reader.start();
            URI socket =
                    URI.create(line.substring("DevTools listening on ".length()).strip());
            return new Browser(process, profile, URI.create("http://127.0.0.1:" + socket.getPort()));
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Opens a page. */
    Tab open(URI address, int width, int height, boolean dark) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(endpoint.resolve("/json/new?about:blank"))
                .PUT(HttpRequest.BodyPublishers.noBody())
                .build();
        JsonNode target = JSON.readTree(
                http.send(request, HttpResponse.BodyHandlers.ofString()).body());
        Tab tab = new Tab();
        tab.socket = http.newWebSocketBuilder()
                .buildAsync(URI.create(target.path("webSocketDebuggerUrl").asText()), tab)
                .get(PATIENCE, TimeUnit.SECONDS);
        tabs.add(tab);
        tab.command("Page.enable", JSON.createObjectNode());
        tab.command("Runtime.enable", JSON.createObjectNode());
        tab.command("Log.enable", JSON.createObjectNode());
        tab.command("Performance.enable", JSON.createObjectNode());
        tab.resize(width, height);
        tab.dark(dark);
        tab.command("Page.navigate", JSON.createObjectNode().put("url", address.toString()));
        return tab;
    }

    @Override
    public void close() throws IOException {
        tabs.forEach(tab -> tab.socket().abort());
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        try (Stream<Path> files = Files.walk(profile)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
    }

    /** A page. */
    static final class Tab implements WebSocket.Listener {

        private final AtomicInteger ids = new AtomicInteger();
        private final Map<Integer, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();
        private final List<String> problems = new CopyOnWriteArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private @Nullable WebSocket socket;

        private WebSocket socket() {
            return Objects.requireNonNull(socket, "connected");
        }

        JsonNode command(String method, ObjectNode params) throws Exception {
            int id = ids.incrementAndGet();
            CompletableFuture<JsonNode> answer = new CompletableFuture<>();
            pending.put(id, answer);
            ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
            message.set("params", params);
            socket().sendText(message.toString(), true).get(PATIENCE, TimeUnit.SECONDS);
            JsonNode got = answer.get(PATIENCE, TimeUnit.SECONDS);
            if (got.has("error")) {
                throw new AssertionError(method + ": " + got.path("error"));
            }
            return got.path("result");
        }

        void resize(int width, int height) throws Exception {
            command(
                    "Emulation.setDeviceMetricsOverride",
                    JSON.createObjectNode()
                            .put("width", width)
                            .put("height", height)
                            .put("deviceScaleFactor", 1)
                            .put("mobile", false));
        }

        void dark(boolean dark) throws Exception {
            ObjectNode media = JSON.createObjectNode();
            media.putArray("features")
                    .addObject()
                    .put("name", "prefers-color-scheme")
                    .put("value", dark ? "dark" : "light");
            command("Emulation.setEmulatedMedia", media);
        }

        /** The value of an expression, or of its promise. */
        JsonNode evaluate(String expression) throws Exception {
            JsonNode answer = command(
                    "Runtime.evaluate",
                    JSON.createObjectNode()
                            .put("expression", expression)
                            .put("awaitPromise", true)
                            .put("returnByValue", true));
            if (answer.has("exceptionDetails")) {
                throw new AssertionError(expression + ": " + answer.path("exceptionDetails"));
            }
            return answer.path("result").path("value");
        }

        boolean is(String condition) throws Exception {
            return evaluate("Boolean(" + condition + ")").asBoolean();
        }

        long heapBytes() throws Exception {
            command("HeapProfiler.collectGarbage", JSON.createObjectNode());
            for (JsonNode metric :
                    command("Performance.getMetrics", JSON.createObjectNode()).path("metrics")) {
                if (metric.path("name").asText().equals("JSHeapUsedSize")) {
                    return metric.path("value").asLong();
                }
            }
            throw new AssertionError("The browser does not say how large the heap is");
        }

        void screenshot(Path file) throws Exception {
            JsonNode shot =
                    command("Page.captureScreenshot", JSON.createObjectNode().put("format", "png"));
            Files.createDirectories(file.getParent());
            Files.write(file, Base64.getDecoder().decode(shot.path("data").asText()));
        }

        /** Exceptions, errors in the log, violations of the security policy. */
        List<String> problems() {
            return List.copyOf(problems);
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                take(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }

        private void take(String message) {
            try {
                JsonNode read = JSON.readTree(message);
                if (read.has("id")) {
                    CompletableFuture<JsonNode> answer =
                            pending.remove(read.path("id").asInt());
                    if (answer != null) {
                        answer.complete(read);
                    }
                    return;
                }
                JsonNode params = read.path("params");
                boolean error = params.path("entry").path("level").asText().equals("error");
                if (read.path("method").asText().equals("Runtime.exceptionThrown") || error) {
                    problems.add(params.toString());
                }
            } catch (IOException e) {
                problems.add("unreadable: " + message);
            }
        }
    }
}

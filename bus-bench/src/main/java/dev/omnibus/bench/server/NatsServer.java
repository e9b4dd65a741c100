package dev.omnibus.bench.server;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A nats-server of our own: on loopback and a free port, with JetStream, and gone with this process. */
public final class NatsServer implements AutoCloseable {

    public static final String MISSING = "not installed, apt-get install nats-server";

    private final Process process;
    private final Path store;
    private final Thread hook;
    private final int port;
    private final String origin;

    private NatsServer(Process process, Path store, int port, String origin) {
        this.process = process;
        this.store = store;
        this.port = port;
        this.origin = origin;
        this.hook = new Thread(this::stop, "nats-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Starts the one on the PATH; empty if there is none. */
    public static Optional<NatsServer> start() throws IOException, InterruptedException {
        Optional<Path> binary = find();
        if (binary.isEmpty()) {
            return Optional.empty();
        }
        int port = freePort();
        String executable = binary.get().toString();
        Path store = Files.createTempDirectory("omnibus-nats");
        Process process = new ProcessBuilder(
                        executable,
                        "--addr",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(port),
                        "--jetstream",
                        "--store_dir",
                        store.toString())
                .redirectErrorStream(true)
                .start();
        NatsServer server = new NatsServer(process, store, port, version(executable));
        server.awaitReady();
        return Optional.of(server);
    }

    private static Optional<Path> find() {
        String path = System.getenv().getOrDefault("PATH", "");
        return Arrays.stream(path.split(File.pathSeparator, -1))
                .filter(folder -> !folder.isBlank())
                .map(folder -> Path.of(folder, "nats-server"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String version(String executable) throws IOException, InterruptedException {
        Process asked = new ProcessBuilder(executable, "--version")
                .redirectErrorStream(true)
                .start();
        try (BufferedReader reader = asked.inputReader(StandardCharsets.UTF_8)) {
            String line = reader.readLine();
            asked.waitFor(5, TimeUnit.SECONDS);
            return line == null ? executable : line;
        }
    }

    /** Reads what it says until it is ready, and has the rest read so that it never waits for us. */
    private void awaitReady() throws IOException {
        BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
        String last = "";
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            last = line;
            if (line.contains("Server is ready")) {
                Thread rest = new Thread(() -> skip(reader), "nats-output");
                rest.setDaemon(true);
                rest.start();
                return;
            }
        }
        close();
        throw new IOException("nats-server ended at once: " + last);
    }

    private static void skip(BufferedReader reader) {
        try {
            reader.transferTo(Writer.nullWriter());
        } catch (IOException e) {
            // it has ended
        }
    }

    public String url() {
        return "nats://127.0.0.1:" + port;
    }

    public String origin() {
        return origin;
    }

    public long cpuNanos() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the hook runs already
        }
        stop();
    }

    private void stop() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(store)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Neither payloads nor passwords end up in logs, at their most talkative, or in exceptions. */
class SecrecyIT {

    private static final String CANARY = "canary7f3a";

    record Order(String id, int count) {}

    @Test
    void logsAtDebugAndExceptionsHaveNoPayloadAndNoPassword(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("log");
        try (RedisServer redis = RedisServer.start("--requirepass", CANARY)) {
            String java = ProcessHandle.current().info().command().orElse("java");
            ProcessBuilder program = new ProcessBuilder(
                    java,
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=debug",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Program.class.getName());
            program.environment().put("PORT", String.valueOf(redis.port()));
            Process process = program.redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            assertTrue(process.waitFor(60, SECONDS));
            assertEquals(0, process.exitValue(), () -> read(log));
        }
        String text = read(log);
        assertTrue(text.contains("DEBUG dev.omnibus.bus.Event - "), text); // a line for each event
        assertFalse(
                text.contains(CANARY),
                () -> text.lines()
                        .filter(line -> line.contains(CANARY))
                        .findAny()
                        .orElse(""));
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Lets everything go wrong once, with the canary in whatever it touches. */
    static final class Program {

        private Program() {}

        public static void main(String[] args) throws Exception {
            String port = System.getenv("PORT");
            try (Bus bus = Bus.builder("redis://:" + CANARY + "@127.0.0.1:" + port)
                    .connectWithin(Duration.ofSeconds(40)) // a busy machine may need more than one attempt
                    .build()) {
                CompletableFuture<Void> last = new CompletableFuture<>();
                bus.subscribe("n", Order.class, event -> {
                            if (event.data().count() == 9) {
                                last.complete(null);
                            }
                            throw new IllegalStateException("the handler's own words");
                        })
                        .ready()
                        .get(10, SECONDS);
                bus.publish("n", CANARY);
                bus.publish("n", new Order(CANARY, 1));
                bus.publish("n", Map.of("id", CANARY, "count", CANARY));
                bus.publish("n", Map.of(CANARY, Map.of(CANARY, 1)));
                bus.publish("n", new Order(CANARY.repeat(200_000), 1)).handle((n, failure) -> {
                    System.out.println(failure);
                    return null;
                });
                for (String bad : List.of(CANARY, "{\"" + CANARY + "\":" + CANARY + "}", "[{\"id\":\"" + CANARY)) {
                    RawFrames.publish(bus, "n", bad.getBytes(StandardCharsets.UTF_8))
                            .get(10, SECONDS);
                }
                bus.publish("n", new Order("last", 9));
                last.get(10, SECONDS);
            }
            try {
                Bus.connect("redis://:wrong" + CANARY + "@127.0.0.1:" + port).close();
                throw new IllegalStateException("the password was wrong");
            } catch (ConnectionException e) {
                LoggerFactory.getLogger(Program.class).error("as expected", e);
            }
        }
    }
}

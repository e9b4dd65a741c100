package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.cli.base.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What only a process of its own has: signals, pipes and its end. */
class ProcessIT {

    private static final ScheduledExecutorService TICKS = Executors.newScheduledThreadPool(1);
    private static RedisServer redis;
    private static Bus desk;

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
        desk = Bus.builder(redis.url()).name("desk").build();
        TICKS.scheduleAtFixedRate(() -> desk.publish("orders.shipped", 1), 0, 20, MILLISECONDS);
    }

    @AfterAll
    static void stop() {
        TICKS.shutdownNow();
        desk.close();
        redis.close();
    }

    private static Process omnibus(String... words) throws IOException {
        // A build in the background of a shell ignores Ctrl-C, and so would whatever it starts.
        List<String> command = new ArrayList<>(List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                "-cp",
                System.getProperty("java.class.path"),
                Omnibus.class.getName()));
        if (Runtime.version().feature() >= 22) {
            command.add(4, "--enable-native-access=ALL-UNNAMED"); // as the script does, or the JVM warns of Netty
        }
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OMNIBUS_REDIS", redis.url());
        return builder.start();
    }

    private static String firstLine(InputStream in) throws IOException {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
    }

    private static long serving() throws Exception {
        return Directory.on(desk).nodes().get(20, SECONDS).stream()
                .filter(NodeInfo::isServing)
                .count();
    }

    private static void interrupt(Process process) throws Exception {
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        assertEquals(0, kill.waitFor());
    }

    @Test
    void aPipeWhoseReaderHasGoneEndsTheCommandQuietly() throws Exception {
        Process process = omnibus("sub", "orders.shipped", "--raw", "-q");
        try (var out = process.getInputStream()) {
            assertEquals("1", firstLine(out));
        }
        assertTrue(process.waitFor(60, SECONDS));
        assertEquals(0, process.exitValue());
        assertEquals("", new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    @Test
    void anInterruptedCommandEndsWith130AndItsNodeLeavesInOrder() throws Exception {
        Process process = omnibus("reply", "demo.echo", "--echo");
        assertTrue(firstLine(process.getErrorStream()).startsWith("serving demo.echo"));
        assertEquals(1, serving());
        interrupt(process);
        assertTrue(process.waitFor(60, SECONDS));
        assertEquals(ExitCode.INTERRUPTED, process.exitValue());
        await().until(() -> serving() == 0);
    }

    @Test
    void aCommandEndsThoughThreadsAreLeftAndHasNoColorsInAPipe() throws Exception {
        Process process = omnibus("call", "nobody.there", "--json");
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, SECONDS));
        assertEquals(65, process.exitValue(), err);
        assertTrue(out.startsWith("{\"ok\":false,\"reason\":\"NO_SERVER\""), out);
        assertFalse((out + err).contains("\u001b"), err);
    }
}

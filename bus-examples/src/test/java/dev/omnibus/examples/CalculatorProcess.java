package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A calculator node in a JVM of its own, started as its users do. */
final class CalculatorProcess implements AutoCloseable {

    private final Process process;
    private final String node;

    private CalculatorProcess(Process process, String node) {
        this.process = process;
        this.node = node;
    }

    static CalculatorProcess start(Map<String, String> environment, String... arguments) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(
                java,
                "-XX:TieredStopAtLevel=1",
                "-Dio.netty.jfr.enabled=false",
                "-cp",
                System.getProperty("java.class.path"),
                CalculatorNode.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().remove("REDIS_URL");
        builder.environment().putAll(environment);
        Process process = builder.start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        String line = output.readLine(); // its only one
        assertNotNull(line, "it has ended");
        assertTrue(line.startsWith("ready "), line);
        return new CalculatorProcess(process, line.substring("ready ".length()));
    }

    String node() {
        return node;
    }

    /** Tells it to stop, and gives its exit code. */
    int stop() throws InterruptedException {
        process.destroy(); // SIGTERM
        assertTrue(process.waitFor(40, TimeUnit.SECONDS), "it does not end");
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}

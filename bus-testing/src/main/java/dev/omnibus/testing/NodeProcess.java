package dev.omnibus.testing;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A child process: a part of a program in a JVM of its own, which a test can kill and pause.
 *
 * <pre>{@code
 * try (NodeProcess node = NodeProcess.start(WarehouseNode.class, redis.url())) {
 *     node.awaitLine("ready"::equals);
 *     node.kill();
 * }
 * }</pre>
 *
 * <p>Its output is kept, line by line, including what it wrote before it was killed. Its standard input is reserved for
 * this library: it ends the process when the JVM that started it is gone, for whatever reason.
 *
 * <p>Thread-safe.
 */
public final class NodeProcess implements AutoCloseable {

    /** Small, and started fast: Netty would prepare its events for recordings that nobody makes. */
    private static final List<String> JVM_OPTIONS =
            List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dio.netty.jfr.enabled=false");

    /** A JVM needs half a second to start; this allows for a very busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int POLL_MILLIS = 200;

    private final String name;
    private final Process process;
    private final boolean windows;
    private final Thread reader = new Thread(this::read, "node-output");
    private final List<String> lines = new ArrayList<>(); // guarded by itself

    private NodeProcess(String name, Process process, boolean windows) {
        this.name = name;
        this.process = process;
        this.windows = windows;
    }

    /**
     * Starts a program with the class path of this one, a small heap, and little compilation, so that it starts fast.
     *
     * @param main has the method {@code public static void main(String[])}; need not be public itself
     * @param arguments the arguments of the program
     * @return the process, whose program may not have started yet: see {@link #awaitLine}
     * @throws RedisServerException if no process can be started
     */
    public static NodeProcess start(Class<?> main, String... arguments) {
        return start(List.of(), main, arguments);
    }

    /**
     * Starts a program with additional JVM options, otherwise as {@link #start(Class, String...)}.
     *
     * @param options such as {@code -Xmx1g}; they override the defaults
     * @param main has the method {@code public static void main(String[])}
     * @param arguments the arguments of the program
     * @return the process
     * @throws RedisServerException if no process can be started
     */
    public static NodeProcess start(List<String> options, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_OPTIONS);
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(NodeMain.class.getName(), main.getName()));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            NodeProcess started = new NodeProcess(
                    main.getSimpleName() + " " + process.pid(),
                    process,
                    Environment.system().isWindows());
            started.reader.setDaemon(true);
            started.reader.start();
            return started;
        } catch (IOException e) {
            throw new RedisServerException("Cannot start a JVM for " + main.getName() + ": " + e.getMessage(), e);
        }
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                    lines.notifyAll();
                }
            }
        } catch (IOException e) {
            // the process has ended
        }
    }

    /**
     * Waits for a line, which may have been printed before.
     *
     * @param wanted matches the line
     * @return the first such line
     * @throws RedisServerException if the process ends without it, or prints none within a minute; the message contains
     *     its output
     */
    @CanIgnoreReturnValue
    public String awaitLine(Predicate<String> wanted) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        synchronized (lines) {
            for (int seen = 0; ; awaitMore()) {
                for (; seen < lines.size(); seen++) {
                    if (wanted.test(lines.get(seen))) {
                        return lines.get(seen);
                    }
                }
                if (!reader.isAlive()) {
                    throw new RedisServerException(this + " ended, and did not print what was waited for: " + lines);
                }
                if (System.nanoTime() > deadline) {
                    throw new RedisServerException(this + " did not print what was waited for, but: " + lines);
                }
            }
        }
    }

    private void awaitMore() {
        try {
            lines.wait(POLL_MILLIS); // the end of the output is not signalled
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisServerException("Interrupted while waiting for a line of " + this, e);
        }
    }

    /**
     * Returns what it has printed so far, including errors.
     *
     * @return the lines
     */
    public Stream<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines).stream();
        }
    }

    /**
     * Returns its process id.
     *
     * @return the pid
     */
    public long pid() {
        return process.pid();
    }

    /**
     * Returns whether it is running or paused.
     *
     * @return false after its end
     */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Kills it with SIGKILL, like a crash, and waits until it is gone. Does nothing if it is already gone. */
    public void kill() {
        Signals.kill(process, name);
    }

    /**
     * Freezes it with SIGSTOP, like a very long garbage collection.
     *
     * @throws UnsupportedOperationException on Windows, which has no such signal
     */
    public void pause() {
        Signals.send("STOP", process.pid(), name, windows);
    }

    /**
     * Ends a {@link #pause} with SIGCONT.
     *
     * @throws UnsupportedOperationException on Windows, which has no such signal
     */
    public void resume() {
        Signals.send("CONT", process.pid(), name, windows);
    }

    /** Kills it if it is still running. */
    @Override
    public void close() {
        kill();
    }

    /** Returns the class that it runs, and its process id. */
    @Override
    public String toString() {
        return name;
    }
}

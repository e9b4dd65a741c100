package dev.omnibus.examples.stage;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JVM of its own that runs another main class of this program and tells us lines on its standard output.
 *
 * <p>It cannot outlive us: it holds one end of a pipe, its standard input, and we hold the other. However we end, the
 * operating system closes our end, and {@link ChildMain} over there ends its JVM. Thread-safe.
 */
public final class ChildProcess implements AutoCloseable {

    /** Small, and started fast. The last two are for newer JVMs and Netty; older ones ignore what they do not know. */
    private static final List<String> JVM_OPTIONS = List.of(
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dio.netty.jfr.enabled=false",
            "-XX:+IgnoreUnrecognizedVMOptions",
            "--sun-misc-unsafe-memory-access=allow");

    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    /** A bus may finish what it has begun. */
    private static final Duration END_TIMEOUT = Duration.ofSeconds(10);

    /** Stands in the queue where the output has ended; no line is empty there. */
    private static final String END = "";

    private final String name;
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private ChildProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        Thread reader = new Thread(this::read, name + "-output");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts one.
     *
     * @param name of the process, for messages
     * @param main its main class, which is to begin with {@link ChildMain#run}
     * @param environment additional variables; unlike arguments, they are not for everybody on the machine to read
     * @param arguments of the main class
     * @return the process, which may not have come far yet
     */
    public static ChildProcess start(
            String name, Class<?> main, Map<String, String> environment, List<String> arguments) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(
                        Stream.of(List.of(java), JVM_OPTIONS, List.of(main.getName()), arguments)
                                .flatMap(List::stream)
                                .toList())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("CLASSPATH", classPath());
        builder.environment().putAll(environment);
        try {
            return new ChildProcess(name, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Our own class path. Maven's exec:java has it in a class loader of its own. */
    private static String classPath() {
        if (ChildProcess.class.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs())
                    .map(url -> new File(URI.create(url.toString())).toString())
                    .collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            reader.lines().filter(line -> !line.isEmpty()).forEach(lines::add);
        } catch (IOException | UncheckedIOException e) {
            // it has ended, which is what the next line says
        }
        lines.add(END);
    }

    /**
     * The id that the operating system gave it.
     *
     * @return the id
     */
    public long pid() {
        return process.pid();
    }

    /**
     * Waits for the next line that begins with a word, and skips those before it.
     *
     * @param word how the line begins
     * @return what follows the word
     * @throws IllegalStateException if the line does not come, or the process says why it cannot
     */
    @CanIgnoreReturnValue
    public String await(String word) {
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        try {
            while (true) {
                String line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (line == null || line.equals(END)) {
                    throw new IllegalStateException("The process " + name + " "
                            + (line == null ? "did not say" : "ended before it said") + " \"" + word + "\"");
                }
                if (line.startsWith(ChildMain.FAILED)) {
                    throw new IllegalStateException(
                            "The process " + name + " does not start: " + line.substring(ChildMain.FAILED.length()));
                }
                if (line.startsWith(word)) {
                    return line.substring(word.length()).strip();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for process " + name, e);
        }
    }

    /** Kills it as a crash would, without a chance to say good-bye. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Asks it to end, without waiting for that. */
    public void end() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            process.destroy();
        }
    }

    /** Asks it to end and waits until it has; one that does not is killed. */
    @Override
    public void close() {
        end();
        try {
            if (!process.waitFor(END_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                kill();
            }
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
    }
}

package dev.omnibus.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * A JVM of its own that subscribes. It is asked on its standard input and answers on its standard output, and ends when
 * the input does, which the operating system sees to if this process dies.
 */
final class ChildJvm implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    /** Stands in the queue where the output has ended. */
    private static final String END = "";

    private final Process process;
    private final PrintStream questions;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    /** Starts one. The consumer is told how many events it has received, every so often. */
    ChildJvm(LongConsumer progress) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(List.of(java, "-Xmx512m", SubscriberMain.class.getName()))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        process = builder.start();
        questions = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread reader = new Thread(() -> read(progress), "child-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(LongConsumer progress) {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            reader.lines().forEach(line -> {
                if (line.startsWith(SubscriberMain.GOT)) {
                    progress.accept(Long.parseLong(line.substring(SubscriberMain.GOT.length())));
                } else if (line.startsWith(SubscriberMain.ANSWER)) {
                    answers.add(line);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            // it has ended, which is what the next line says
        }
        answers.add(END);
    }

    /** Asks without waiting for the answer. */
    void ask(String question) {
        questions.println(question);
    }

    /** The answer to what was asked first. */
    String answer() {
        try {
            String answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (answer == null || answer.equals(END)) {
                throw new IllegalStateException("A subscriber's process "
                        + (answer == null ? "did not answer within " + PATIENCE_SECONDS + " s" : "has ended"));
            }
            String text = answer.substring(SubscriberMain.ANSWER.length());
            if (text.startsWith(SubscriberMain.FAILED)) {
                throw new IllegalStateException("A subscriber's process says: " + text);
            }
            return text;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for a subscriber's process", e);
        }
    }

    @Override
    public void close() {
        questions.close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

package dev.omnibus.bench.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * A JVM of its own, such as one that subscribes. It is asked on its standard input and answers on its standard output,
 * and ends when the input does, which the operating system sees to if this process dies.
 */
public final class ChildJvm implements AutoCloseable {

    /** A thousand nodes that start in two processes take minutes. */
    private static final long PATIENCE_SECONDS = 600;

    /** Begins the lines that say, unasked, how far it is. */
    private static final String GOT = "got ";

    /** Begins the lines that answer. */
    private static final String ANSWER = "answer ";

    private static final String FAILED = "failed";

    /** Stands in the queue where the output has ended. */
    private static final String END = "";

    /** What answers in it. */
    public interface Program {

        /** The answer to a question, given by its words. */
        String answer(List<String> question) throws Exception;
    }

    private final Process process;
    private final PrintStream questions;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    /** Starts one with a program that serves. The consumer is told how far it is. */
    public ChildJvm(LongConsumer progress, Class<?> program, String... arguments) throws IOException {
        this(progress, List.of(), program, arguments);
    }

    /** The same with options of the JVM. */
    public ChildJvm(LongConsumer progress, List<String> options, Class<?> program, String... arguments)
            throws IOException {
        this(progress, System.getProperty("java.class.path"), options, program, arguments);
    }

    /**
     * One that runs this program as another build has it: the class path is all that there is, and must have the
     * program.
     */
    public static ChildJvm ofBuild(String classPath, Class<?> program) throws IOException {
        return new ChildJvm(nothing -> {}, classPath, List.of("-Xmx1g"), program);
    }

    private ChildJvm(
            LongConsumer progress, String classPath, List<String> options, Class<?> program, String... arguments)
            throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "-Xmx512m"));
        command.addAll(options);
        command.add(program.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("CLASSPATH", classPath);
        process = builder.start();
        questions = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread reader = new Thread(() -> read(progress), "child-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(LongConsumer progress) {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            reader.lines().forEach(line -> {
                if (line.startsWith(GOT)) {
                    progress.accept(Long.parseLong(line.substring(GOT.length())));
                } else if (line.startsWith(ANSWER)) {
                    answers.add(line);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            // it has ended, which is what the next line says
        }
        answers.add(END);
    }

    /** In the child: answers everything until the end, which is that of the JVM. */
    public static void serve(Program program) throws IOException {
        try (BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = questions.readLine(); line != null; line = questions.readLine()) {
                answer(answer(program, List.of(line.split(" ", -1))));
            }
        }
        System.exit(0); // some libraries have threads that would go on
    }

    private static String answer(Program program, List<String> question) {
        try {
            return program.answer(question);
        } catch (Throwable e) { // an error as well, of which the other side would not hear
            return FAILED + " " + e.toString().replace('\n', ' ');
        }
    }

    /** In the child: answers, unasked, what it was started for. */
    public static void answer(String answer) {
        System.out.println(ANSWER + answer);
    }

    /** In the child: reports to the parent unasked. */
    public static void report(long progress) {
        System.out.println(GOT + progress);
    }

    /** Asks without waiting for the answer. */
    public void ask(String question) {
        questions.println(question);
    }

    /** The answer to what was asked first. */
    public String answer() {
        try {
            String answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (answer == null || answer.equals(END)) {
                throw new IllegalStateException("A child process "
                        + (answer == null ? "did not answer within " + PATIENCE_SECONDS + " s" : "has ended"));
            }
            String text = answer.substring(ANSWER.length());
            if (text.startsWith(FAILED)) {
                throw new IllegalStateException("A child process says: " + text);
            }
            return text;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for a child process", e);
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

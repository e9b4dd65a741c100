package dev.omnibus.tools.cli;

import dev.omnibus.bus.Bus;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Runs lines as a shell would, in this process: words, quotes, and {@code VAR=value} before the command. */
public final class Shell {

    /** What a command has left. */
    public record Result(String out, String err, int code) {}

    private final Map<String, String> environment = new LinkedHashMap<>();
    private final Function<Connection, Bus> connector;

    public Shell(Map<String, String> environment, Function<Connection, Bus> connector) {
        this.environment.putAll(environment);
        this.connector = connector;
    }

    public Result run(String line) {
        return run(line, "");
    }

    Result run(String line, String stdin) {
        return run(line, stdin, new ByteArrayOutputStream(), new ByteArrayOutputStream());
    }

    /** A command that somebody else ends. */
    static final class Running {

        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();
        private final Thread thread;

        private Running(Shell shell, String line) {
            thread = new Thread(() -> shell.run(line, "", out, err), line);
            thread.start();
        }

        /** What it has said; its exit code is not known. */
        Result soFar() {
            return new Result(out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8), 0);
        }

        void interrupt() {
            thread.interrupt();
        }
    }

    Running start(String line) {
        return new Running(this, line);
    }

    private Result run(String line, String stdin, ByteArrayOutputStream out, ByteArrayOutputStream err) {
        List<String> words = words(line);
        Map<String, String> variables = new LinkedHashMap<>(environment);
        while (words.get(0).matches("[A-Z_]+=.*")) {
            String[] parts = words.remove(0).split("=", 2);
            variables.put(parts[0], parts[1]);
        }
        if (!words.remove(0).equals("omnibus")) {
            throw new IllegalArgumentException("Only omnibus is run here: " + line);
        }
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                variables,
                false);
        int code = Omnibus.run(terminal, connector, words.toArray(String[]::new));
        return new Result(out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8), code);
    }

    /** The words of a line. Single quotes keep everything, double quotes all but a backslash before a quote. */
    static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean begun = false;
        char quote = 0;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (quote == 0 && c == ' ') {
                if (begun) {
                    words.add(word.toString());
                    word.setLength(0);
                    begun = false;
                }
            } else if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
                begun = true;
            } else if (c == quote) {
                quote = 0;
            } else {
                word.append(c == '\\' && quote == '"' ? line.charAt(++i) : c);
                begun = true;
            }
        }
        if (begun) {
            words.add(word.toString());
        }
        return words;
    }
}

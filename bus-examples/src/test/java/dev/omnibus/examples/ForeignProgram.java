package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** An example in another language. Where it cannot be run, tests of it are skipped, or fail if they must not be. */
record ForeignProgram(List<String> command) {

    /** Set where everything is installed that the examples need. */
    private static final String REQUIRED = "OMNIBUS_FOREIGN_REQUIRED";

    private static final Path FOREIGN = Repository.root().resolve("bus-examples/foreign");

    /** The python3 of the path, or the one of the system: whichever has redis-py. */
    static ForeignProgram python() {
        String script = FOREIGN.resolve("python/omnibus.py").toString();
        for (String python : List.of("python3", "/usr/bin/python3")) {
            if (runs(python, "-c", "import redis")) {
                return new ForeignProgram(List.of(python, script));
            }
        }
        return missing("python3 with redis-py");
    }

    static ForeignProgram node() {
        Path folder = FOREIGN.resolve("node");
        String newEnough = "process.exit(Number(process.versions.node.split('.')[0]) >= 18 ? 0 : 1)";
        if (Files.isDirectory(folder.resolve("node_modules")) && runs("node", "-e", newEnough)) {
            return new ForeignProgram(
                    List.of("node", folder.resolve("omnibus.mjs").toString()));
        }
        return missing("node 18 or newer with what \"npm ci\" installs in " + folder);
    }

    private static ForeignProgram missing(String what) {
        assertTrue(System.getenv(REQUIRED) == null, () -> what + " is missing");
        Assumptions.abort(what + " is not here");
        return new ForeignProgram(List.of());
    }

    private static boolean runs(String... command) {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts it; it goes on until it is closed, or until it has done what it was asked. */
    Running start(String redis, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("REDIS_URL", redis);
        Process process = builder.start();
        return new Running(process, process.inputReader(StandardCharsets.UTF_8));
    }

    /** Runs it to its end, and gives the lines that it has printed. */
    List<String> run(String redis, String... arguments) throws IOException, InterruptedException {
        try (Running running = start(redis, arguments)) {
            List<String> lines = running.output().lines().toList();
            assertTrue(running.process().waitFor(20, TimeUnit.SECONDS));
            assertEquals(0, running.process().exitValue());
            return lines;
        }
    }

    /** One that runs. */
    record Running(Process process, BufferedReader output) implements AutoCloseable {

        /** The next line; what follows "ready" where it is that. */
        String line() throws IOException {
            String line = String.valueOf(output.readLine());
            return line.startsWith("ready") ? line.substring("ready".length()).strip() : line;
        }

        /** Ends its standard input, and so the program. */
        void end() throws IOException, InterruptedException {
            process.getOutputStream().close();
            assertTrue(process.waitFor(20, TimeUnit.SECONDS), "it does not end");
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}

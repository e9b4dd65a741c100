package dev.omnibus.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process of a server binary, from its launch to its end. An {@link OwnServer} has a new one after each restart.
 */
final class ServerProcess {
    private static final Logger log = LoggerFactory.getLogger(ServerProcess.class);

    /** A start takes some 20 ms; this allows for a very busy machine. */
    private static final Duration START_TIMEOUT = Duration.ofSeconds(10);

    /** What has grown under load is read for seconds, by a server that says so. */
    private static final Duration LOADING_TIMEOUT = Duration.ofMinutes(2);

    private static final Duration PING_TIMEOUT = Duration.ofSeconds(1);
    /** The message of glibc and macOS, and that of musl, which the embedded binary is linked with. */
    private static final Pattern PORT_TAKEN = Pattern.compile("Address (already )?in use");

    private static final int POLL_MILLIS = 5;
    private static final int KEPT_LINES = 20;

    private enum Readiness {
        SILENT,
        LOADING,
        READY
    }

    private final String name;
    private final RedisAddress address;
    private final Process process;
    private final Thread outputReader;
    private final Deque<String> lastLines = new ArrayDeque<>();

    private ServerProcess(String name, RedisAddress address, Process process) {
        this.name = name;
        this.address = address;
        this.process = process;
        this.outputReader = new Thread(this::readOutput, "redis-output-" + process.pid());
        outputReader.setDaemon(true);
    }

    static ServerProcess launch(String name, List<String> command, Path folder, RedisAddress address) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .start();
            ServerProcess started = new ServerProcess(name, address, process);
            started.outputReader.start();
            return started;
        } catch (IOException e) {
            throw new RedisServerException(
                    name + " did not start: " + e.getMessage() + "; is its folder mounted noexec?", e);
        }
    }

    /**
     * Waits until it answers, and longer while it loads what it has stored. Returns false if it ended because another
     * process has the port; any other failure is thrown, with its output.
     */
    boolean awaitReady() {
        long started = System.nanoTime();
        try {
            for (Readiness seen = readiness(); seen != Readiness.READY; seen = readiness()) {
                if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                    return failUnlessPortTaken();
                }
                Duration limit = seen == Readiness.LOADING ? LOADING_TIMEOUT : START_TIMEOUT;
                if (System.nanoTime() - started > limit.toNanos()) {
                    throw new RedisServerException(name + " on port " + address.port()
                            + (seen == Readiness.LOADING ? " was still loading after " : " did not answer PING within ")
                            + limit.toSeconds() + "s; its last output:\n" + lastOutput());
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisServerException("Interrupted while waiting for " + name + " to start", e);
        }
    }

    private boolean failUnlessPortTaken() throws InterruptedException {
        outputReader.join(START_TIMEOUT.toMillis());
        String output = lastOutput();
        if (PORT_TAKEN.matcher(output).find()) {
            return false;
        }
        throw new RedisServerException(name + " ended with code " + process.exitValue()
                + " before it answered; check its arguments; its last output:\n" + output);
    }

    /** Checks the pid, too: on a port that was taken, another Redis would answer just as well. */
    private Readiness readiness() {
        try (RespConnection connection = RespConnection.open(address, PING_TIMEOUT)) {
            connection.call("PING");
            String info = String.valueOf(connection.call("INFO", "server"));
            return info.contains("process_id:" + process.pid() + "\r\n") ? Readiness.READY : Readiness.SILENT;
        } catch (IOException e) {
            return Readiness.SILENT;
        } catch (RedisServerException e) {
            // A server that refuses our password is another one. One that requires a password that only the caller
            // knows has answered.
            String refusal = String.valueOf(e.getMessage());
            if (refusal.contains("LOADING")) {
                return Readiness.LOADING;
            }
            return process.isAlive() && !refusal.contains(" refused AUTH: ") ? Readiness.READY : Readiness.SILENT;
        }
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Kills it and waits until it is gone, even if interrupted; the interrupt status is kept. */
    void kill() {
        Signals.kill(process, name);
    }

    void signal(String signal, boolean windows) {
        Signals.send(signal, process.pid(), name, windows);
    }

    private void readOutput() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                log.debug("{}", line);
                keep(line);
            }
        } catch (IOException e) {
            log.debug("The output of {} ended", name, e);
        }
    }

    private void keep(String line) {
        synchronized (lastLines) {
            lastLines.addLast(line);
            if (lastLines.size() > KEPT_LINES) {
                lastLines.removeFirst();
            }
        }
    }

    private String lastOutput() {
        synchronized (lastLines) {
            return String.join("\n", lastLines);
        }
    }
}

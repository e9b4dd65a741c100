package dev.omnibus.testing;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** A sender of signals to processes, including those that Java cannot send. */
final class Signals {

    private static final int TIMEOUT_SECONDS = 5;
    private static final int EXIT_TIMEOUT_SECONDS = 10;

    private Signals() {}

    /** Sends SIGKILL and waits until the process is gone, even if interrupted; the interrupt status is kept. */
    static void kill(Process process, String name) {
        process.destroyForcibly();
        boolean interrupted = false;
        try {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(EXIT_TIMEOUT_SECONDS);
            while (true) {
                try {
                    if (process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                        return;
                    }
                    throw new RedisServerException(name + " (pid " + process.pid() + ") is still there "
                            + EXIT_TIMEOUT_SECONDS + "s after SIGKILL");
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Sends a signal through the shell, whose built-in kill exists even where the program is not installed. */
    static void send(String signal, long pid, String name, boolean windows) {
        if (windows) {
            throw new UnsupportedOperationException(
                    "Windows has no SIG" + signal + "; run this test in WSL, or use kill() and restart()");
        }
        String command = "kill -" + signal + " " + pid;
        try {
            Process kill = new ProcessBuilder("sh", "-c", command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!kill.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || kill.exitValue() != 0) {
                kill.destroyForcibly();
                throw new RedisServerException("\"" + command + "\" failed for " + name);
            }
        } catch (IOException e) {
            throw new RedisServerException("Cannot run \"" + command + "\" for " + name, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisServerException("Interrupted while running \"" + command + "\" for " + name, e);
        }
    }
}

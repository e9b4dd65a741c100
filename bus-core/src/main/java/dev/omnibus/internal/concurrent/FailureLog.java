package dev.omnibus.internal.concurrent;

import org.slf4j.Logger;

/**
 * A defensive logger for failures of user code, whatever their exceptions do: even {@code getMessage} may throw, and
 * what continues after a failure must continue then as well.
 */
public final class FailureLog {

    private FailureLog() {}

    /**
     * Logs an error with its stack trace, or at least with its class.
     *
     * @param log the logger
     * @param failure what was thrown
     * @param message what has failed, with a pair of braces for each argument
     * @param arguments the values for the braces
     */
    public static void error(Logger log, Throwable failure, String message, Object... arguments) {
        try {
            Object[] all = new Object[arguments.length + 1];
            System.arraycopy(arguments, 0, all, 0, arguments.length);
            all[arguments.length] = failure;
            log.error(message, all);
        } catch (Throwable unprintable) {
            withoutTrace(log, failure, message, arguments);
        }
    }

    /**
     * Logs a line and ignores failures of the logger itself, which may be out of memory or without its classes: what
     * comes after the line is more important than the line.
     *
     * @param line logs the line
     */
    public static void safely(Runnable line) {
        try {
            line.run();
        } catch (Throwable unwritable) {
            // nowhere left to report it
        }
    }

    private static void withoutTrace(Logger log, Throwable failure, String message, Object... arguments) {
        safely(() ->
                log.error(message + ", with a " + failure.getClass().getName() + " that cannot be printed", arguments));
    }
}

package dev.omnibus.internal.concurrent;

import org.slf4j.Logger;

/**
 * Logs failures of code that is not ours, whatever their exceptions do: already to ask one for its message may throw,
 * and what goes on after a failure must go on then as well.
 */
public final class FailureLog {

    private FailureLog() {}

    /**
     * Logs an error with its trace, or at least with its class.
     *
     * @param log where to
     * @param failure what was thrown
     * @param message what has failed, with a pair of braces for each argument
     * @param arguments what stands there
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
     * Logs without a failure of the logger's own, which may have no memory, or no classes any more: what comes after a
     * line of the log is more important than the line.
     *
     * @param line logs it
     */
    public static void safely(Runnable line) {
        try {
            line.run();
        } catch (Throwable unwritable) {
            // there is nobody left to be told
        }
    }

    private static void withoutTrace(Logger log, Throwable failure, String message, Object... arguments) {
        safely(() ->
                log.error(message + ", with a " + failure.getClass().getName() + " that cannot be printed", arguments));
    }
}

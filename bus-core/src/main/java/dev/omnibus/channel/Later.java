package dev.omnibus.channel;

import java.time.Duration;

/** Runs something once, after a while, on a thread that it may hold up. */
@FunctionalInterface
public interface Later {

    /**
     * Runs a task after a while. One that waits still when the bus has ended is forgotten.
     *
     * @param delay how long it waits
     * @param task what to run; if there is no memory or no thread for it, it waits longer
     */
    void run(Duration delay, Runnable task);
}

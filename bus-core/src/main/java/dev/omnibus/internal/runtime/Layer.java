package dev.omnibus.internal.runtime;

import java.time.Duration;

/**
 * Something that stands on a bus and ends with it, such as the servers and clients of calls. There is at most one of a
 * kind per bus.
 */
public interface Layer {

    /**
     * Ends it, before the bus itself ends: finish what runs, say good-bye, release everything. Called once, by the bus.
     *
     * @param drainTimeout how long it may wait for what runs
     */
    void close(Duration drainTimeout);
}

package dev.omnibus.internal.runtime;

import java.time.Duration;

/**
 * A lifecycle hook: something built on a bus that is closed with it, such as the servers and clients of calls. There is
 * at most one of a kind per bus.
 */
public interface Layer {

    /**
     * Closes it, before the bus itself: finish what runs, announce that this node leaves, release everything. Called
     * once, by the bus.
     *
     * @param drainTimeout how long it may wait for what runs
     */
    void close(Duration drainTimeout);
}

package dev.omnibus.bus;

/**
 * Something that stands on a bus and ends with it, such as the servers and clients of calls. There is at most one of a
 * kind per bus.
 *
 * @see Bus#layer
 */
public interface Layer {

    /** Ends it, before the bus itself ends: finish what runs, say good-bye, release everything. Called once. */
    void close();
}

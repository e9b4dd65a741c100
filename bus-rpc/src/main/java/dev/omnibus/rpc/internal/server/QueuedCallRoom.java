package dev.omnibus.rpc.internal.server;

/** The room that a service has for queued calls. Thread-safe. */
interface QueuedCallRoom {

    /** How many calls could begin at once. */
    int room();

    /** Counts so many as if they were there, or not any more. */
    void reserve(int calls);

    /** Runs a call, or refuses it. */
    void begin(ServerCall call);
}

package dev.omnibus.bench.peer;

/** What a library offers of what is measured. */
public enum Ability {
    CALL,
    /** Calls that wait in a queue until a node takes them. */
    QUEUE,
    BROADCAST,
    EVENT,
    /** Events that are kept until they are acknowledged. */
    DURABLE,
    /** Several nodes that share those. */
    GROUP
}

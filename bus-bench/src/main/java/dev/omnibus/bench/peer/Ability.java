package dev.omnibus.bench.peer;

/** What a library offers of what is measured. */
public enum Ability {
    CALL,
    BROADCAST,
    EVENT,
    /** Events that are kept until they are acknowledged. */
    DURABLE,
    /** Several nodes that share those. */
    GROUP
}

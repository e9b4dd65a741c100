package dev.omnibus.bench.peer;

/** What a library offers of what is measured. */
public enum Ability {
    CALL,
    BROADCAST,
    EVENT
}

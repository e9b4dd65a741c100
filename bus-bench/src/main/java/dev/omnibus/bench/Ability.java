package dev.omnibus.bench;

/** What a library offers of what is measured. */
enum Ability {
    CALL,
    BROADCAST,
    EVENT
}

package dev.omnibus.rpc.faults;

import java.time.Duration;

/**
 * How long the suites take, and how strict they are: {@code -Dfaults=long} repeats every fault and measures strictly.
 */
final class Bounds {

    static final boolean LONG = "long".equals(System.getProperty("faults"));

    /** How often every fault is repeated under the same load. */
    static final int ROUNDS = LONG ? Integer.getInteger("faults.rounds", 5) : 1;

    /** What a machine on which five other things run may need on top of a promised time. */
    static final Duration ROOM = LONG ? Duration.ofSeconds(1) : Duration.ofSeconds(15);

    private Bounds() {}

    static Duration longOr(Duration lasting, Duration otherwise) {
        return LONG ? lasting : otherwise;
    }
}

package dev.omnibus.rpc.faults;

import dev.omnibus.rpc.Stalls;
import java.time.Duration;

/**
 * How long the suites take, and how strict they are: {@code -Dfaults=long} repeats every fault and measures strictly.
 */
final class Bounds {

    static final boolean LONG = "long".equals(System.getProperty("faults"));

    /** How often every fault is repeated under the same load. */
    static final int ROUNDS = Integer.getInteger("faults.rounds", LONG ? 5 : 1);

    /** For so long a machine that stood still has to make up for it. */
    private static final long AFTERMATH_NANOS = 500_000_000;

    /**
     * What a machine may need on top of a promised time: in the long form as long as it was seen to stand still then
     * and shortly before, else what one on which five other things run may need.
     */
    static long roomMillis(Stalls stalls, long from, long to) {
        return LONG ? stalls.together(from - AFTERMATH_NANOS, to) / 1_000_000 : 15_000;
    }

    private Bounds() {}

    static Duration longOr(Duration lasting, Duration otherwise) {
        return LONG ? lasting : otherwise;
    }
}

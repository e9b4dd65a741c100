package dev.omnibus.bench;

/** Where a measurement takes place. */
record Stage(Servers servers, Subscribers subscribers, double seconds) {

    /** Before each measurement, on connections that are new: until they and the JIT have settled. */
    private static final double WARM_UP = 0.5;

    /** The first round, which does not count: many JVMs on few processors take that long to compile what they run. */
    private static final double FIRST_ROUND = 3;

    Stage forFirstRound() {
        return new Stage(servers, subscribers, FIRST_ROUND * seconds);
    }

    long nanos() {
        return (long) (seconds * 1e9);
    }

    long warmUpNanos() {
        return (long) (seconds * WARM_UP * 1e9);
    }
}

package dev.omnibus.bench;

/** Where a measurement takes place. */
record Stage(Servers servers, Subscribers subscribers, double seconds) {

    /** Before each measurement, on connections that are new: until they and the JIT have settled. */
    private static final double WARM_UP = 0.5;

    long nanos() {
        return (long) (seconds * 1e9);
    }

    long warmUpNanos() {
        return (long) (seconds * WARM_UP * 1e9);
    }
}

package dev.omnibus.bench.job;

/** Where a measurement takes place. */
public record Stage(Servers servers, Subscribers subscribers, double seconds) {

    /** Before each measurement, on connections that are new: until they and the JIT have settled. */
    private static final double WARM_UP = 0.5;

    public long nanos() {
        return (long) (seconds * 1e9);
    }

    public long warmUpNanos() {
        return (long) (seconds * WARM_UP * 1e9);
    }
}

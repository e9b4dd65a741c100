package dev.omnibus.rpc;

/**
 * How much of a service one node does at a time. Immutable.
 *
 * @param concurrency how many calls run at a time; 64 by default
 * @param queue how many more may wait; 1,024 by default. Beyond that callers are notified at once that the node is
 *     overloaded
 */
public record ServiceOptions(int concurrency, int queue) {

    private static final ServiceOptions DEFAULTS = new ServiceOptions(64, 1_024);

    /**
     * Checks the numbers.
     *
     * @param concurrency how many calls run at a time
     * @param queue how many more may wait
     * @throws IllegalArgumentException if there is no room for a call, or a number is negative
     */
    public ServiceOptions {
        if (concurrency < 1 || queue < 0) {
            throw new IllegalArgumentException("A service with " + concurrency + " calls at a time and " + queue
                    + " waiting cannot be; it must be at least 1 and 0");
        }
    }

    /**
     * What holds when nothing is said.
     *
     * @return the defaults
     */
    public static ServiceOptions defaults() {
        return DEFAULTS;
    }

    /**
     * The same with another number of calls at a time.
     *
     * @param calls how many run at a time
     * @return the options
     * @throws IllegalArgumentException if it is not positive
     */
    public ServiceOptions withConcurrency(int calls) {
        return new ServiceOptions(calls, queue);
    }

    /**
     * The same with another queue.
     *
     * @param calls how many may wait
     * @return the options
     * @throws IllegalArgumentException if it is negative
     */
    public ServiceOptions withQueue(int calls) {
        return new ServiceOptions(concurrency, calls);
    }
}

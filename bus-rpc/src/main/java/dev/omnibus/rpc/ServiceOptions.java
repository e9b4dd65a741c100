package dev.omnibus.rpc;

/**
 * How much of a service one node does at a time. Immutable.
 *
 * @param concurrency how many calls run at a time; 64 by default
 * @param queue how many more may wait; 1,024 by default. Beyond that callers are notified at once that the node is
 *     overloaded
 * @param queued whether the node takes {@linkplain RpcClient#queue queued} calls as well; not by default
 */
public record ServiceOptions(int concurrency, int queue, boolean queued) {

    private static final ServiceOptions DEFAULTS = new ServiceOptions(64, 1_024);

    /**
     * Without queued calls.
     *
     * @param concurrency how many calls run at a time
     * @param queue how many more may wait
     * @throws IllegalArgumentException if there is no room for a call, or a number is negative
     */
    public ServiceOptions(int concurrency, int queue) {
        this(concurrency, queue, false);
    }

    /**
     * Checks the numbers.
     *
     * @param concurrency how many calls run at a time
     * @param queue how many more may wait
     * @param queued whether the node takes queued calls as well
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
        return new ServiceOptions(calls, queue, queued);
    }

    /**
     * The same with another queue.
     *
     * @param calls how many may wait
     * @return the options
     * @throws IllegalArgumentException if it is negative
     */
    public ServiceOptions withQueue(int calls) {
        return new ServiceOptions(concurrency, calls, queued);
    }

    /**
     * The same with queued calls: the node takes them from the queues of the service's methods, where they wait while
     * no node is there. It takes only as many as it can begin at once, so that calls which have come directly go first.
     *
     * @return the options
     */
    public ServiceOptions withQueued() {
        return new ServiceOptions(concurrency, queue, true);
    }
}

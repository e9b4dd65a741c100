package dev.omnibus.rpc;

/**
 * How much of a service one node does at a time. Immutable.
 *
 * @param concurrency how many calls run at a time; 64 by default
 * @param queue how many more may wait; 1,024 by default. Beyond that callers are notified at once that the node is
 *     overloaded
 * @param queued whether the node takes {@linkplain RpcClient#queue queued} calls as well; not by default
 * @param replicas how many replicas of Redis are to know that the node has taken a queued call before it is executed;
 *     none by default
 */
public record ServiceOptions(int concurrency, int queue, boolean queued, int replicas) {

    private static final int MAX_REPLICAS = 100;
    private static final ServiceOptions DEFAULTS = new ServiceOptions(64, 1_024);

    /**
     * Without queued calls.
     *
     * @param concurrency how many calls run at a time
     * @param queue how many more may wait
     * @throws IllegalArgumentException if there is no room for a call, or a number is negative
     */
    public ServiceOptions(int concurrency, int queue) {
        this(concurrency, queue, false, 0);
    }

    /**
     * Checks the numbers.
     *
     * @param concurrency how many calls run at a time
     * @param queue how many more may wait
     * @param queued whether the node takes queued calls as well
     * @param replicas how many replicas are to know that it has taken one
     * @throws IllegalArgumentException if there is no room for a call, or a number is negative, or there are more than
     *     100 replicas, or some without queued calls
     */
    public ServiceOptions {
        if (concurrency < 1 || queue < 0) {
            throw new IllegalArgumentException("A service with " + concurrency + " calls at a time and " + queue
                    + " waiting cannot be; it must be at least 1 and 0");
        }
        if (replicas < 0 || replicas > MAX_REPLICAS) {
            throw new IllegalArgumentException(
                    "replicas is " + replicas + "; it must be between 0 and " + MAX_REPLICAS);
        }
        if (replicas > 0 && !queued) {
            throw new IllegalArgumentException("replicas is " + replicas + ", and the service takes no queued calls");
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
        return new ServiceOptions(calls, queue, queued, replicas);
    }

    /**
     * The same with another queue.
     *
     * @param calls how many may wait
     * @return the options
     * @throws IllegalArgumentException if it is negative
     */
    public ServiceOptions withQueue(int calls) {
        return new ServiceOptions(concurrency, calls, queued, replicas);
    }

    /**
     * The same with queued calls: the node takes them from the queues of the service's methods, where they wait while
     * no node is there. It takes only as many as it can begin at once, so that calls which have come directly go first.
     * No replicas are to know of it.
     *
     * @return the options
     */
    public ServiceOptions withQueued() {
        return withQueued(0);
    }

    /**
     * The same with queued calls that are executed only once replicas of Redis know that this node has taken them. Then
     * a call that is not {@linkplain Idempotent idempotent} is not executed twice after a failover either, if all nodes
     * of the service do the same; without it that is possible, and only reported. It costs a call the time of a
     * replication; and as long as fewer replicas keep up, nothing is executed: what was taken is given back after about
     * two seconds, and may expire in the queue.
     *
     * @param replicas how many: all that could take over. 0 to 100
     * @return the options
     * @throws IllegalArgumentException if the number is out of range
     */
    public ServiceOptions withQueued(int replicas) {
        return new ServiceOptions(concurrency, queue, true, replicas);
    }
}

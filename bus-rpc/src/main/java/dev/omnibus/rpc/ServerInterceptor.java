package dev.omnibus.rpc;

/**
 * Stands before all methods that a node serves: to check who may call what, or to count. It never sees arguments or
 * results.
 *
 * @see RpcServer#intercept
 */
public interface ServerInterceptor {

    /**
     * Before a call is executed and its arguments are read, on the thread that will execute it. Calls that it makes
     * itself end by the deadline of this one.
     *
     * @param call method, caller, headers and the time that is left
     * @throws RpcException to say no, made by {@link RpcException#refused}: the caller gets {@code REFUSED} with its
     *     message. Whatever else it throws refuses the call, too, but its text stays here
     */
    default void before(CallContext call) {}

    /**
     * After a call has been answered, also when it was not executed. It must not block. What it throws is logged.
     *
     * @param outcome what became of the call
     */
    default void after(CallOutcome outcome) {}

    /**
     * The reply to a call could not be sent, or nobody knows whether it was. {@link #after} has been told what became
     * of the call before that. It must not block. What it throws is logged.
     *
     * @param outcome what {@link #after} was told, and the time until now
     */
    default void replyLost(CallOutcome outcome) {}
}

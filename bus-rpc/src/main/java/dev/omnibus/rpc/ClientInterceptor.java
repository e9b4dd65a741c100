package dev.omnibus.rpc;

/**
 * Stands between a program and all calls and broadcasts that it makes: to send something along, to say no, or to count.
 * It never sees arguments or results.
 *
 * @see RpcClient#intercept
 */
public interface ClientInterceptor {

    /**
     * Before a call is sent, on the thread that makes it.
     *
     * @param method {@code service.method}
     * @param options what the caller said
     * @return the options to use, for instance with one header more
     * @throws RpcException to say no, made by {@link RpcException#refused}; the call fails with it. Whatever else it
     *     throws is thrown to the thread that makes the call
     */
    default CallOptions before(String method, CallOptions options) {
        return options;
    }

    /**
     * After a call has ended, whatever became of it, also if it was never sent; of a broadcast once, when it has ended
     * as a whole, with the reason that {@link Replies#orThrow} would have. It must not block: what hangs on the call
     * waits for it. What it throws is logged. If an interceptor says no, all are told, also those behind it that were
     * not asked.
     *
     * @param outcome what became of the call
     */
    default void after(CallOutcome outcome) {}
}

package dev.omnibus.rpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.CompletionStage;

/**
 * An interceptor of calls: it wraps all calls and broadcasts that a client makes, to send something along or to say no.
 * It never sees arguments or results.
 *
 * <p>Interceptors are nested in the order in which they were added: the first is the outermost. Called by many threads
 * at a time.
 *
 * @see RpcClient#intercept
 */
@FunctionalInterface
public interface ClientInterceptor {

    /** What an interceptor wraps: the interceptors behind it, and the call. For one call, and one thread. */
    interface Next {

        /**
         * Goes on with the call, on this thread, until it is sent or waits to be sent.
         *
         * @param options the options to use, for instance with one header more
         * @return completes when the call has ended, whatever became of it, also if it was never sent; for a broadcast
         *     once, when it has ended as a whole, with the reason that {@link Replies#orThrow} would have. What hangs
         *     on it must not block: the caller gets the result after that. Never fails
         * @throws IllegalArgumentException if a broadcast cannot honour the options: see {@link Broadcast#with}
         * @throws IllegalStateException if it is called twice, on another thread, or after {@link #intercept} has
         *     returned
         */
        @CanIgnoreReturnValue
        CompletionStage<CallOutcome> proceed(CallOptions options);
    }

    /**
     * Intercepts one call, on the thread that makes it.
     *
     * <p>If it does not proceed, the call fails with {@code REFUSED}, which names this interceptor. What it throws
     * after it has proceeded is logged.
     *
     * @param method {@code service.method}
     * @param options what the caller said, and the interceptors before this one
     * @param next proceeds with the call
     * @throws RpcException to say no, made by {@link RpcException#refused}: the call fails with it. Whatever else it
     *     throws is thrown to the thread that makes the call
     */
    void intercept(String method, CallOptions options, Next next);
}

package dev.omnibus.rpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.CompletionStage;

/**
 * An interceptor of served calls: it wraps the execution of all methods of a node, to check who may call what, or to
 * bind something to the thread while a method runs, such as an MDC or the scope of a trace. It never sees arguments or
 * results.
 *
 * <p>Interceptors are nested in the order in which they were added: the first is the outermost. They see what is about
 * to be executed. A call that is refused before that, because there is too much to do or its deadline passed while it
 * waited, is only in {@link RpcServer#stats()}, as is one that is given the answer of an earlier one with the same
 * idempotency key. Called by many threads at a time.
 *
 * @see RpcServer#intercept
 */
@FunctionalInterface
public interface ServerInterceptor {

    /** What an interceptor wraps: the interceptors behind it, and the method. For one call, and one thread. */
    interface Next {

        /**
         * Goes on with the call, on this thread: reads the arguments and runs the method, or if that gives a stage,
         * until it has given it. So what is bound to the thread meanwhile is there for the method.
         *
         * @return completes when the call has been answered, also if it was cancelled or refused further on; what hangs
         *     on it must not block. Never fails
         * @throws IllegalStateException if it is called twice, on another thread, or after {@link #intercept} has
         *     returned: a call is executed at most once
         */
        @CanIgnoreReturnValue
        CompletionStage<CallOutcome> proceed();
    }

    /**
     * Intercepts one call, on the thread that executes it. {@link CallContext#current()} is this call, so calls that
     * are made here end by its deadline.
     *
     * <p>If it does not proceed, the call is refused, and the log names this interceptor. What it throws after it has
     * proceeded is logged.
     *
     * @param call method, caller, headers and the time that is left
     * @param next proceeds with the call
     * @throws RpcException to say no, made by {@link RpcException#refused}: the caller gets {@code REFUSED} with its
     *     message. Whatever else it throws refuses the call, too, but its text stays in the log of this node
     */
    void intercept(CallContext call, Next next);

    /**
     * The reply to a call could not be sent, or nobody knows whether it was; of each call of the node, also of those
     * that were refused before they were executed. It must not block. What it throws is logged.
     *
     * @param outcome what became of the call before that, and the time until now
     */
    default void replyLost(CallOutcome outcome) {}
}

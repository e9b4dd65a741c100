package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.contract.CallScope;
import java.time.Duration;
import java.util.Map;

/**
 * What a served method may know of the call that it answers. Thread-safe; it may be kept and asked later, for instance
 * by what completes the stage that an asynchronous method gave.
 */
public interface CallContext {

    /**
     * The call that this thread is serving. Calls that are made meanwhile on this thread end by its deadline at the
     * latest.
     *
     * @return the context; known only to the thread that runs the method and the interceptors before it, while they run
     * @throws IllegalStateException if this thread is serving none
     */
    static CallContext current() {
        return CallScope.current();
    }

    /**
     * What is called.
     *
     * @return {@code service.method}
     */
    String method();

    /**
     * Who calls. It is what the caller says of itself: Redis' access control lists decide who may say anything here.
     *
     * @return the id of a node; empty if the caller gave none
     */
    String caller();

    /**
     * What the caller sent along.
     *
     * @return the headers, in the caller's order
     */
    Map<String, String> headers();

    /**
     * How long somebody will still wait for the answer.
     *
     * @return the time; zero or negative when it is over
     */
    Duration timeLeft();

    /**
     * Whether the caller has cancelled the call. A method that blocks is interrupted then; others should check from
     * time to time.
     *
     * @return true if no caller waits for the answer any more
     */
    boolean isCancelled();

    /**
     * Runs an action when the caller cancels the call, on the bus' executor; at once if it already has.
     *
     * @param action what to do
     */
    void onCancel(Runnable action);

    /**
     * Whether the answer had no receiver. Known only after it was sent, and only where receiver counts can be trusted.
     *
     * @return true if the caller is gone
     */
    boolean callerGone();

    /**
     * Runs an action if the answer has no receiver, on the bus' executor: for work that must be undone when its caller
     * does not learn of it.
     *
     * @param action what to do
     */
    void onCallerGone(Runnable action);
}

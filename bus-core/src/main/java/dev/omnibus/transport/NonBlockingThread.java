package dev.omnibus.transport;

/**
 * A marker interface of threads that must not block: those on which a transport delivers what arrives. Code that waits
 * on one of them waits for something that can only arrive there, and holds up everything else. So whatever would wait
 * asks here first, and throws instead. It knows the threads of all transports in this process, not only of its own.
 *
 * <p>A transport has its threads implement this.
 */
public interface NonBlockingThread {

    /**
     * Whether this code runs on such a thread.
     *
     * @return true if it must not wait
     */
    static boolean isCurrent() {
        return Thread.currentThread() instanceof NonBlockingThread;
    }

    /**
     * Throws if this code runs on such a thread. To be called before anything is done that would have to be undone.
     *
     * @param waiting what is about to be done, as the subject of the message
     * @throws IllegalStateException on the thread of a transport; the message has what to do instead
     */
    static void requireOther(String waiting) {
        if (isCurrent()) {
            throw new IllegalStateException(waiting + " would block "
                    + Thread.currentThread().getName() + ", the thread on which everything arrives at this node, also"
                    + " what is waited for. Do it on another thread (served methods run on one, unless they are"
                    + " @NonBlocking), or do not wait: go on when a future completes");
        }
    }
}

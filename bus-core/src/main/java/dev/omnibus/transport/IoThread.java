package dev.omnibus.transport;

/**
 * A marker of event loop threads: those on which a transport delivers what arrives. What waits on one of them waits for
 * something that can only arrive there, and holds up everything else. So whatever waits asks here first, and throws
 * instead; it knows the threads of all transports in this process, not only of its own.
 *
 * <p>A transport lets its threads implement this.
 */
public interface IoThread {

    /**
     * Whether this code runs on such a thread.
     *
     * @return true if it must not wait
     */
    static boolean isCurrent() {
        return Thread.currentThread() instanceof IoThread;
    }

    /**
     * Throws if this code runs on such a thread. To be called before anything is done that would have to be taken back.
     *
     * @param waiting what is about to be done, as the subject of the sentence that is thrown
     * @throws IllegalStateException on the thread of a transport; it says what to do instead
     */
    static void requireOther(String waiting) {
        if (isCurrent()) {
            throw new IllegalStateException(
                    waiting + " would block " + Thread.currentThread().getName()
                            + ", the thread on which everything arrives at this node, and what is waited for as well. Do it on"
                            + " another thread (served methods run on one, unless they are @NonBlocking), or do not wait: hang"
                            + " what follows on a future");
        }
    }
}

package dev.omnibus.rpc;

/**
 * Told how nodes come and go. Every method does nothing by default; what it throws is logged. Called one at a time and
 * in order, on the bus' executor. A listener that is slower than the nodes is told where each of them has got to, and
 * not what it went through meanwhile. After a broken link it is told what it missed.
 */
public interface DirectoryListener {

    /**
     * A node is there. Of those that were there before, this is told first.
     *
     * @param node what it says of itself; it may be draining already
     */
    default void joined(NodeInfo node) {}

    /**
     * A node says something new of itself, for instance that it serves one more method.
     *
     * @param before what it said
     * @param now what it says
     */
    default void changed(NodeInfo before, NodeInfo now) {}

    /**
     * A node asks not to be called any more, and finishes what it has. It is about to leave.
     *
     * @param node what it says of itself
     */
    default void draining(NodeInfo node) {}

    /**
     * A node is gone: it left in order, or its lease has ended.
     *
     * @param node what it said last
     */
    default void left(NodeInfo node) {}
}

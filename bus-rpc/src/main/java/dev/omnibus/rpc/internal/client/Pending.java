package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcCodec;

/** Something that waits for replies under an id of its own. */
public interface Pending {

    /** When it stops waiting, by {@link System#nanoTime()}. */
    long deadline();

    /** Whether one reply ends it. */
    boolean endsWithOneReply();

    /** Whether a reply is of a node that was asked, and not a second one. Called on the inbox' own thread. */
    boolean accepts(RpcCodec.Response reply);

    /**
     * Whether a thread does nothing but wait for the result, and reads it itself. Then {@link #onReply} never waits.
     */
    default boolean isAwaited() {
        return false;
    }

    /** A reply has come. If one reply ends it, this is called at most once. */
    void onReply(RpcCodec.Response reply);

    /** Whether it was asked before the inbox was interrupted for that time, so that its reply may have been missed. */
    boolean askedBefore(int interruption);

    /** A node is gone; true if that ends it. */
    boolean onLost(String node);

    /** It was taken out of the table and ends for this reason, at the caller's side. Called at most once. */
    void onEnd(Reason reason, String why);
}

package dev.omnibus.internal.channel;

/** What the sender of a message wants to know of its receivers. Pattern subscribers are none. */
public enum ReceiverCount {
    /** Nothing, but that nobody at all got it, not even a pattern subscriber. */
    NO,
    /**
     * Whether there is any. On a single server this costs next to nothing while nobody looks on; elsewhere it costs as
     * much as {@link #ALL}. It is not looked at anew for each message: a pattern subscriber who has come since the last
     * look, a second ago at most, may be taken for a receiver.
     */
    ANY,
    /** How many there are. This costs a script instead of a PUBLISH. */
    ALL
}

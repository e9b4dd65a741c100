package dev.omnibus.internal.channel;

/** Told what goes wrong below the level of events and calls. Its methods must not block or throw. */
public interface ChannelListener {

    /**
     * A frame, or the rest of one, was not JSON as the wire protocol has it. The messages before that point were kept.
     *
     * @param channel where it arrived
     * @param problem what is wrong with it
     */
    void onBadFrame(String channel, String problem);

    /**
     * Frames are being dropped, because too much waits to be read on this channel. Told once, until
     * {@link #onFramesDropped}.
     *
     * @param channel the channel, or the pattern, that is read too slowly
     */
    void onFramesDropping(String channel);

    /**
     * No frames are being dropped any more.
     *
     * @param channel the channel or the pattern
     * @param frames how many were dropped since {@link #onFramesDropping}
     */
    void onFramesDropped(String channel, long frames);

    /**
     * A message could not be sent, or its fate is unknown, and nobody else is told.
     *
     * @param channel what it was about
     * @param problem why
     */
    default void onUnsent(String channel, String problem) {}

    /** The bus no longer hears itself. It is making a new connection. */
    void onLinkDown();

    /** The bus hears itself again. */
    void onLinkUp();
}

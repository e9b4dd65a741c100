package dev.omnibus.channel;

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
     * A frame was dropped because too much waits to be read on this channel.
     *
     * @param channel where it arrived
     * @param bytes how large it was
     */
    void onFrameDropped(String channel, int bytes);

    /** The bus no longer hears itself. It is making a new connection. */
    void onLinkDown();

    /** The bus hears itself again. */
    void onLinkUp();
}

package dev.omnibus.bus;

import dev.omnibus.channel.ChannelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the bus is doing. Hears of the link from the channels, and passes on what else goes wrong there. */
final class Lifecycle implements ChannelListener {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    private final String node;
    private final SafeListener listener;
    private BusState state = BusState.CONNECTING; // guarded by this

    Lifecycle(String node, SafeListener listener) {
        this.node = node;
        this.listener = listener;
        listener.onState(state);
    }

    synchronized BusState state() {
        return state;
    }

    void connected() {
        move(BusState.CONNECTING, BusState.UP);
    }

    @Override
    public void onLinkDown() {
        move(BusState.UP, BusState.DOWN);
    }

    @Override
    public void onLinkUp() {
        move(BusState.DOWN, BusState.UP);
    }

    private synchronized void move(BusState from, BusState to) {
        if (state == from) { // also: a link that breaks while the bus is being closed is no news
            enter(to);
        }
    }

    /** Two states that nothing leads back from. */
    synchronized void enter(BusState next) {
        state = next;
        if (next == BusState.DOWN) {
            LOG.warn("Node {} does not hear itself any more; connecting anew", node);
        } else {
            LOG.info("Node {} is {}", node, next);
        }
        listener.onState(next);
    }

    @Override
    public void onBadFrame(String channel, String problem) {
        listener.onBadMessage(channel, problem);
    }

    @Override
    public void onFramesDropping(String channel) {
        listener.onBadMessage(channel, "Frames are being dropped: too much waits to be read");
    }

    @Override
    public void onFramesDropped(String channel, long frames) {
        listener.onBadMessage(channel, frames + " frames were dropped: too much waited to be read");
    }
}

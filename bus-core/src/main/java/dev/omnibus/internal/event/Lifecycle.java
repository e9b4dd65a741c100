package dev.omnibus.internal.event;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.FailureLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the bus is doing. Hears of the link from the channels, and passes on what else goes wrong there. */
public final class Lifecycle implements Channels.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    private final String node;
    private final ListenerNotifier listener;
    private BusState state = BusState.CONNECTING; // guarded by this
    private boolean disconnected; // guarded by this

    public Lifecycle(String node, ListenerNotifier listener) {
        this.node = node;
        this.listener = listener;
        listener.onState(state);
    }

    public synchronized BusState state() {
        return state;
    }

    /** The link is watched before that, and may be down again. */
    public synchronized void connected() {
        move(BusState.CONNECTING, BusState.UP);
        if (disconnected) {
            move(BusState.UP, BusState.DOWN);
        }
    }

    @Override
    public synchronized void onDisconnected() {
        disconnected = true;
        move(BusState.UP, BusState.DOWN);
    }

    @Override
    public synchronized void onConnected() {
        disconnected = false;
        move(BusState.DOWN, BusState.UP);
    }

    private void move(BusState from, BusState to) {
        if (state == from) { // also: a link that breaks while the bus is being closed is no news
            enter(to);
        }
    }

    /** Two states that nothing leads back from. */
    public synchronized void enter(BusState next) {
        state = next;
        if (next == BusState.DOWN) {
            FailureLog.safely(() -> LOG.warn("Node {} does not hear itself any more; connecting anew", node));
        } else {
            FailureLog.safely(() -> LOG.info("Node {} is {}", node, next));
        }
        listener.onState(next);
    }

    @Override
    public void onBadFrame(String channel, String problem) {
        listener.onBadMessage(channel, problem);
    }

    @Override
    public void onUnsent(String channel, String problem) {
        listener.onUnsent(channel, problem);
    }

    @Override
    public void onFramesDropping(String channel) {
        listener.onFramesDropping(channel);
    }

    @Override
    public void onFramesDropped(String channel, long frames) {
        listener.onFramesDropped(channel, frames);
    }
}

package dev.omnibus.internal.event;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.TransportException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state machine of a bus: follows the connection as the channels report it, and forwards their other reports to the
 * listeners. Thread-safe.
 */
public final class Lifecycle implements Channels.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    private final String node;
    private final ListenerNotifier listener;
    private BusState state = BusState.CONNECTING; // guarded by this
    private boolean disconnected; // guarded by this
    private String complaint = ""; // what was logged last, since there was a connection; guarded by this

    public Lifecycle(String node, ListenerNotifier listener) {
        this.node = node;
        this.listener = listener;
        listener.onState(state);
    }

    public synchronized BusState state() {
        return state;
    }

    /** Completes the first connect. The connection is monitored before that, and may be lost again. */
    public synchronized void connected() {
        complaint = "";
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
        complaint = "";
        move(BusState.DOWN, BusState.UP);
    }

    private void move(BusState from, BusState to) {
        if (state == from) { // a connection that is lost while the bus is being closed is not reported
            enter(to);
        }
    }

    /** Enters a state unconditionally: DRAINING and CLOSED, from which nothing leads back. */
    public synchronized void enter(BusState next) {
        state = next;
        if (next == BusState.DOWN) {
            FailureLog.safely(() -> LOG.warn("Node {} does not receive its own messages any more; reconnecting", node));
        } else {
            FailureLog.safely(() -> LOG.info("Node {} is {}", node, next));
        }
        listener.onState(next);
    }

    /** Attempts that fail alike are logged once. */
    @Override
    public synchronized void onConnectFailed(TransportException failure) {
        String why = String.valueOf(failure.getMessage());
        if (why.equals(complaint)) {
            FailureLog.safely(() -> LOG.debug("Node {} is still not connected: {}", node, why));
        } else {
            complaint = why;
            FailureLog.safely(() -> LOG.warn("Node {} is not connected, and tries it again: {}", node, why));
        }
        listener.onConnectFailed(new ConnectionException(failure));
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

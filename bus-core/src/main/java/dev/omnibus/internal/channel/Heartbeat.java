package dev.omnibus.internal.channel;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.concurrent.ExpiringFlag;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A failure detector by heartbeats to oneself: finds out whether what this process sends still comes back through the
 * transport.
 *
 * <p>Every second a heartbeat is sent to the inbox of this node. Two that did not come back mean that the connection is
 * dead, whatever the sockets report, or that the subscription is: then the transport reconnects. But a heartbeat may
 * only be late, after much else on a slow connection: it is awaited as long as something arrives on the connection of
 * the inbox, and Redis answers that the heartbeats have reached the inbox. If this process itself was paused, it waits
 * for another round. Where two messages in a row find no connection, and none can be made, no heartbeats are awaited.
 *
 * <p>The same heartbeat calibrates the receiver counts: if it arrives although it was counted as received by nobody,
 * the transport cannot count (a cluster, a replica or a proxy in between), and nothing may be concluded from counts.
 * Only an exact count restores the trust in them. It costs more than a plain one, which includes pattern subscribers,
 * so as long as all is well only one heartbeat in thirty asks for it.
 */
final class Heartbeat {

    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
    private static final String MESSAGE = "{\"jsonrpc\":\"2.0\",\"method\":\"$/beat\",\"params\":[";
    private static final byte[] MESSAGE_START = MESSAGE.getBytes(StandardCharsets.UTF_8);
    private static final int MAX_MISSED = 2;
    private static final int REFUSED = 2; // messages in a row that found no connection
    private static final int COUNTED = 30; // one heartbeat in that many is counted exactly
    private static final int MAX_LATE = 60; // Redis itself disconnects a subscriber that is behind for a minute

    /** Far longer than an attempt takes; a thread that has not answered by then has died. */
    private static final Duration RECONNECT_ENDS = Duration.ofMinutes(1);

    /** Far longer than a moment. */
    private static final Duration POLL_ENDS = Duration.ofSeconds(2);

    private final Transport transport;
    private final Channels.Listener listener;
    private final Counters counters;
    private final String inbox;
    private final long period; // nanoseconds
    private volatile ExpiringFlag reconnecting = new ExpiringFlag(RECONNECT_ENDS);
    private final ExpiringFlag polling = new ExpiringFlag(POLL_ENDS); // for the return of the server
    private final Object notifying =
            new Object(); // held while listeners are notified, so that down and up stay in order
    private final CompletableFuture<Void> first = new CompletableFuture<>();
    private volatile CompletableFuture<Void> heard = first.copy(); // or refused, during an attempt to open
    private @Nullable CompletableFuture<Void> reconnect; // guarded by this, like all below
    private boolean down;
    private long lastSent;
    private long lastSeen;
    private long
            forgiven; // heartbeats up to this one were lost with an old connection, and prove nothing about the new one
    private long lastAnswered; // by Redis, as sent to the inbox
    private long answeredBefore; // at the last tick, like the next two
    private long arrivedBefore;
    private long lastTick;
    private long lastCounted;
    private long count;
    private int refused; // messages in a row
    private volatile boolean countsTrusted = true; // written under the lock
    private boolean notifiedDown; // guarded by notifying

    Heartbeat(Transport transport, Channels.Listener listener, Counters counters, String inbox, Duration period) {
        this.inbox = inbox;
        this.period = period.toNanos();
        this.transport = transport;
        this.listener = listener;
        this.counters = counters;
    }

    static boolean isHeartbeat(Message message) {
        return message.startsWith(MESSAGE_START);
    }

    /** Whether a frame is a heartbeat by itself, after which nothing else is to be expected. */
    static boolean isHeartbeat(byte[] frame) {
        int length = MESSAGE_START.length;
        return frame.length > length && Arrays.equals(frame, 0, length, MESSAGE_START, 0, length);
    }

    /** Completes when the first heartbeat has come back. */
    CompletableFuture<Void> first() {
        return first;
    }

    /**
     * For an attempt to open: completes as {@link #first}, unless Redis refuses a heartbeat before that, and says why.
     */
    CompletableFuture<Void> heardOrRefused() {
        CompletableFuture<Void> next = first.copy();
        heard = next;
        return next;
    }

    /** There is no connection yet, which is known. */
    void beginDown() {
        synchronized (notifying) {
            notifiedDown = true;
        }
        synchronized (this) {
            down = true;
        }
    }

    boolean countsTrusted() {
        return countsTrusted;
    }

    /**
     * Once a second: checks whether the heartbeats come back, and sends the next one, on a new connection if needed.
     */
    void tick(Channels channels) {
        boolean lost;
        long arrived = transport.arrivedBeside(inbox);
        long now = System.nanoTime();
        synchronized (this) {
            if (wasPaused(now) || isBehind(arrived)) {
                forgiven = Math.max(forgiven, lastSent);
            }
            lastTick = now;
            arrivedBefore = arrived;
            answeredBefore = lastAnswered;
            int missed = first.isDone() ? MAX_MISSED : MAX_MISSED + 1; // the first tick may come early
            lost = lastSent - Math.max(lastSeen, forgiven) >= missed && reconnecting.set();
            down |= lost;
        }
        if (lost) {
            lost(channels);
        } else {
            send(channels);
        }
    }

    private void lost(Channels channels) {
        try {
            notifyOfState(channels);
        } finally { // a listener may fail, for instance because no thread can be started
            reconnect(channels);
        }
    }

    /**
     * Something could not be sent. After two messages in a row for which there was no connection, and none could be
     * made, the connection is lost: no need to wait for heartbeats.
     */
    void unsent(TransportException failure, Channels channels) {
        boolean away = failure.kind() == Kind.CONNECTION_LOST && failure.notSent() && !transport.canSend();
        boolean lost;
        boolean doubted;
        boolean polls;
        synchronized (this) {
            boolean up = first.isDone() && !down && !reconnecting.isSet();
            refused = away ? refused + 1 : 0;
            lost = up && refused >= REFUSED && reconnecting.set();
            doubted = up && refused == 1;
            down |= lost;
            polls = away && down;
        }
        if (polls) {
            pollSoon(channels);
        }
        if (lost) {
            lost(channels);
        } else if (doubted) {
            send(channels); // at once, to be sure
        }
    }

    /** Polls for the return of the server, because nothing may be sent until then and the next tick may be far. */
    private void poll(Channels channels) {
        polling.clear();
        boolean still;
        synchronized (this) {
            still = down;
        }
        if (still) {
            pollSoon(channels);
            send(channels);
        }
    }

    private void pollSoon(Channels channels) {
        if (polling.set()) {
            channels.soon(() -> poll(channels));
        }
    }

    /** Whether this tick is so late that what has arrived meanwhile may not have been read yet. */
    private boolean wasPaused(long now) {
        return lastSent > 0 && now - lastTick > 2 * period;
    }

    /** Whether both directions are alive, and the heartbeats only late. */
    private boolean isBehind(long arrived) {
        boolean unheard = lastCounted > lastSeen && count == 0; // the inbox is no longer subscribed
        return arrived != arrivedBefore && lastAnswered > answeredBefore && !unheard && lastSent - lastSeen < MAX_LATE;
    }

    private void send(Channels channels) {
        long number;
        boolean exactly;
        synchronized (this) {
            number = ++lastSent;
            exactly = number % COUNTED == 1 || !countsTrusted || number - lastSeen > 1;
        }
        byte[] message = (MESSAGE + number + "]}").getBytes(StandardCharsets.UTF_8);
        channels.sendHeartbeat(message, exactly ? ReceiverCount.ALL : ReceiverCount.NO, new SendCallback() {
            @Override
            public void sent(long receivers, boolean exact) {
                answered(number);
                if (exactly || receivers == 0) {
                    counted(number, receivers);
                }
            }

            @Override
            public void failed(TransportException failure) {
                LOG.debug("Heartbeat {} was not sent", number, failure);
                if (failure.kind() == Kind.REFUSED) {
                    heard.completeExceptionally(failure);
                }
            }
        });
    }

    /** Notifies of the current state, once, whatever it was in between. */
    private void notifyOfState(Channels channels) {
        synchronized (notifying) {
            boolean now;
            synchronized (this) {
                now = down;
            }
            if (now == notifiedDown) {
                return;
            }
            notifiedDown = now;
            if (now) {
                try {
                    listener.onDisconnected();
                } finally { // a listener may fail
                    channels.disconnected();
                }
            } else {
                channels.reconnected();
                listener.onConnected();
            }
        }
    }

    private void reconnect(Channels channels) {
        boolean begun = false;
        try {
            CompletableFuture<Void> forgotten;
            synchronized (this) {
                forgotten = reconnect;
                reconnect = null;
            }
            if (forgotten != null) {
                forgotten.cancel(false); // or the transport would join the next one to it
            }
            CompletableFuture<Void> next = transport.reconnect(this::isDown);
            synchronized (this) {
                reconnect = next;
            }
            next.whenComplete((done, failure) -> reconnected(next, failure, channels));
            begun = true;
        } catch (RuntimeException | Error e) { // for lack of memory, perhaps
            FailureLog.error(LOG, e, "Reconnecting could not begin; it is tried again with the next heartbeat");
        } finally {
            if (!begun) { // or it would be tried only after a minute
                reconnecting.clear();
            }
        }
    }

    /** A heartbeat that was only late may come back before others of the process have let this node connect. */
    private synchronized boolean isDown() {
        return down;
    }

    /** Sets how long a reconnect may take before the next one begins, for tests. */
    void reconnectEnds(Duration sooner) {
        reconnecting = new ExpiringFlag(sooner);
    }

    /**
     * Sends a heartbeat at once, and not only with the next tick: until one is back, nobody may send. It does not count
     * as missed; those of the ticks do.
     */
    private void reconnected(CompletableFuture<Void> ended, @Nullable Throwable failure, Channels channels) {
        synchronized (this) {
            if (reconnect != ended) { // given up, and replaced by another one
                return;
            }
        }
        try {
            send(channels);
        } finally {
            synchronized (this) {
                reconnect = null;
                if (failure == null) {
                    forgiven = lastSent;
                }
            }
            reconnecting.clear();
        }
        if (failure == null) {
            counters.reconnects.increment();
        } else if (failure instanceof TransportException why && why.kind() != Kind.CLOSED) {
            listener.onConnectFailed(why);
        } else {
            LOG.debug("Reconnecting failed, or is needed no more", failure);
        }
    }

    void arrived(Message heartbeat, Channels channels) {
        long number = number(heartbeat);
        synchronized (this) {
            if (number > lastSent || number <= lastSeen) {
                return; // not ours, or no news
            }
            lastSeen = number;
            down = false;
            calibrate();
        }
        notifyOfState(channels);
        first.complete(null);
    }

    private synchronized void answered(long number) {
        refused = 0;
        lastAnswered = Math.max(lastAnswered, number);
    }

    private synchronized void counted(long number, long receivers) {
        lastCounted = number;
        count = receivers;
        calibrate();
    }

    /** Only a heartbeat that was counted and did arrive proves anything: one that got lost may rightly count 0. */
    private void calibrate() {
        if (lastCounted > 0 && lastSeen == lastCounted) {
            countsTrusted = count > 0;
        }
    }

    private static long number(Message heartbeat) {
        return heartbeat.number(MESSAGE_START.length, heartbeat.endOfDigits(MESSAGE_START.length));
    }
}

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
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether this process still hears itself through the transport.
 *
 * <p>Every second it sends a beat to the own inbox. Two that did not come back mean that the link is dead, whatever the
 * sockets say, or that the subscription is: the transport is then told to connect anew. But a beat may only be late,
 * behind much else on a slow link: while something arrives on the inbox' connection, and Redis answers that the beats
 * have reached the inbox, it is awaited. And when this process itself stood still, it has nothing to reproach others
 * with. Where two messages in a row find no connection, and none can be made, no beats are awaited. The same beat
 * calibrates the receiver counts: if it arrives although it was counted as received by nobody, the transport cannot
 * count (a cluster, a replica or a proxy in between), and nothing may be concluded from counts. Only an exact count
 * says that they can be trusted again. That costs more than a plain one, in which whoever looks on by a pattern is
 * included, so as long as all is well it is asked for from time to time only.
 */
final class Heartbeat {

    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
    private static final String MESSAGE = "{\"jsonrpc\":\"2.0\",\"method\":\"$/beat\",\"params\":[";
    private static final byte[] MESSAGE_START = MESSAGE.getBytes(StandardCharsets.UTF_8);
    private static final int MAX_MISSED = 2;
    private static final int REFUSED = 2; // messages in a row that found no connection
    private static final int COUNTED = 10; // one beat of so many is counted exactly
    private static final int MAX_LATE = 60; // Redis itself gives up a subscriber that is behind for a minute

    /** Far longer than an attempt takes; a thread of which nothing has been heard until then has died. */
    private static final Duration RECONNECT_ENDS = Duration.ofMinutes(1);

    /** Far longer than a moment. */
    private static final Duration POLL_ENDS = Duration.ofSeconds(2);

    private final Transport transport;
    private final Channels.Listener listener;
    private final Counters counters;
    private final String inbox;
    private final long period; // nanoseconds
    private volatile ExpiringFlag reconnecting = new ExpiringFlag(RECONNECT_ENDS);
    private final ExpiringFlag polling = new ExpiringFlag(POLL_ENDS); // for a server that comes back
    private final Object notifying = new Object(); // held while it is told, so that down and up are told in order
    private final CompletableFuture<Void> first = new CompletableFuture<>();
    private @Nullable CompletableFuture<Void> reconnect; // guarded by this, like all below
    private boolean down;
    private long lastSent;
    private long lastSeen;
    private long forgiven; // beats up to this one went down with an old connection, and tell nothing about the new one
    private long lastAnswered; // by Redis, that it was sent to the inbox
    private long answeredBefore; // at the last tick, like the next two
    private long arrivedBefore;
    private long lastTick;
    private long lastCounted;
    private long count;
    private int refused; // messages in a row
    private volatile boolean countsTrusted = true; // written under the lock
    private boolean notifiedDown; // guarded by telling

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

    /** Completes when a beat has come back for the first time. */
    CompletableFuture<Void> first() {
        return first;
    }

    boolean countsTrusted() {
        return countsTrusted;
    }

    /** Once a second: looks whether the beats come back, and sends the next one, on a new connection if need be. */
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
        } finally { // whoever is told may fail, for instance because no thread can be started
            reconnect(channels);
        }
    }

    /**
     * Something could not be sent. Two in a row for which no connection stood, nor could be made: that the beats will
     * not come back need not be awaited then.
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

    /** Nothing may be sent until the link stands again, so the next tick is not awaited. */
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

    /** Whether this tick is so late that what has come meanwhile may not have been read yet. */
    private boolean wasPaused(long now) {
        return lastSent > 0 && now - lastTick > 2 * period;
    }

    /** Whether both ways are alive, and the beats have yet to come. */
    private boolean isBehind(long arrived) {
        boolean unheard = lastCounted > lastSeen && count == 0; // the inbox is subscribed to no more
        return arrived != arrivedBefore
                && lastAnswered > answeredBefore
                && !unheard
                && lastSent - lastSeen < MAX_LATE;
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
                LOG.debug("Beat {} was not sent", number, failure);
            }
        });
    }

    /** What was decided by others meanwhile is not told; what is true now is, once. */
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
                } finally { // what is told may fail
                    channels.disconnected();
                }
            } else {
                channels.connected();
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
                forgotten.cancel(false); // else the transport would join the next one to it
            }
            CompletableFuture<Void> next = transport.reconnect();
            synchronized (this) {
                reconnect = next;
            }
            next.whenComplete((done, failure) -> reconnected(next, failure, channels));
            begun = true;
        } catch (RuntimeException | Error e) { // for lack of memory, perhaps
            FailureLog.error(LOG, e, "Reconnecting could not begin; it is tried again with the next beat");
        } finally {
            if (!begun) { // or it would be tried only after a minute
                reconnecting.clear();
            }
        }
    }

    void reconnectEnds(Duration sooner) {
        reconnecting = new ExpiringFlag(sooner);
    }

    /**
     * A beat at once, and not only with the next tick: until one is back, nobody may send. It is not counted as missed;
     * those of the ticks are.
     */
    private void reconnected(CompletableFuture<Void> ended, @Nullable Throwable failure, Channels channels) {
        synchronized (this) {
            if (reconnect != ended) { // given up, and there is another one
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
        } else {
            LOG.debug("Reconnecting failed; it is tried again with the next beat", failure);
        }
    }

    void arrived(Message heartbeat, Channels channels) {
        long number = number(heartbeat);
        synchronized (this) {
            if (number > lastSent || number <= lastSeen) {
                return; // not ours, or one that says nothing new
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

    /** Only a beat that was counted and did arrive says anything: one that got lost may rightly count 0. */
    private void calibrate() {
        if (lastCounted > 0 && lastSeen == lastCounted) {
            countsTrusted = count > 0;
        }
    }

    private static long number(Message heartbeat) {
        return heartbeat.number(MESSAGE_START.length, heartbeat.endOfDigits(MESSAGE_START.length));
    }
}

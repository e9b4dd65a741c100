package dev.omnibus.transport.redisson.connection;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An adaptive busy poll: keeps the event loop awake for a moment when the next thing for it to do can be expected.
 *
 * <p>While single messages come and go, each of them wakes a thread several times, and that takes longer than most
 * handlers. When a message has arrived, another thread often sends something right away: a worker the reply, a caller
 * the next call. And when a message was sent, another one often comes back. So the thread polls a little longer before
 * it sleeps, and yields its processor between two polls.
 *
 * <p>It does so only where that has paid off. When it has waited in vain, it leaves out the next occasions of that
 * kind, twice as many each time. And only single messages begin it: where many arrive at a time, it would only make the
 * frames smaller.
 *
 * <p>Used on the event loop only.
 */
@Sharable
public final class BusyPoll extends ChannelOutboundHandlerAdapter implements SelectStrategy {

    private static final long NANOS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final int MAX_PASSED_BY = 63;

    /** One kind of occasion, and what is known of it. */
    private final class Occasion {

        private int passedBy; // since the last time it waited in vain, if that was the last time that it waited
        private int toPassBy;

        boolean isTaken() {
            if (toPassBy > 0) {
                toPassBy--;
                return false;
            }
            return polls;
        }

        void hasPaid() {
            passedBy = 0;
        }

        void wasInVain() {
            passedBy = Math.min(2 * passedBy + 1, MAX_PASSED_BY);
            toPassBy = passedBy;
        }
    }

    private final boolean polls;
    private final LongSupplier clock;
    private final RedissonInternals internals;
    private final Occasion came = new Occasion();
    private final Occasion sent = new Occasion();
    private @Nullable Occasion waiting; // for what follows it
    private boolean awake; // only because of that
    private long since;
    private boolean unanswered; // nothing was sent since the last single message has come
    private boolean calm;

    /**
     * Creates one, which may only observe when it is calm.
     *
     * @param polls whether it may stay awake
     * @param processors that there are; on one it never stays awake, because nobody else could go on
     * @param clock in nanoseconds
     */
    BusyPoll(boolean polls, int processors, LongSupplier clock, RedissonInternals internals) {
        this.polls = polls && processors > 1;
        this.clock = clock;
        this.internals = internals;
    }

    /** A single message has come, and others did so before it. */
    public void cameAlone() {
        end(sent);
        begin(came);
        unanswered = true;
    }

    /** Whether what is being written is the first thing since a single message has come. */
    boolean isCalm() {
        return calm;
    }

    private void begin(Occasion occasion) {
        if (waiting != occasion && occasion.isTaken()) { // more of the same does not make it longer
            waiting = occasion;
            awake = false;
        }
    }

    private void end(Occasion paid) {
        if (waiting == paid) {
            if (awake) {
                paid.hasPaid();
            }
            waiting = null;
        }
    }

    @Override
    @SuppressWarnings("ThreadPriorityCheck") // nothing but time depends on it
    public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
        if (hasTasks) {
            return selectNow.get();
        }
        Occasion awaited = waiting;
        if (awaited == null) {
            return SELECT;
        }
        if (!awake) {
            awake = true;
            since = clock.getAsLong();
        } else if (clock.getAsLong() - since >= NANOS) {
            awaited.wasInVain();
            waiting = null;
            return SELECT;
        }
        Thread.yield();
        int ready = selectNow.get();
        return ready > 0 ? ready : CONTINUE;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
        end(came);
        calm = unanswered;
        unanswered = false;
        if (calm && internals.isLonePublish(context.channel())) {
            begin(sent);
        }
        context.write(message, written);
    }
}

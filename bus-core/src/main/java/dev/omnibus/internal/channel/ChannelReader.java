package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.transport.FrameListener;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes frames from the transport's thread, which only queues them, and splits them on the executor for a receiver. For
 * one that never waits they are split at once.
 */
final class ChannelReader implements FrameListener {

    private static final byte[] NOTHING = {};

    /** What it costs to keep a frame, beyond its bytes: without that, the smallest frames would be unbounded. */
    private static final int OVERHEAD = 128;

    /** A frame, or something to be done between the frames before and after it. */
    private record Arrived(
            String channel, byte[] frame, @Nullable Runnable between) {

        int weight() {
            return between == null ? frame.length + 2 * channel.length() + OVERHEAD : 0;
        }
    }

    private final String name;
    private final Receiver receiver;
    private final ChannelListener listener;
    private final Counters counters;
    private final Mailbox<Arrived> mailbox;
    private final Executor executor;
    private volatile boolean closed;
    private final Set<Thread> readingHere;
    private final Consumer<byte[]> arriving;

    ChannelReader(
            String name,
            Receiver receiver,
            Mailbox.Limits waiting,
            Executor executor,
            DelayedExecutor later,
            Set<Thread> readingHere,
            Consumer<byte[]> arriving,
            ChannelListener listener,
            Counters counters) {
        this.readingHere = readingHere;
        this.arriving = arriving;
        this.name = name;
        this.receiver = receiver;
        this.executor = executor;
        this.listener = listener;
        this.counters = counters;
        this.mailbox = new Mailbox<>(executor, later, 1, waiting, Arrived::weight, new Reading());
    }

    @Override
    public void onFrame(String channel, byte[] frame) {
        arriving.accept(frame);
        Arrived arrived = new Arrived(channel, frame, null);
        boolean taken = receiver.isDirect() ? mailbox.offer(arrived, this::readHere) : mailbox.offer(arrived);
        if (!taken && !closed) {
            counters.framesDropped.increment();
        }
    }

    /** Runs on the transport's thread what empties the mailbox. */
    private void readHere(Runnable reading) {
        boolean outermost = readingHere.add(Thread.currentThread());
        try {
            reading.run();
        } finally {
            if (outermost) {
                readingHere.remove(Thread.currentThread());
            }
        }
    }

    /** Queued like a frame, so that the receiver learns of it between the frames before and after. */
    @Override
    public void onInterrupted() {
        mailbox.offer(new Arrived(name, NOTHING, receiver::interrupted));
    }

    CompletableFuture<Void> caughtUp() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (!mailbox.offer(new Arrived(name, NOTHING, () -> done.complete(null)))) {
            done.complete(null);
        }
        return done;
    }

    CompletableFuture<Void> close() {
        closed = true;
        return mailbox.close();
    }

    private final class Reading implements Mailbox.Handler<Arrived> {

        @Override
        public void handle(Arrived arrived, Executor next) {
            if (arrived.between() != null) {
                arrived.between().run();
                return;
            }
            Frames.Split split = Frames.split(arrived.frame());
            counters.framesReceived.increment();
            counters.messagesReceived.add(split.messages().size());
            if (split.problem() != null) {
                counters.badFrames.increment();
                listener.onBadFrame(arrived.channel(), "The frame " + split.problem());
            }
            if (!split.messages().isEmpty()) {
                receiver.receive(
                        arrived.channel(),
                        split.messages(),
                        readingHere.contains(Thread.currentThread()) ? executor : next);
            }
        }

        @Override
        public void dropping() {
            listener.onFramesDropping(name);
        }

        @Override
        public void dropped(long frames) {
            listener.onFramesDropped(name, frames);
        }
    }
}

package dev.omnibus.internal.channel;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A registry of the channels and patterns that this process is subscribed to, with one reader for each.
 *
 * <p>Calls to subscribe and unsubscribe one name are executed one after another, so that the last call decides, however
 * quickly they come.
 */
final class ChannelReaders {

    /** That many single messages in a row are no coincidence. */
    private static final int CALM = 8;

    private static final CompletableFuture<Void> NOTHING_BEFORE = CompletableFuture.completedFuture(null);

    private final Transport transport;
    private final Mailbox.Limits waiting;
    private final Executor executor;
    private final DelayedExecutor later;
    private final Channels.Listener listener;
    private final Counters counters;
    private final Set<Thread> readingHere = ConcurrentHashMap.newKeySet(1); // the transport's own, while they read
    private int singles; // messages in a row that came in a frame of their own, up to CALM
    private final Map<String, Reader> readers = new HashMap<>(); // guarded by this
    private final Map<String, CompletableFuture<Void>> lastSteps = new HashMap<>(); // guarded by this

    ChannelReaders(
            Transport transport,
            Channels.Limits limits,
            Executor executor,
            DelayedExecutor later,
            Channels.Listener listener,
            Counters counters) {
        this.later = later;
        this.transport = transport;
        this.waiting = new Mailbox.Limits(Integer.MAX_VALUE, limits.inboundBytes());
        this.executor = executor;
        this.listener = listener;
        this.counters = counters;
    }

    /**
     * Subscribes.
     *
     * @param after completes when that can be done; until then the subscription can end without anything being asked
     */
    synchronized Channels.Subscription open(
            String name,
            Receiver receiver,
            BiFunction<String, FrameListener, CompletableFuture<Void>> subscribe,
            CompletableFuture<Void> after) {
        Reader reader =
                new Reader(name, receiver, waiting, executor, later, readingHere, this::arriving, listener, counters);
        if (readers.putIfAbsent(name, reader) != null) {
            throw new IllegalStateException("The channel " + name + " has a receiver");
        }
        try {
            Open open = new Open(name, reader);
            open.follow(step(name, after, () -> open.begin(subscribe)));
            return open;
        } catch (Throwable failure) { // as if it had never been called
            readers.remove(name, reader);
            throw failure;
        }
    }

    private synchronized CompletableFuture<Void> step(
            String name, CompletableFuture<Void> after, Supplier<CompletableFuture<Void>> action) {
        CompletableFuture<Void> before = lastSteps.getOrDefault(name, after);
        CompletableFuture<Void> step =
                before.handle((done, failure) -> action.get()).thenCompose(Function.identity());
        lastSteps.put(name, step);
        step.whenComplete((done, failure) -> {
            synchronized (this) {
                lastSteps.remove(name, step);
            }
        });
        return step;
    }

    /** Called on the transport's thread. */
    private void arriving(byte[] frame) {
        if (Heartbeat.isHeartbeat(frame)) {
            return;
        }
        singles = Frames.isOneMessage(frame) ? Math.min(singles + 1, CALM) : 0;
        if (singles == CALM) {
            transport.stayAwake();
        }
    }

    /** Whether this is the transport's thread, inside of a receiver. */
    boolean areReadingHere() {
        return readingHere.contains(Thread.currentThread());
    }

    private synchronized boolean forget(String name, Reader reader) {
        return readers.remove(name, reader);
    }

    private final class Open implements Channels.Subscription {

        private final String name;
        private final Reader reader;
        private final CompletableFuture<Void> ready = new CompletableFuture<>();
        private boolean begun; // guarded by ChannelReaders.this, like the next one
        private @Nullable CompletableFuture<Void> closing;

        Open(String name, Reader reader) {
            this.name = name;
            this.reader = reader;
        }

        /** It is its turn, unless it was closed before. */
        CompletableFuture<Void> begin(BiFunction<String, FrameListener, CompletableFuture<Void>> subscribe) {
            synchronized (ChannelReaders.this) {
                if (closing != null) {
                    return CompletableFuture.completedFuture(null);
                }
                begun = true;
            }
            return subscribe.apply(name, reader);
        }

        void follow(CompletableFuture<Void> subscribing) {
            subscribing.whenComplete((done, failure) -> {
                if (failure == null) {
                    ready.complete(null);
                } else {
                    forget(name, reader);
                    ready.completeExceptionally(failure);
                }
            });
        }

        @Override
        public CompletableFuture<Void> ready() {
            return ready;
        }

        @Override
        public CompletableFuture<Void> caughtUp() {
            return reader.caughtUp();
        }

        @Override
        public CompletableFuture<Void> close() {
            CompletableFuture<Void> closes;
            boolean never;
            synchronized (ChannelReaders.this) {
                never = closing == null && !begun;
                if (closing == null) {
                    CompletableFuture<Void> ended = forget(name, reader) && begun
                            ? step(name, NOTHING_BEFORE, () -> transport.unsubscribe(name))
                            : NOTHING_BEFORE;
                    closing = ended.handle((done, failure) -> reader.close()).thenCompose(Function.identity());
                }
                closes = closing;
            }
            if (never) {
                ready.completeExceptionally(new TransportException(
                        TransportException.Kind.CLOSED, true, "It was closed before it was subscribed to", null));
            }
            return closes;
        }
    }

    /**
     * A reader of one channel: the transport's thread only queues frames; they are split on the executor for the
     * receiver. For one that never waits they are split at once.
     */
    static final class Reader implements FrameListener {

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
        private final Channels.Listener listener;
        private final Counters counters;
        private final Mailbox<Arrived> mailbox;
        private final Executor executor;
        private volatile boolean closed;
        private final Set<Thread> readingHere;
        private final Consumer<byte[]> arriving;

        Reader(
                String name,
                Receiver receiver,
                Mailbox.Limits waiting,
                Executor executor,
                DelayedExecutor later,
                Set<Thread> readingHere,
                Consumer<byte[]> arriving,
                Channels.Listener listener,
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

        /** Drains the mailbox on the transport's thread. */
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

        /** Queued like a frame, so that the receiver is notified between the frames before and after. */
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
}

package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Transport;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The channels and patterns that this process is subscribed to, one reader for each.
 *
 * <p>Subscribing and unsubscribing of one name follow one another, so that the last word is also the last deed, however
 * quickly they are called.
 */
final class ChannelReaders {

    /** So many single messages after each other are no chance. */
    private static final int CALM = 8;

    private final Transport transport;
    private final Mailbox.Limits waiting;
    private final Executor executor;
    private final DelayedExecutor later;
    private final ChannelListener listener;
    private final Counters counters;
    private final Set<Thread> readingHere = ConcurrentHashMap.newKeySet(1); // the transport's own, while they read
    private int singles; // messages in a row that came in a frame of their own, up to CALM
    private final Map<String, ChannelReader> readers = new HashMap<>(); // guarded by this
    private final Map<String, CompletableFuture<Void>> lastSteps = new HashMap<>(); // guarded by this

    ChannelReaders(
            Transport transport,
            Channels.Limits limits,
            Executor executor,
            DelayedExecutor later,
            ChannelListener listener,
            Counters counters) {
        this.later = later;
        this.transport = transport;
        this.waiting = new Mailbox.Limits(Integer.MAX_VALUE, limits.inboundBytes());
        this.executor = executor;
        this.listener = listener;
        this.counters = counters;
    }

    synchronized ChannelSubscription open(
            String name, Receiver receiver, BiFunction<String, FrameListener, CompletableFuture<Void>> subscribe) {
        ChannelReader reader = new ChannelReader(
                name, receiver, waiting, executor, later, readingHere, this::arriving, listener, counters);
        if (readers.putIfAbsent(name, reader) != null) {
            throw new IllegalStateException("The channel " + name + " has a receiver");
        }
        try {
            return new Open(name, reader, step(name, () -> subscribe.apply(name, reader)));
        } catch (Throwable failure) { // as if it had not been asked for
            readers.remove(name, reader);
            throw failure;
        }
    }

    private synchronized CompletableFuture<Void> step(String name, Supplier<CompletableFuture<Void>> action) {
        CompletableFuture<Void> before = lastSteps.getOrDefault(name, CompletableFuture.completedFuture(null));
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
        singles = Frames.isOneMessage(frame) ? Math.min(singles + 1, CALM) : 0;
        if (singles == CALM) {
            transport.stayAwake();
        }
    }

    /** Whether this is the transport's thread, inside of a receiver. */
    boolean areReadingHere() {
        return readingHere.contains(Thread.currentThread());
    }

    private synchronized boolean forget(String name, ChannelReader reader) {
        return readers.remove(name, reader);
    }

    private final class Open implements ChannelSubscription {

        private final String name;
        private final ChannelReader reader;
        private final CompletableFuture<Void> ready;
        private @Nullable CompletableFuture<Void> closing; // guarded by ChannelReaders.this

        Open(String name, ChannelReader reader, CompletableFuture<Void> ready) {
            this.name = name;
            this.reader = reader;
            this.ready = ready.whenComplete((done, failure) -> {
                if (failure != null) {
                    forget(name, reader);
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
            synchronized (ChannelReaders.this) {
                if (closing == null) {
                    CompletableFuture<Void> ended = forget(name, reader)
                            ? step(name, () -> transport.unsubscribe(name))
                            : CompletableFuture.completedFuture(null);
                    closing = ended.handle((done, failure) -> reader.close()).thenCompose(Function.identity());
                }
                return closing;
            }
        }
    }
}

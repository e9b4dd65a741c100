package dev.omnibus.internal.channel;

import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A transport whose publications the test completes itself. Beats come back by themselves, unless told otherwise. */
final class HandTransport implements Transport {

    final List<List<Publication>> writes = new CopyOnWriteArrayList<>();
    final List<Publication> held = new CopyOnWriteArrayList<>();
    final AtomicInteger beats = new AtomicInteger();
    final AtomicInteger countedBeats = new AtomicInteger();
    final AtomicInteger awakenings = new AtomicInteger();
    final AtomicInteger reconnects = new AtomicInteger();
    final Map<String, FrameListener> listeners = new ConcurrentHashMap<>();
    volatile boolean hearsItself = true;
    volatile long beatCount = 1;
    volatile boolean answersBeats = true;
    volatile LongSupplier arrived = () -> 0;
    volatile Consumer<Runnable> onTogether = Runnable::run;
    final List<Runnable> later = new CopyOnWriteArrayList<>();
    volatile Consumer<Publication> onPublish = held::add;
    volatile CompletableFuture<Void> unsubscribed = CompletableFuture.completedFuture(null);
    volatile Runnable onReconnect = () -> {};
    volatile CompletableFuture<Void> reconnected = CompletableFuture.completedFuture(null);
    volatile Function<String, Object> routes = channel -> this; // one server for all
    volatile boolean countsEveryone;
    volatile boolean canSend = true;
    volatile @Nullable TransportException beatsFailWith;
    volatile boolean closed;

    @Override
    public Object route(String channel) {
        return routes.apply(channel);
    }

    @Override
    public boolean countsEveryone() {
        return countsEveryone;
    }

    @Override
    public void publish(List<Publication> publications) {
        if (!isHeartbeat(publications.get(0))) {
            writes.add(publications);
        }
        for (Publication publication : publications) {
            if (isHeartbeat(publication)) {
                beats.incrementAndGet();
                if (publication.counted()) {
                    countedBeats.incrementAndGet();
                }
                long count = beatCount; // first, as a test ends the hearing before it changes the count
                if (hearsItself) {
                    deliver(publication.channel(), publication.frame());
                }
                @Nullable TransportException failure = beatsFailWith;
                if (failure != null) {
                    publication.outcome().failed(failure);
                } else if (answersBeats) {
                    publication.outcome().published(count, 0);
                } else {
                    publication
                            .outcome()
                            .failed(new TransportException(Kind.CONNECTION_LOST, false, "on purpose", null));
                }
            } else {
                onPublish.accept(publication);
            }
        }
    }

    private static boolean isHeartbeat(Publication publication) {
        return publication.channel().contains(":inbox:");
    }

    void deliver(String channel, byte[] frame) {
        FrameListener listener = listeners.get(channel);
        if (listener != null) {
            listener.onFrame(channel, frame);
        }
    }

    /** Completes what is held now, and says which frames those were. */
    List<String> completeHeld() {
        List<Publication> now = List.copyOf(held);
        List<String> frames = heldFrames();
        held.removeAll(now);
        now.forEach(publication -> publication.outcome().published(1, 0));
        return frames;
    }

    List<String> heldFrames() {
        return held.stream()
                .map(publication -> new String(publication.frame(), StandardCharsets.UTF_8))
                .toList();
    }

    /** Runs what is to be run later. */
    void runLater() {
        List<Runnable> now = List.copyOf(later);
        later.removeAll(now);
        now.forEach(Runnable::run);
    }

    @Override
    public CompletableFuture<Void> subscribe(String channel, FrameListener listener) {
        if (listeners.putIfAbsent(channel, listener) != null) {
            throw new IllegalStateException("Already subscribed to " + channel);
        }
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> subscribePattern(String glob, FrameListener listener) {
        return subscribe(glob, listener);
    }

    @Override
    public CompletableFuture<Void> unsubscribe(String channelOrGlob) {
        return unsubscribed.thenRun(() -> listeners.remove(channelOrGlob));
    }

    @Override
    public boolean canSend() {
        return canSend;
    }

    @Override
    public long arrivedBeside(String channel) {
        return arrived.getAsLong();
    }

    @Override
    public CompletableFuture<Void> reconnect() {
        reconnects.incrementAndGet();
        onReconnect.run();
        return reconnected;
    }

    @Override
    public CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl) {
        return CompletableFuture.completedFuture(0L);
    }

    @Override
    public CompletableFuture<Void> endLease(String index, String key) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<LeaseUpdate> leases(String index, long since) {
        return CompletableFuture.completedFuture(LeaseUpdate.unchanged(since));
    }

    @Override
    public void together(Runnable sending) {
        onTogether.accept(sending);
    }

    @Override
    public void later(long nanos, Runnable sending) {
        later.add(sending);
    }

    @Override
    public void stayAwake() {
        awakenings.incrementAndGet();
    }

    @Override
    public void close() {
        closed = true;
    }
}

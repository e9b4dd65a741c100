package dev.omnibus.transport.memory;

import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * One node's connection to an {@link InMemoryNetwork}. Its single thread stands for the I/O thread of a real transport.
 */
final class InMemoryTransport implements Transport {

    record Subscribed(boolean pattern, Pattern names, FrameListener listener) {}

    private final InMemoryNetwork network;
    private final Map<String, Subscribed> subscriptions = new ConcurrentHashMap<>();
    private final AtomicLong connects = new AtomicLong();
    private final AtomicLong arrived = new AtomicLong(); // frames
    private final ExecutorService io = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Io(task);
        thread.setDaemon(true);
        return thread;
    });

    private static final class Io extends Thread implements NonBlockingThread {

        Io(Runnable task) {
            super(task, "omnibus-memory-io");
        }
    }

    InMemoryTransport(InMemoryNetwork network) {
        this.network = network;
    }

    @Override
    public void publish(List<Publication> publications) {
        for (Publication publication : publications) {
            try {
                requireOpen();
                InMemoryNetwork.Heard heard = network.deliver(publication);
                if (!later(() -> publication.outcome().published(heard.receivers(), heard.patternSubscribers()))) {
                    publication.outcome().failed(closed(false));
                }
            } catch (TransportException e) {
                publication.outcome().failed(e);
            }
        }
    }

    /** There is nothing in between that could hide a receiver. */
    @Override
    public boolean countsEveryone() {
        return true;
    }

    @Override
    public CompletableFuture<Void> subscribe(String channel, FrameListener listener) {
        return subscribe(channel, new Subscribed(false, Pattern.compile(Pattern.quote(channel)), listener));
    }

    @Override
    public CompletableFuture<Void> subscribePattern(String glob, FrameListener listener) {
        return subscribe(glob, new Subscribed(true, regex(glob), listener));
    }

    private CompletableFuture<Void> subscribe(String name, Subscribed subscribed) {
        CompletableFuture<Void> done = answer(() -> {
            network.requireUp("subscribe to " + name);
            return null;
        });
        if (!done.isCompletedExceptionally() && subscriptions.putIfAbsent(name, subscribed) != null) {
            throw new IllegalStateException("Already subscribed to " + name);
        }
        return done;
    }

    @Override
    public CompletableFuture<Void> unsubscribe(String channelOrGlob) {
        subscriptions.remove(channelOrGlob);
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (!later(() -> done.complete(null))) { // behind the frames that are on their way
            done.complete(null);
        }
        return done;
    }

    @Override
    public long arrivedBeside(String channel) {
        return arrived.get();
    }

    /** Hands a frame over, on the I/O thread. */
    void deliver(Subscribed to, String channel, byte[] frame) {
        boolean unused = later(() -> {
            arrived.incrementAndGet();
            to.listener().onFrame(channel, frame);
        });
    }

    @Override
    public CompletableFuture<Void> reconnect() {
        CompletableFuture<Void> done = answer(() -> {
            network.requireUp("reconnect");
            return null;
        });
        if (!done.isCompletedExceptionally()) {
            interrupted();
        }
        return done;
    }

    @Override
    public Streams streams() {
        requireOpen();
        return new InMemoryStreams(network, this);
    }

    @Override
    public CallQueues callQueues() {
        requireOpen();
        return new InMemoryCallQueues(network, this);
    }

    @Override
    public CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl) {
        return answer(() -> {
            LeaseUpdate.requireReadable(key, value);
            return network.leases("write " + key).renew(index, key, value, ttl);
        });
    }

    @Override
    public CompletableFuture<Void> endLease(String index, String key) {
        return answer(() -> {
            network.leases("remove " + key).end(index, key);
            return null;
        });
    }

    @Override
    public CompletableFuture<LeaseUpdate> leases(String index, long since) {
        return answer(() -> network.leases("read " + index).read(index, since));
    }

    @Override
    public void close() {
        network.leave(this);
        subscriptions.clear();
        io.shutdown();
    }

    long newestConnection() {
        return connects.get();
    }

    List<Subscribed> matching(String channel) {
        return subscriptions.values().stream()
                .filter(subscribed -> subscribed.names().matcher(channel).matches())
                .toList();
    }

    void interrupted() {
        connects.incrementAndGet();
        subscriptions.values().forEach(subscribed -> later(subscribed.listener()::onInterrupted));
    }

    /** Runs a task on the I/O thread. False if this transport was closed: as with a real one, it is gone then. */
    boolean later(Runnable task) {
        try {
            io.execute(task);
            return true;
        } catch (RejectedExecutionException closed) {
            return false;
        }
    }

    private <T> CompletableFuture<T> answer(Supplier<T> question) {
        try {
            requireOpen();
            return CompletableFuture.completedFuture(question.get());
        } catch (TransportException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** As with a server, the answer comes on the thread of the transport. */
    <T> CompletableFuture<T> answerLater(Supplier<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        try {
            requireOpen();
            T value = question.get();
            network.requireAnswers();
            if (!later(() -> answer.complete(value))) {
                answer.completeExceptionally(new TransportException(
                        Kind.CLOSED, false, "The transport was closed before the answer came", null));
            }
        } catch (TransportException e) {
            if (!later(() -> answer.completeExceptionally(e))) {
                answer.completeExceptionally(e);
            }
        }
        return answer;
    }

    void requireOpen() {
        if (io.isShutdown()) {
            throw closed(true);
        }
    }

    private static TransportException closed(boolean notSent) {
        return new TransportException(Kind.CLOSED, notSent, "The transport is closed", null);
    }

    /** Redis' glob: * ? [a-z] and \ before a character that is meant literally. */
    private static Pattern regex(String glob) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                case '[', ']', '-', '^' -> regex.append(c);
                case '\\' -> regex.append(Pattern.quote(glob.substring(++i, i + 1)));
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}

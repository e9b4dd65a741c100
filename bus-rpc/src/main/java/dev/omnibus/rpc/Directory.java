package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Layer;
import dev.omnibus.channel.Channels;
import dev.omnibus.channel.Listening;
import dev.omnibus.channel.Message;
import dev.omnibus.channel.Receiver;
import dev.omnibus.rpc.RpcException.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is there, and what each node serves.
 *
 * <p>Every serving node keeps a lease in Redis and says on the presence channel when it comes, drains and leaves. The
 * directory follows both. A node that leaves in order is gone at once; one that dies is gone when its lease has ended
 * and was missed twice, after {@link #LEASE} and two looks: at most 5 seconds.
 *
 * <p>It costs nothing until it is first used. Thread-safe.
 */
public final class Directory implements Layer {

    /** How long a node counts as alive after its last sign of life. */
    static final Duration LEASE = Duration.ofSeconds(3);

    /** How often a node renews its lease: twice between two looks, so that no live node is missed twice. */
    static final Duration RENEWAL = Duration.ofMillis(500);

    /** How often the leases are looked at. */
    static final Duration LOOK = Duration.ofMillis(900);

    /** For so long the lease of a node that is gone may still be seen. */
    static final long DOUBT_NANOS = LEASE.plus(LOOK.multipliedBy(2)).toNanos();

    /** Replies of a node that has said good-bye may still be on their way through this process. */
    private static final Duration LAST_REPLIES = Duration.ofMillis(250);

    private static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9_-]+");
    private static final Logger LOG = LoggerFactory.getLogger(Directory.class);

    private static final int MOST_NODES = 10_000;

    private final Channels channels;
    private final Executor executor;
    private final RpcCodec codec;
    private final ObjectReader manifests;
    private final List<Consumer<String>> lostListeners = new CopyOnWriteArrayList<>();

    private final Map<String, Node> nodes = new HashMap<>(); // guarded by this, like all below
    private final Map<String, List<Node>> byMethod = new HashMap<>();
    private final Map<String, Long> left = new HashMap<>(); // when; a lease read before that says nothing
    private @Nullable CompletableFuture<Void> started;
    private @Nullable CompletableFuture<Void> look;
    private @Nullable Listening presence;
    private @Nullable Future<?> looking;
    private boolean closed;

    private Directory(Bus bus) {
        channels = bus.channels();
        executor = new LastingExecutor(bus.executor());
        codec = new RpcCodec(bus.json(), bus.node(), channels.names().inbox(bus.node()));
        manifests = codec.reader(NodeInfo.class);
    }

    /**
     * The directory of a bus.
     *
     * @param bus the bus
     * @return its one directory
     * @throws IllegalStateException if the bus is closed
     */
    public static Directory on(Bus bus) {
        return bus.layer(Directory.class, Directory::new);
    }

    /**
     * The nodes that are there, this one included if it serves something.
     *
     * @return completes with what they say of themselves, as far as this process knows; fails with an
     *     {@link RpcException} if the directory cannot be read for the first time
     */
    public CompletableFuture<List<NodeInfo>> nodes() {
        return ready().whenCompleteAsync((done, failure) -> {}, executor).thenApply(done -> {
            synchronized (this) {
                return nodes.values().stream().map(Node::info).toList();
            }
        });
    }

    /** Completes when the directory has been read for the first time. After a failure, whoever asks tries again. */
    synchronized CompletableFuture<Void> ready() {
        if (closed && (started == null || started.isCompletedExceptionally())) {
            return CompletableFuture.failedFuture(closedFailure());
        }
        if (started == null || started.isCompletedExceptionally()) {
            CompletableFuture<Void> first = new CompletableFuture<>();
            started = first;
            start().whenComplete((done, failure) -> {
                if (failure == null) {
                    first.complete(null);
                } else {
                    first.completeExceptionally(unreadable(failure));
                }
            });
        }
        return started;
    }

    private CompletableFuture<Void> start() {
        if (presence == null || presence.ready().isCompletedExceptionally()) {
            presence = channels.listen(channels.names().presence(), new Presence());
        }
        if (looking == null) {
            looking = channels.every(LOOK, this::look);
        }
        return presence.ready().thenCompose(done -> look());
    }

    private static RpcException unreadable(Throwable failure) {
        Throwable cause = failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
        String message = "The directory of nodes cannot be read; is Redis there? " + cause.getMessage();
        return new RpcException(Reason.CONNECTION_LOST, true, "", "", Duration.ZERO, message, cause);
    }

    /** The nodes known to serve a method and not about to leave. */
    synchronized List<Node> serving(String method) {
        List<Node> known = byMethod.get(method);
        if (known != null) {
            return known;
        }
        List<Node> serving =
                nodes.values().stream().filter(node -> node.serves(method)).toList();
        if (!serving.isEmpty()) { // else any name that is asked for would stay here
            byMethod.put(method, serving);
        }
        return serving;
    }

    /** Whether a node is still there. */
    synchronized boolean lists(Node node) {
        return nodes.containsKey(node.id());
    }

    /** Called with the id of every node that is gone. */
    void onLost(Consumer<String> listener) {
        lostListeners.add(listener);
    }

    /** Nobody listens for a method at a node that lists it. It is left out until the node says something again. */
    synchronized void suspect(Node node, String method) {
        node.suspect(method);
        byMethod.clear();
    }

    /** Reads the leases. Callers that ask while one look is under way share it. */
    CompletableFuture<Void> look() {
        CompletableFuture<Void> done;
        synchronized (this) {
            if (closed) {
                return CompletableFuture.completedFuture(null);
            }
            if (look != null) {
                return look;
            }
            done = new CompletableFuture<>();
            look = done;
        }
        channels.transport()
                .leases(channels.names().nodes())
                .whenCompleteAsync(
                        (leases, failure) -> {
                            synchronized (this) {
                                look = null;
                            }
                            if (failure == null) {
                                seen(leases.values());
                                done.complete(null);
                            } else {
                                LOG.debug("The leases could not be read", failure);
                                done.completeExceptionally(failure);
                            }
                        },
                        executor);
        return done;
    }

    /** A look that begins now: one under way may have read the leases before the node that is sought came. */
    CompletableFuture<Void> lookAfresh() {
        CompletableFuture<Void> underWay;
        synchronized (this) {
            underWay = look;
        }
        return underWay == null
                ? look()
                : underWay.handle((done, failure) -> look()).thenCompose(Function.identity());
    }

    private void seen(Collection<byte[]> leases) {
        Set<String> listed = new HashSet<>();
        for (byte[] lease : leases) {
            try {
                listed.add(joined(new Message(lease, 0, lease.length), false));
            } catch (IOException e) {
                channels.reportBad(channels.names().nodes(), "A lease is not a manifest: " + e.getMessage());
            }
        }
        List<String> lost = new ArrayList<>();
        synchronized (this) {
            left.values().removeIf(since -> System.nanoTime() - since > DOUBT_NANOS);
            for (Node node : nodes.values()) {
                if (!listed.contains(node.id()) && node.missed()) {
                    lost.add(node.id());
                }
            }
            lost.forEach(this::remove);
        }
        lost.forEach(node -> lostListeners.forEach(listener -> listener.accept(node)));
    }

    /** Takes in a manifest; said by the node itself, it also clears all doubts about it. */
    private String joined(Message manifest, boolean byItself) throws IOException {
        NodeInfo info = info(manifest);
        synchronized (this) {
            Node node = nodes.get(info.node());
            if (byItself) {
                left.remove(info.node());
            } else if (left.containsKey(info.node())) {
                return info.node(); // its last lease, read or written too late
            }
            if (node == null && nodes.size() >= MOST_NODES) {
                throw new IOException("there are " + MOST_NODES + " nodes already");
            }
            if (node == null) {
                nodes.put(info.node(), new Node(info));
                byMethod.clear();
            } else if (node.seen(info, byItself)) {
                byMethod.clear();
            }
        }
        return info.node();
    }

    private NodeInfo info(Message manifest) throws IOException {
        if (RpcCodec.decode(manifests, manifest) instanceof NodeInfo info
                && NODE_ID.matcher(info.node()).matches()) {
            return info;
        }
        throw new IOException("it names no node");
    }

    private synchronized void remove(String node) {
        nodes.remove(node);
        byMethod.clear();
    }

    private synchronized void draining(String id) {
        Node node = nodes.get(id);
        if (node != null) {
            node.drain();
            byMethod.clear();
        }
    }

    private void left(String node) {
        synchronized (this) {
            if (nodes.remove(node) == null && left.size() >= MOST_NODES) {
                return; // not known, and more good-byes than there can be nodes
            }
            left.put(node, System.nanoTime());
            byMethod.clear();
        }
        CompletableFuture.delayedExecutor(LAST_REPLIES.toMillis(), TimeUnit.MILLISECONDS, executor)
                .execute(() -> lostListeners.forEach(listener -> listener.accept(node)));
    }

    /** What the nodes say as they come and go. */
    private final class Presence implements Receiver {

        @Override
        public void receive(String channel, List<Message> messages, Executor next) {
            for (Message message : messages) {
                try {
                    RpcCodec.Request said = codec.readRequest(message);
                    Message params = said.params();
                    if (params == null) {
                        throw new IOException("it says nothing");
                    }
                    switch (said.method()) {
                        case Announcement.JOINED -> joined(params, true);
                        case Announcement.DRAINING -> draining(info(params).node());
                        case Announcement.LEFT -> left(info(params).node());
                        default -> LOG.debug("Not understood on {}: {}", channel, said.method());
                    }
                } catch (IOException e) {
                    channels.reportBad(channel, "A word on presence was dropped: " + e.getMessage());
                }
            }
        }

        @Override
        public void interrupted() {
            lookAfresh();
        }
    }

    private static RpcException closedFailure() {
        String message = "The directory of nodes is closed with its bus";
        return new RpcException(Reason.CLOSED, true, "", "", Duration.ZERO, message, null);
    }

    @Override
    public void close(Duration drainTimeout) {
        CompletableFuture<Void> waiting;
        synchronized (this) {
            closed = true;
            waiting = started;
            if (looking != null) {
                looking.cancel(false);
            }
            if (presence != null) {
                presence.close();
            }
        }
        if (waiting != null) {
            waiting.completeExceptionally(closedFailure());
        }
    }
}

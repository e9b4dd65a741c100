package dev.omnibus.rpc.internal.directory;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.ExpiringFlag;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.LeaseUpdate;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client-side cache of the live nodes, and of what each serves. It polls the leases, and takes messages on the
 * presence channel as hints to refresh. The lease decides. Thread-safe.
 *
 * <p>A crash is known after 5 seconds at most: the lease ends, within an interval one process reads that it is gone,
 * within another one all have, and when it is still missing a little later the node is removed. That makes 1.5 + 1 + 1
 * + 1.4 seconds.
 */
public final class NodeDirectory implements Layer {

    /** How often the leases are polled. A node that is announced learns with each renewal whether it has to. */
    static final Duration POLL_INTERVAL = Presence.RENEWAL_INTERVAL;

    /**
     * For so many known nodes the next hint is followed a millisecond later: many that come at once are read together.
     */
    private static final int NODES_PER_MILLI = 5;

    /** How soon after a hint that brought nothing new the next one is followed; doubled each time. */
    private static final Duration MIN_HINT_PAUSE = Duration.ofMillis(5);

    /** Far longer than Redis has to answer. */
    private static final long LOST_AFTER_NANOS = TimeUnit.SECONDS.toNanos(8);

    /** How old what is known may be, of a reader that polls as it should. */
    private static final long MAX_AGE_NANOS = POLL_INTERVAL.multipliedBy(2).toNanos();

    /** Longer than a scheduled refresh ever waits. */
    private static final Duration FLAG_EXPIRY = POLL_INTERVAL.multipliedBy(4);

    /** Replies of a node that has left may still be on their way through this process. */
    private static final Duration LAST_REPLIES_GRACE = Duration.ofMillis(250);

    private static final Logger LOG = LoggerFactory.getLogger(Directory.class);

    private final Channels channels;
    private final Executor executor;
    private final RpcCodec codec;
    private final NodeTable table = new NodeTable(this::onChanged);
    private final ContractDrift drift;
    private final ExpiringFlag confirming = new ExpiringFlag(FLAG_EXPIRY); // a refresh for missing leases is scheduled
    private final ExpiringFlag hinted = new ExpiringFlag(FLAG_EXPIRY); // a refresh for a hint is scheduled
    private final List<Consumer<String>> lostListeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<String>> followers = new CopyOnWriteArrayList<>();

    private volatile @Nullable CompletableFuture<Void> started; // written under the lock
    private long version; // of the leases as they are known; guarded by this, like all below
    private @Nullable CompletableFuture<Void> poll;
    private long pollBegan;
    private Channels.@Nullable Subscription presence;
    private @Nullable Future<?> polling;
    private boolean knownSame; // since the last poll
    private long current = System.nanoTime() - MAX_AGE_NANOS; // when the version was known to be the newest, last
    private Set<String> leaving = new HashSet<>(); // have announced that they left, since the last hint was followed
    private long hintedVersion; // of the leases, after the last hint
    private Duration pause = Duration.ZERO; // from then on
    private long pausedSince;
    private boolean closed;

    /** The one of a bus. */
    public static NodeDirectory of(BusRuntime bus) {
        return bus.layer(NodeDirectory.class, NodeDirectory::new);
    }

    private NodeDirectory(BusRuntime bus) {
        channels = bus.channels();
        executor = new CallerRunsExecutor(bus.executor());
        codec = new RpcCodec(bus.json(), bus.node(), channels.names().inbox(bus.node()));
        drift = new ContractDrift(bus, table);
        Presence.of(bus).onRenewed(this::onRenewed);
        followers.add(drift::onChanged);
    }

    /** The manifests of all live nodes, once the directory has been read. */
    public CompletableFuture<List<NodeInfo>> nodes() {
        if (channels.isConnecting()) {
            return CompletableFuture.failedFuture(
                    unreadable(new IOException("The bus is still connecting; there is no connection yet")));
        }
        return new GuardedFuture<List<NodeInfo>>()
                .follow(ready().whenCompleteAsync((done, failure) -> {}, executor)
                        .thenApply(done -> table.all()));
    }

    /** Reports the live nodes to a listener, and then every change. */
    public Directory.Watch watch(Directory.Listener listener) {
        DirectoryWatch watching = new DirectoryWatch(table, listener, executor, followers::remove);
        follow(watching);
        table.all().forEach(node -> watching.accept(node.node()));
        CompletableFuture<Void> unused = ready(); // if that fails, the next poll tries again
        return watching;
    }

    /** Adds a follower, which gets the id of every node that joins, leaves or changes; it must not block. */
    public void follow(Consumer<String> follower) {
        followers.add(follower);
    }

    public void unfollow(Consumer<String> follower) {
        followers.remove(follower);
    }

    private void onChanged(String node) {
        followers.forEach(follower -> follower.accept(node));
    }

    /** Completes when the directory has been read for the first time. After a failure, the next call tries again. */
    public CompletableFuture<Void> ready() {
        CompletableFuture<Void> begun = started; // without a lock, because every call asks
        return begun == null || begun.isCompletedExceptionally() ? begin() : begun;
    }

    private synchronized CompletableFuture<Void> begin() {
        CompletableFuture<Void> begun = started;
        if (begun != null && !begun.isCompletedExceptionally()) {
            return begun;
        }
        if (closed) {
            return CompletableFuture.failedFuture(closedFailure());
        }
        CompletableFuture<Void> first = new CompletableFuture<>();
        started = first;
        attempted(this::start).whenComplete((done, failure) -> {
            if (failure == null) {
                first.complete(null);
            } else {
                first.completeExceptionally(unreadable(failure));
            }
        });
        return first;
    }

    private CompletableFuture<Void> start() {
        if (presence == null || presence.ready().isCompletedExceptionally()) {
            presence = channels.listen(channels.names().presence(), new Hints());
        }
        if (polling == null) {
            polling = channels.every(POLL_INTERVAL, this::tick);
        }
        return presence.ready().thenCompose(done -> poll());
    }

    /** Makes what is thrown the failure of the future, so that those that wait get it. */
    private static <T> CompletableFuture<T> attempted(Supplier<CompletableFuture<T>> attempt) {
        try {
            return attempt.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void tick() {
        boolean failed;
        boolean same;
        synchronized (this) {
            failed = started != null && started.isCompletedExceptionally();
            same = knownSame && version != 0;
            knownSame = false;
        }
        if (failed) {
            ready();
        } else if (same) {
            executor.execute(this::checkMissing);
        } else {
            poll();
        }
    }

    private static RpcException unreadable(Throwable failure) {
        Throwable cause = RpcFailures.unwrapped(failure);
        String message = "The directory of nodes cannot be read: " + cause.getMessage();
        return new RpcException(RpcFailures.reason(cause), true, "", "", Duration.ZERO, message, cause);
    }

    /** A snapshot of the nodes that serve a method and are not about to leave. */
    public NodeTable.Serving serving(String method) {
        return table.serving(method);
    }

    /** A node, if it is one of those. */
    public @Nullable Node serving(String method, String node) {
        return table.serving(method, node);
    }

    /** Whether a node is listed. */
    public boolean lists(Node node) {
        return table.lists(node.id());
    }

    /** Whether a node of that id is listed, or was until a moment ago. */
    public boolean knows(String node) {
        return table.knows(node);
    }

    /** Adds a listener, which gets the id of every node that is lost. */
    public void onLost(Consumer<String> listener) {
        lostListeners.add(listener);
    }

    /**
     * Leaves a node out of those that serve a method, because a request there had no receiver, until its manifest is
     * read again.
     */
    public void suspect(Node node, String method) {
        table.suspect(node, method);
    }

    public NodeTable table() {
        return table;
    }

    /** How the contracts of this process and of the nodes compare. */
    public ContractDrift drift() {
        return drift;
    }

    /**
     * Takes the version of the leases when this node renewed its own: if nothing has changed, that replaces the next
     * poll.
     */
    private void onRenewed(long renewed) {
        synchronized (this) {
            knownSame = renewed == version;
            current = knownSame ? System.nanoTime() : current;
            if (polling == null || renewed == 0 || knownSame) { // 0: not known
                return;
            }
        }
        poll();
    }

    private synchronized void setVersion(long read) {
        version = read;
    }

    /** Takes the version that was just read; whether what was known before was current. */
    private synchronized boolean takeVersion(long read) {
        long before = current;
        version = read;
        current = System.nanoTime();
        return current - before < MAX_AGE_NANOS;
    }

    /** Reads the leases. Calls during a read share it. */
    public CompletableFuture<Void> poll() {
        CompletableFuture<Void> done;
        @Nullable CompletableFuture<Void> lost;
        long since;
        synchronized (this) {
            if (closed) {
                return CompletableFuture.completedFuture(null);
            }
            if (poll != null && System.nanoTime() - pollBegan < LOST_AFTER_NANOS) {
                return poll;
            }
            lost = poll; // its end was lost, as for lack of memory, and would be awaited forever
            done = new CompletableFuture<>();
            poll = done;
            pollBegan = System.nanoTime();
            since = version;
        }
        if (lost != null) {
            lost.complete(null);
        }
        attempted(() -> channels.transport().leases(channels.names().nodes(), since))
                .whenCompleteAsync((leases, failure) -> onLeasesRead(done, leases, failure), executor);
        return done;
    }

    private void onLeasesRead(CompletableFuture<Void> done, @Nullable LeaseUpdate leases, @Nullable Throwable failure) {
        try {
            if (leases != null) {
                apply(leases, takeVersion(leases.version()));
            }
        } catch (RuntimeException | Error e) { // or there would be no further poll
            FailureLog.error(LOG, e, "The leases could not be applied");
        }
        synchronized (this) {
            poll = null;
        }
        if (leases != null) {
            done.complete(null);
        } else {
            LOG.debug("The leases could not be read", failure);
            table.unreadable();
            done.completeExceptionally(Objects.requireNonNull(failure));
        }
    }

    /**
     * Reads the leases from now on: a read under way may have begun before the node that is sought announced itself.
     */
    public CompletableFuture<Void> refresh() {
        CompletableFuture<Void> underWay;
        synchronized (this) {
            underWay = poll;
        }
        return underWay == null
                ? poll()
                : underWay.handle((done, failure) -> poll()).thenCompose(Function.identity());
    }

    /**
     * Takes what has changed. One that was not current may have been away together with a node that is gone meanwhile
     * for the others, and gives it the time to come back as well.
     */
    private void apply(LeaseUpdate leases, boolean current) {
        Set<String> standing = new HashSet<>();
        leases.changed().forEach((key, value) -> {
            String id = id(key);
            standing.add(id);
            table.markPresent(id);
            if (table.takeAgain(id, value)) { // as after a pause of many, of all of them
                return;
            }
            try {
                Message manifest = new Message(value, 0, value.length);
                NodeInfo info = Manifests.read(manifest);
                if (!info.node().equals(id)) {
                    throw new IOException("it is of another node");
                }
                requireSameChannels(Manifests.isSharded(manifest));
                if (!table.take(info, value)) {
                    throw new IOException(
                            "there is no room for it beside those of the nodes that are there; a directory" + " has "
                                    + NodeTable.MAX_NODES + " nodes and " + NodeTable.MAX_BYTES + " bytes");
                }
            } catch (IOException e) {
                channels.reportBad(key, "A lease was left out: " + e.getMessage());
            }
        });
        if (leases.all()) {
            table.retainOnly(standing);
        }
        leases.gone().forEach((key, ago) -> table.markMissing(id(key), current ? ago : Duration.ZERO));
        checkMissing();
    }

    /** Whether a node uses sharded channels is settled when it connects, and those of the other kind do not meet. */
    private void requireSameChannels(boolean sharded) throws IOException {
        if (sharded != channels.sharded()) {
            throw new IOException("its node is called on " + (sharded ? "sharded" : "plain")
                    + " channels, and this one calls on " + (sharded ? "plain" : "sharded")
                    + " ones, so neither can reach the other. In a cluster of Redis 7 or later all nodes use sharded"
                    + " ones: update or restart the one that does not");
        }
    }

    /** The id of the node with a lease; empty if the key is not that of a lease. */
    private String id(String key) {
        String prefix = channels.names().node("");
        return key.startsWith(prefix) ? key.substring(prefix.length()) : "";
    }

    /** Removes lost nodes, when the leases were just read or are known to be unchanged. */
    private void checkMissing() {
        for (String node : table.removeLost()) {
            lostListeners.forEach(listener -> listener.accept(node));
        }
        if (table.hasRoomAgain()) {
            setVersion(0); // the next poll reads all of them
        }
        table.firstLostAfter().ifPresent(wait -> {
            if (confirming.set()) {
                channels.later(wait.isNegative() ? Duration.ZERO : wait, () -> {
                    confirming.clear();
                    poll();
                });
            }
        });
    }

    /**
     * Follows a hint that a node has changed. After some silence it is followed at once. The more hints bring nothing
     * new, the less often they are followed, down to the interval of the polls.
     */
    private void onHint() {
        Duration wait;
        synchronized (this) {
            if (closed || !hinted.set()) {
                return;
            }
            wait = pause.minusNanos(System.nanoTime() - pausedSince);
        }
        if (wait.isNegative() || wait.isZero()) {
            followHint();
        } else {
            channels.later(wait, this::followHint);
        }
    }

    private void followHint() {
        Set<String> left;
        hinted.clear();
        synchronized (this) {
            left = leaving;
            leaving = new HashSet<>();
        }
        refresh().whenComplete((done, failure) -> {
            synchronized (this) {
                Duration doubled = pause.isZero() ? MIN_HINT_PAUSE : pause.multipliedBy(2);
                boolean news = hintedVersion != version;
                pause = news
                        ? Duration.ofMillis(table.size() / NODES_PER_MILLI)
                        : doubled.compareTo(POLL_INTERVAL) < 0 ? doubled : POLL_INTERVAL;
                pausedSince = System.nanoTime();
                hintedVersion = version;
            }
            if (failure == null) {
                left.stream().filter(table::leaves).forEach(this::onLeft);
            }
        });
    }

    private void onLeft(String node) {
        channels.later(LAST_REPLIES_GRACE, () -> lostListeners.forEach(listener -> listener.accept(node)));
    }

    private synchronized void onLeaving(String node) {
        if (table.lists(node)) { // a hint can have any name
            leaving.add(node);
        }
    }

    /**
     * Reads the messages of nodes that join, drain and leave. Any publisher can send them, so they are hints to read
     * the leases.
     */
    private final class Hints implements Receiver {

        @Override
        public void receive(String channel, List<Message> messages, Executor next) {
            for (Message message : messages) {
                try {
                    RpcCodec.Request hint = codec.readRequest(message);
                    Message params = hint.params();
                    if (params == null) {
                        throw new IOException("it has no params");
                    }
                    switch (hint.method()) {
                        case Presence.JOINED -> table.trust(Manifests.node(params));
                        case Presence.DRAINING -> Manifests.node(params);
                        case Presence.LEFT -> onLeaving(Manifests.node(params));
                        default -> {
                            LOG.debug("Not understood on {}: {}", channel, RpcFailures.sanitized(hint.method()));
                            continue;
                        }
                    }
                    onHint();
                } catch (IOException e) {
                    channels.reportBad(channel, "A presence message was dropped: " + e.getMessage());
                } catch (RuntimeException | Error e) { // a defect of ours, which must not hold up the next messages
                    channels.reportBroken(channel, e);
                }
            }
        }

        @Override
        public void interrupted() {
            table.trust();
            refresh();
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
            if (polling != null) {
                polling.cancel(false);
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

package dev.omnibus.rpc;

import dev.omnibus.channel.Channels;
import dev.omnibus.channel.Sent;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node says of itself: a lease that it renews, and a word on the presence channel whenever that changes.
 *
 * <p>A method is announced only when its channels are confirmed, so whoever reads of it can call it.
 */
final class Announcement {

    static final String JOINED = "$/joined";
    static final String DRAINING = "$/draining";
    static final String LEFT = "$/left";

    private static final Logger LOG = LoggerFactory.getLogger(Announcement.class);

    private final Channels channels;
    private final RpcCodec codec;
    private final Map<String, List<String>> services = new LinkedHashMap<>(); // guarded by this, like all below
    private @Nullable Future<?> renewing;
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null); // the last write of the lease
    private boolean sayAgain;
    private boolean draining;

    Announcement(Channels channels, RpcCodec codec) {
        this.channels = channels;
        this.codec = codec;
    }

    /** Adds a service; completes when the lease says so. */
    synchronized CompletableFuture<Void> add(String service, List<String> methods) {
        if (draining) {
            return CompletableFuture.failedFuture(
                    new TransportException(Kind.CLOSED, true, "The bus is about to close", null));
        }
        services.put(service, methods);
        if (renewing == null) {
            renewing = channels.every(Directory.RENEWAL, this::step);
        }
        return changed();
    }

    synchronized CompletableFuture<Void> remove(String service) {
        return services.remove(service) == null ? CompletableFuture.completedFuture(null) : changed();
    }

    /** The link was down: others may doubt that this node is there. */
    synchronized void sayAgain() {
        sayAgain = true;
    }

    private synchronized void step() {
        if (!last.isDone()) {
            return; // Redis is slow: the next step will do
        }
        if (sayAgain) {
            changed();
        } else {
            last = renew();
        }
    }

    /** Writes the lease and says so. One write follows another, so the last word is also the last deed. */
    private synchronized CompletableFuture<Void> changed() {
        sayAgain = true;
        last = last.handle((done, failure) -> renew())
                .thenCompose(Function.identity())
                .thenRun(this::sayJoined);
        return last;
    }

    private void sayJoined() {
        synchronized (this) {
            sayAgain = false;
        }
        say(JOINED);
    }

    private synchronized CompletableFuture<Void> renew() {
        return channels.transport()
                .renewLease(channels.names().nodes(), key(), codec.bytes(info()), Directory.LEASE)
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        LOG.debug("The lease was not renewed; it is tried again", failure);
                    }
                });
    }

    /** Asks not to be called any more. The lease goes on, because calls are still running, but lists nothing. */
    void drain() {
        synchronized (this) {
            draining = true;
            services.clear();
            if (renewing != null) {
                last = last.handle((done, failure) -> renew()).thenCompose(Function.identity());
            }
        }
        say(DRAINING);
    }

    /** Ends the lease and says good-bye; completes when the lease is gone. */
    synchronized CompletableFuture<Void> leave() {
        if (renewing == null) {
            return CompletableFuture.completedFuture(null);
        }
        renewing.cancel(false);
        last = last.handle((done, failure) ->
                        channels.transport().endLease(channels.names().nodes(), key()))
                .thenCompose(Function.identity())
                .whenComplete((done, failure) -> say(LEFT));
        return last;
    }

    private void say(String what) {
        NodeInfo info;
        synchronized (this) {
            info = info();
        }
        channels.send(channels.names().presence(), codec.notification(what, info), false, Sent.UNNOTICED);
    }

    private NodeInfo info() {
        return new NodeInfo(channels.node(), Map.copyOf(services));
    }

    private String key() {
        return channels.names().node(channels.node());
    }
}

package dev.omnibus.rpc.internal.directory;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.concurrent.ExpiringFlag;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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
 * Publishes this node: a lease in Redis that it renews, and a message on the presence channel whenever that changes.
 * With its first service it also begins to answer {@code rpc.discover}.
 *
 * <p>A method is announced only when its channels are confirmed, so a process that reads of it can call it.
 */
public final class LeasePublisher {

    /** How often a node renews its lease: at the moment of its heartbeat, which wakes Redis up anyway. */
    static final Duration RENEWAL_INTERVAL = Duration.ofSeconds(1);

    /**
     * How long a lease lasts. If a renewal is lost it ends for a moment, and is back before its absence is confirmed.
     */
    public static final Duration LEASE = Duration.ofMillis(1_500);

    public static final String JOINED = "$/joined";
    public static final String DRAINING = "$/draining";
    public static final String LEFT = "$/left";

    /** In ticks; far longer than Redis has to answer. */
    private static final int LOST_AFTER_TICKS = 8;

    /** Subscriptions that were interrupted together are restored one shortly after the other. */
    private static final Duration ANNOUNCE_DELAY = Duration.ofMillis(30);

    private static final Logger LOG = LoggerFactory.getLogger(LeasePublisher.class);

    private final Channels channels;
    private final RpcCodec codec;
    private final NodeDirectory directory;
    private final DiscoverEndpoint discover;
    private final ExpiringFlag announcingSoon = new ExpiringFlag(LEASE);
    private final Instant started = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    private final String host =
            host(System::getenv, List.of(Path.of("/proc/sys/kernel/hostname"), Path.of("/etc/hostname")));
    private final Map<String, Map<String, String>> services = new LinkedHashMap<>(); // guarded by this, like all below
    private String version = "";
    private long revision;
    private byte[] manifest = {};
    private @Nullable Future<?> renewing;
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null); // the last write of the lease
    private int skipped; // ticks in a row, because the last write had not ended
    private boolean announceAgain;
    private boolean draining;
    private boolean leaving;

    public LeasePublisher(BusRuntime bus, RpcCodec codec, ReplyPacer pacer) {
        this.channels = bus.channels();
        this.codec = codec;
        this.directory = NodeDirectory.of(bus);
        this.discover = new DiscoverEndpoint(bus, codec, pacer);
    }

    /**
     * The name of this machine as the environment has it, or the file from which it was named when it started. No
     * network service is used, because that may take long.
     */
    public static String host(Function<String, @Nullable String> environment, List<Path> files) {
        for (String variable : List.of("HOSTNAME", "COMPUTERNAME")) {
            String name = environment.apply(variable);
            if (name != null && !name.isBlank()) {
                return name.strip();
            }
        }
        for (Path file : files) {
            try {
                String name = Files.readString(file).strip();
                if (!name.isEmpty()) {
                    return name;
                }
            } catch (IOException | RuntimeException e) {
                LOG.trace("{} does not have the name of this machine", file, e);
            }
        }
        return "";
    }

    /**
     * Sets the version of the program, if there is none yet: the one in the manifest of the jar that a service is from.
     */
    public synchronized void versionOf(Class<?> implementation) {
        String packaged = implementation.getPackage().getImplementationVersion();
        version = version.isEmpty() && packaged != null ? packaged : version;
    }

    /**
     * Checks that other nodes will be able to read the manifest of this one.
     *
     * @param all service to method to signature
     * @throws IllegalStateException if it is too large
     */
    public synchronized void requireRoom(Map<String, Map<String, String>> all) {
        Map<String, Map<String, String>> whole = new LinkedHashMap<>(all);
        whole.put(DiscoverEndpoint.SERVICE, DiscoverEndpoint.METHODS);
        String problem = Manifests.problem(info(whole));
        if (!problem.isEmpty()) {
            throw new IllegalStateException(
                    "Node " + channels.node() + " would announce " + problem + ". Let another node serve some of it");
        }
    }

    /** Adds a service, with the signatures of its methods; completes when the lease has it. */
    public CompletableFuture<Void> add(String service, List<Contract> contracts, Map<String, String> shapes) {
        directory.drift().expect(service, shapes);
        discover.put(
                service,
                contracts,
                shapes.entrySet().stream()
                        .filter(method -> method.getValue().isEmpty())
                        .map(method -> service + "." + method.getKey())
                        .toList());
        return announce(service, shapes);
    }

    private CompletableFuture<Void> announce(String service, Map<String, String> methods) {
        return discover.open().thenCompose(done -> {
            synchronized (this) {
                if (draining) {
                    return CompletableFuture.failedFuture(
                            new TransportException(Kind.CLOSED, true, "The node drains, and serves nothing more", null));
                }
                services.put(service, methods);
                services.put(DiscoverEndpoint.SERVICE, DiscoverEndpoint.METHODS);
                revise();
                if (renewing == null) {
                    renewing = channels.sendEvery(RENEWAL_INTERVAL, this::tick);
                }
                return renewAndAnnounce();
            }
        });
    }

    public synchronized CompletableFuture<Void> remove(String service) {
        discover.remove(service);
        if (services.remove(service) == null) {
            return CompletableFuture.completedFuture(null);
        }
        revise();
        return renewAndAnnounce();
    }

    private synchronized void revise() {
        revision++;
        manifest = Manifests.bytes(info(), channels.sharded());
    }

    /**
     * Announces this node again after an interruption, in which other nodes may have begun to doubt it: as soon as what
     * was interrupted together is restored, and once more with its lease, because the first message may come before the
     * others receive again.
     */
    public synchronized void announceAgain() {
        announceAgain = true;
        if (announcingSoon.set()) {
            channels.later(ANNOUNCE_DELAY, this::announceSoon);
        }
    }

    private void announceSoon() {
        announcingSoon.clear();
        boolean here;
        synchronized (this) {
            here = renewing != null && !leaving; // not after it has left
        }
        if (here) {
            notifyPresence(JOINED);
        }
    }

    private synchronized void tick() {
        if (leaving || (!last.isDone() && ++skipped < LOST_AFTER_TICKS)) {
            return; // Redis is slow: the next tick will do
        }
        skipped = 0;
        if (!last.isDone()) { // its end was lost, as for lack of memory, and would be awaited forever
            last = CompletableFuture.completedFuture(null);
        }
        if (announceAgain) {
            renewAndAnnounce();
        } else {
            last = renew();
        }
    }

    /** Writes the lease and announces it. One write follows the other, so the last message is about the last lease. */
    private synchronized CompletableFuture<Void> renewAndAnnounce() {
        announceAgain = true;
        last = last.handle((done, failure) -> renew())
                .thenCompose(Function.identity())
                .thenRun(this::announceJoined);
        return last;
    }

    private void announceJoined() {
        synchronized (this) {
            announceAgain = false;
        }
        notifyPresence(JOINED);
    }

    private synchronized CompletableFuture<Void> renew() {
        return channels.transport()
                .renewLease(channels.names().nodes(), key(), manifest, LEASE)
                .whenComplete((version, failure) -> {
                    if (failure != null) {
                        LOG.debug("The lease was not renewed; it is tried again", failure);
                    }
                })
                .thenAccept(directory::onRenewed);
    }

    /** Announces that no more calls are wanted. The lease goes on, because calls are still running. */
    public synchronized void drain() {
        if (draining) {
            return;
        }
        draining = true;
        revise();
        if (renewing != null) {
            last = last.handle((done, failure) -> renew()).thenCompose(Function.identity());
            last.whenComplete((done, failure) -> notifyPresence(DRAINING));
        }
    }

    /** Ends the lease and announces that; completes when the lease is gone. */
    public synchronized CompletableFuture<Void> leave() {
        if (renewing == null) {
            return CompletableFuture.completedFuture(null);
        }
        leaving = true;
        renewing.cancel(false);
        discover.close();
        last = last.handle((done, failure) ->
                        channels.transport().endLease(channels.names().nodes(), key()))
                .thenCompose(Function.identity())
                .whenComplete((done, failure) -> notifyPresence(LEFT));
        return last;
    }

    /**
     * Publishes a hint with nothing but the id of this node: what counts is in the lease, which every process reads.
     */
    private void notifyPresence(String what) {
        byte[] hint = codec.notification(what, Map.of("node", channels.node()));
        channels.send(channels.names().presence(), hint, ReceiverCount.NO, SendCallback.UNNOTICED);
    }

    private synchronized NodeInfo info() {
        return info(services);
    }

    private synchronized NodeInfo info(Map<String, Map<String, String>> served) {
        String node = channels.node();
        int random = node.lastIndexOf('-');
        return new NodeInfo(
                node,
                random < 0 ? node : node.substring(0, random),
                host,
                ProcessHandle.current().pid(),
                version,
                started,
                draining,
                revision,
                served);
    }

    private String key() {
        return channels.names().node(channels.node());
    }
}

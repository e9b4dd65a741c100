package dev.omnibus.internal.presence;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.concurrent.ExpiringFlag;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The presence of this node: a lease in Redis that it renews, with its {@link Manifest}, and for a node that serves
 * something a message on the presence channel whenever that changes. Thread-safe.
 *
 * <p>A node that serves nothing is announced a moment after it has connected, so that a process which ends at once
 * costs nobody anything. Nobody waits for it, so it sends no messages: the others find it, and miss it, when they poll.
 */
public final class Presence implements Layer {

    /** How often a node renews its lease: at the moment of its heartbeat, which wakes Redis up anyway. */
    public static final Duration RENEWAL_INTERVAL = Duration.ofSeconds(1);

    /**
     * How long a lease lasts: a node may be a second and a half late. All others read of each that ends and comes back,
     * so if a pause of Redis ended all of them, each node would have to read about all.
     */
    public static final Duration LEASE = Duration.ofMillis(2_500);

    public static final String JOINED = "$/joined";
    public static final String DRAINING = "$/draining";
    public static final String LEFT = "$/left";

    /** Reserved for methods of the protocol: a node that has no other service serves nothing. */
    public static final String RESERVED = "rpc";

    /** How long a node that serves nothing waits before it is announced. */
    private static final Duration SETTLED = Duration.ofSeconds(1);

    /** How long it waits when Redis has refused that. */
    private static final Duration REFUSED_FOR = Duration.ofMinutes(1);

    /** In ticks; far longer than Redis has to answer. */
    private static final int LOST_AFTER_TICKS = 8;

    /** Subscriptions that were interrupted together are restored one shortly after the other. */
    private static final Duration ANNOUNCE_DELAY = Duration.ofMillis(30);

    private static final Logger LOG = LoggerFactory.getLogger(Presence.class);

    private final BusRuntime bus;
    private final Channels channels;
    private final ExpiringFlag announcingSoon = new ExpiringFlag(LEASE);
    private final long begun = System.nanoTime();
    private final Instant started = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    private final String host =
            host(System::getenv, List.of(Path.of("/proc/sys/kernel/hostname"), Path.of("/etc/hostname")));
    private final List<LongConsumer> renewals = new CopyOnWriteArrayList<>();
    private final Map<String, Map<String, String>> services = new LinkedHashMap<>(); // guarded by this, like all below
    private String version = "";
    private long revision;
    private byte[] manifest = {};
    private @Nullable Future<?> renewing;
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null); // the last write of the lease
    private int skipped; // ticks in a row, because the last write had not ended
    private boolean announceAgain;
    private boolean heard; // others were notified of this node, as it serves something
    private boolean draining;
    private boolean leaving;
    private boolean complained; // that Redis refuses
    private long refusedAt;

    /** The one of a bus. */
    public static Presence of(BusRuntime bus) {
        return bus.layer(Presence.class, Presence::new);
    }

    private Presence(BusRuntime bus) {
        this.bus = bus;
        this.channels = bus.channels();
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

    /** How long this node has been there. */
    public Duration uptime() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    /** Adds a listener, which gets the version of the leases with each renewal. */
    public void onRenewed(LongConsumer listener) {
        renewals.add(listener);
    }

    /** Announces this node, whatever it does. */
    public void announce() {
        CompletableFuture<Void> unused =
                channels.connected().thenRun(() -> channels.later(SETTLED, this::announceSettled));
    }

    private void announceSettled() {
        for (NodeExtension extension : ServiceLoader.load(NodeExtension.class, NodeExtension.class.getClassLoader())) {
            try {
                extension.announced(bus);
            } catch (RuntimeException | LinkageError e) { // as of a bus that is being closed
                LOG.debug("An extension could not be added to node {}", channels.node(), e);
            }
        }
        synchronized (this) {
            if (!leaving && renewing == null) {
                revise();
                startRenewing();
            }
        }
    }

    private synchronized void startRenewing() {
        if (renewing == null) {
            renewing = channels.sendEvery(RENEWAL_INTERVAL, this::tick);
        }
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
    public void requireRoom(Map<String, Map<String, String>> all) {
        String problem = manifest(all).problem();
        if (!problem.isEmpty()) {
            throw new IllegalStateException(
                    "Node " + channels.node() + " would announce " + problem + ". Let another node serve some of it");
        }
    }

    /** Adds a reserved service, which is announced with the next renewal. */
    public synchronized void reserved(Map<String, String> methods) {
        Map<String, String> before = services.put(RESERVED, methods);
        if (!methods.equals(before)) {
            revise();
        }
    }

    /** Adds a service, with the signatures of its methods; completes when the lease has it. */
    public synchronized CompletableFuture<Void> put(String service, Map<String, String> methods) {
        if (draining) {
            return CompletableFuture.failedFuture(
                    new TransportException(Kind.CLOSED, true, "The node drains, and serves nothing more", null));
        }
        services.put(service, methods);
        revise();
        heard = true;
        startRenewing();
        return renewAndAnnounce();
    }

    /** Removes a service; completes when the lease has it no more. */
    public synchronized CompletableFuture<Void> remove(String service) {
        if (services.remove(service) == null) {
            return CompletableFuture.completedFuture(null);
        }
        revise();
        return renewAndAnnounce();
    }

    private synchronized void revise() {
        revision++;
        manifest = manifest(services).bytes(channels.sharded());
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
            notifyOthers(JOINED);
        }
    }

    private synchronized void tick() {
        if (leaving || (!last.isDone() && ++skipped < LOST_AFTER_TICKS)) {
            return; // Redis is slow: the next tick will do
        }
        if (complained && !isServing() && System.nanoTime() - refusedAt < REFUSED_FOR.toNanos()) {
            return;
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

    private synchronized boolean isServing() {
        return services.size() > (services.containsKey(RESERVED) ? 1 : 0);
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
        notifyOthers(JOINED);
    }

    private synchronized CompletableFuture<Void> renew() {
        return channels.transport()
                .renewLease(channels.names().nodes(), key(), manifest, LEASE)
                .whenComplete((version, failure) -> {
                    if (failure != null) {
                        notRenewed(failure);
                    }
                })
                .thenAccept(renewed -> renewals.forEach(listener -> listener.accept(renewed)));
    }

    private void notRenewed(Throwable failure) {
        Throwable cause = failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
        boolean refused = cause instanceof TransportException why && why.kind() == Kind.REFUSED;
        boolean first;
        synchronized (this) {
            first = refused && !complained && !isServing();
            complained |= first;
            refusedAt = refused ? System.nanoTime() : refusedAt;
        }
        if (first) {
            FailureLog.safely(() -> LOG.info(
                    "Node {} works, but the others do not see it, because its user may not write its lease: {}."
                            + " Allow it, or build the bus with announce(false)",
                    channels.node(),
                    String.valueOf(cause.getMessage())));
        } else {
            LOG.debug("The lease was not renewed; it is tried again", failure);
        }
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
            last.whenComplete((done, failure) -> notifyOthers(DRAINING));
        }
    }

    /** Ends the lease and announces that; completes when the lease is gone. */
    private synchronized CompletableFuture<Void> leave() {
        leaving = true;
        if (renewing == null) {
            return CompletableFuture.completedFuture(null);
        }
        renewing.cancel(false);
        last = last.handle((done, failure) ->
                        channels.transport().endLease(channels.names().nodes(), key()))
                .thenCompose(Function.identity())
                .whenComplete((done, failure) -> notifyOthers(LEFT));
        return last;
    }

    /**
     * Publishes a hint with nothing but the id of this node: what counts is in the lease, which every process reads.
     */
    private void notifyOthers(String what) {
        boolean wanted;
        synchronized (this) {
            wanted = heard;
        }
        if (wanted) {
            String hint = "{\"jsonrpc\":\"2.0\",\"method\":\"" + what + "\",\"params\":{\"node\":\"" + channels.node()
                    + "\"}}"; // an id needs no escapes
            channels.send(
                    channels.names().presence(),
                    hint.getBytes(StandardCharsets.UTF_8),
                    ReceiverCount.NO,
                    SendCallback.UNNOTICED);
        }
    }

    private synchronized Manifest manifest(Map<String, Map<String, String>> served) {
        String node = channels.node();
        int random = node.lastIndexOf('-');
        return new Manifest(
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

    /** Leaves the directory, after everything that is served has ended. */
    @Override
    public void close(Duration drainTimeout) {
        CompletableFuture<Void> left = leave(); // also when nobody waits for it
        try {
            left.get(1, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("The lease could not be ended; it ends by itself", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.directory.NodeDirectory;
import dev.omnibus.rpc.internal.directory.NodeEndpoint;
import dev.omnibus.rpc.internal.directory.NodeReport;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * The directory of a bus: which nodes are there, and what each of them serves.
 *
 * <p>Every node keeps a lease in Redis, unless {@link dev.omnibus.bus.BusBuilder#announce} says otherwise, and one that
 * serves something announces on the presence channel when it comes, drains and leaves. The lease decides, and an
 * announcement is a hint to read it. A node that leaves in order is gone at once; one that dies is gone when its lease
 * has ended and was missing in two refreshes, at most 5 seconds after its last sign of life. A node that serves nothing
 * is listed about three seconds after it was built, and is gone within 5 seconds however it ends.
 *
 * <p>It costs nothing until it is first used, and a refresh of leases that have not changed costs little. Thread-safe.
 */
public final class Directory {

    /**
     * A listener to nodes that come and go. Every method does nothing by default; what it throws is logged. Called one
     * at a time and in order, on the bus' executor. A listener that is slower than the nodes gets where each of them
     * has got to, and not what it went through meanwhile. After a broken connection it gets what it missed.
     */
    public interface Listener {

        /**
         * A node is there. Nodes that were there before are reported first.
         *
         * @param node what it says of itself; it may be draining already
         */
        default void joined(NodeInfo node) {}

        /**
         * A node says something new of itself, for instance that it serves one more method.
         *
         * @param before what it said
         * @param now what it says
         */
        default void changed(NodeInfo before, NodeInfo now) {}

        /**
         * A node asks not to be called any more, and finishes what it has. It is about to leave.
         *
         * @param node what it says of itself
         */
        default void draining(NodeInfo node) {}

        /**
         * A node is gone: it left in order, or its lease has ended.
         *
         * @param node what it said last
         */
        default void left(NodeInfo node) {}
    }

    /** A listener's place at a directory, until it is closed. Thread-safe. */
    public interface Watch extends AutoCloseable {

        /** Ends it: the listener is not called any more, but for a call that is under way. Idempotent. */
        @Override
        void close();
    }

    private final BusRuntime bus;
    private final NodeDirectory nodes;

    private Directory(BusRuntime bus) {
        this.bus = bus;
        nodes = NodeDirectory.of(bus);
    }

    /** The engine behind it. */
    NodeDirectory runtime() {
        return nodes;
    }

    /**
     * The directory of a bus.
     *
     * @param bus the bus
     * @return its one directory
     * @throws IllegalStateException if the bus is closed
     */
    public static Directory on(Bus bus) {
        return BusRuntime.of(bus).layer(Directory.class, Directory::new);
    }

    /**
     * The nodes that are there, this one included; {@link NodeInfo#isServing()} says which of them serve something.
     *
     * @return completes with what they say of themselves, as far as this process knows; fails with an
     *     {@link RpcException} if the directory cannot be read for the first time
     */
    public CompletableFuture<List<NodeInfo>> nodes() {
        return nodes.nodes();
    }

    /**
     * Asks a node what it has done: calls its {@code rpc.stats}, which every node has whose program has this library.
     * Whether it drains makes no difference.
     *
     * @param node its id, as {@link NodeInfo#node()}
     * @return completes with its report, within 5 seconds; fails with an {@link RpcException} as a call does, with
     *     {@code NO_SERVER} if it is not there or does not answer such questions
     * @throws IllegalArgumentException if it is no id
     */
    public CompletableFuture<NodeStats> stats(String node) {
        return ask(NodeEndpoint.STATS, node).thenApply(answer -> {
            try {
                return NodeReport.read(node, answer);
            } catch (IOException e) {
                throw RpcFailures.of(
                        Reason.BAD_REPLY,
                        false,
                        NodeEndpoint.STATS,
                        node,
                        Duration.ZERO,
                        "the answer is no report: " + e.getMessage(),
                        e);
            }
        });
    }

    /**
     * Asks a node for a sign of life: calls its {@code rpc.ping}, otherwise as {@link #stats}.
     *
     * @param node its id
     * @return completes with how long the round trip took
     * @throws IllegalArgumentException if it is no id
     */
    public CompletableFuture<Duration> ping(String node) {
        long begun = System.nanoTime();
        return ask(NodeEndpoint.PING, node).thenApply(answer -> Duration.ofNanos(System.nanoTime() - begun));
    }

    private CompletableFuture<JsonNode> ask(String method, String node) {
        ClientRuntime client = ClientRuntime.of(bus);
        return client.call(
                client.methods().ofProtocol(method, JsonNode.class),
                CallOptions.defaults().onNode(node),
                new Object[0]);
    }

    /**
     * Notifies a listener of the nodes that are there, and then of all that come, go or change. If Redis cannot be
     * reached at first, it begins as soon as it can.
     *
     * @param listener is notified on the bus' executor
     * @return ends it when it is closed
     */
    @CanIgnoreReturnValue
    public Watch watch(Listener listener) {
        return nodes.watch(Objects.requireNonNull(listener, "listener"));
    }
}

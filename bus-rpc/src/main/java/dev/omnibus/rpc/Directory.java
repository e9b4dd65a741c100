package dev.omnibus.rpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.directory.NodeDirectory;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * Who is there, and what each node serves.
 *
 * <p>Every serving node keeps a lease in Redis and says on the presence channel when it comes, drains and leaves. The
 * lease decides, and what is said is a hint to read it. A node that leaves in order is gone at once; one that dies is
 * gone when its lease has ended and was missed in two looks, at most 5 seconds after its last sign of life.
 *
 * <p>It costs nothing until it is first used, and a look at leases that have not changed costs little. Thread-safe.
 */
public final class Directory {

    /** Ends the watching of a directory. */
    public interface Watch extends AutoCloseable {

        /** The listener is not called any more, but for what it is being told just now. Idempotent. */
        @Override
        void close();
    }

    private final NodeDirectory nodes;

    private Directory(BusRuntime bus) {
        nodes = NodeDirectory.of(bus);
    }

    /** What does the work. */
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
     * The nodes that are there, this one included if it serves something.
     *
     * @return completes with what they say of themselves, as far as this process knows; fails with an
     *     {@link RpcException} if the directory cannot be read for the first time
     */
    public CompletableFuture<List<NodeInfo>> nodes() {
        return nodes.nodes();
    }

    /**
     * Tells a listener of the nodes that are there, and then of all that come, go or change. If Redis cannot be reached
     * at first, it begins as soon as it can.
     *
     * @param listener told
     * @return ends it
     */
    @CanIgnoreReturnValue
    public Watch watch(DirectoryListener listener) {
        return nodes.watch(Objects.requireNonNull(listener, "listener"));
    }
}

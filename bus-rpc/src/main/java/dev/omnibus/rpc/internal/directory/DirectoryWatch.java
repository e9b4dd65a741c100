package dev.omnibus.rpc.internal.directory;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A coalescing notifier of one listener of the directory: it keeps what the listener knows, and reports the difference.
 * So it needs no queue of events that could overflow, only the ids of the nodes that have changed. Thread-safe.
 */
public final class DirectoryWatch implements Directory.Watch, Consumer<String> {

    private static final Logger LOG = LoggerFactory.getLogger(DirectoryWatch.class);

    /** Twice as many as a directory can have. */
    private static final int MAX_CHANGED = 2 * NodeTable.MAX_NODES;

    private final NodeTable table;
    private final Directory.Listener listener;
    private final Executor executor;
    private final Consumer<DirectoryWatch> onClose;
    private final Map<String, NodeInfo> known =
            new HashMap<>(); // to the listener; confined to the one thread that notifies
    private final Set<String> changed = new LinkedHashSet<>(); // guarded by this, like all below
    private boolean overflowed; // more have changed than are noted, so all are compared
    private boolean notifying;
    private boolean closed;

    public DirectoryWatch(
            NodeTable table, Directory.Listener listener, Executor executor, Consumer<DirectoryWatch> onClose) {
        this.table = table;
        this.listener = listener;
        this.executor = executor;
        this.onClose = onClose;
    }

    /** A node has joined, left or changed. Never blocks. */
    @Override
    public void accept(String id) {
        synchronized (this) {
            if (closed || overflowed || !changed.add(id)) {
                return;
            }
            if (changed.size() > MAX_CHANGED) { // nodes come and go while the listener is slow
                changed.clear();
                overflowed = true;
            }
            if (notifying) {
                return;
            }
            notifying = true;
        }
        executor.execute(this::drain);
    }

    private void drain() {
        while (true) {
            String id;
            synchronized (this) {
                if (overflowed) {
                    overflowed = false;
                    changed.addAll(known.keySet());
                    table.all().forEach(node -> changed.add(node.node()));
                }
                Iterator<String> first = changed.iterator();
                notifying = first.hasNext() && !closed;
                if (!notifying) {
                    return;
                }
                id = first.next();
                first.remove();
            }
            try {
                notifyChange(id);
            } catch (Throwable e) { // the next ones are reported all the same
                FailureLog.error(LOG, e, "A listener of the directory failed");
            }
        }
    }

    private void notifyChange(String id) {
        @Nullable NodeInfo now = table.info(id);
        @Nullable NodeInfo before = now == null ? known.remove(id) : known.put(id, now);
        if (now == null) {
            if (before != null) {
                listener.left(before);
            }
        } else if (before == null) {
            listener.joined(now);
        } else if (now.draining() && !before.draining()) {
            listener.draining(now);
        } else if (!now.equals(before)) {
            listener.changed(before, now);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            changed.clear();
        }
        onClose.accept(this);
    }
}

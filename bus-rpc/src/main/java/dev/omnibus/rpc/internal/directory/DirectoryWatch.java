package dev.omnibus.rpc.internal.directory;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.DirectoryListener;
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
 * One listener of the directory: remembers what it was told, and tells the difference. So it needs no queue of events
 * that could overflow, only the ids of the nodes that have news. Thread-safe.
 */
public final class DirectoryWatch implements Directory.Watch, Consumer<String> {

    private static final Logger LOG = LoggerFactory.getLogger(DirectoryWatch.class);

    /** Twice as many as a directory has. */
    private static final int MAX_NEWS = 2 * NodeTable.MOST;

    private final NodeTable members;
    private final DirectoryListener listener;
    private final Executor executor;
    private final Consumer<DirectoryWatch> forget;
    private final Map<String, NodeInfo> told = new HashMap<>(); // confined to the one thread that tells
    private final Set<String> news = new LinkedHashSet<>(); // guarded by this, like all below
    private boolean anyNews; // of more nodes than are noted one by one, so all are compared
    private boolean telling;
    private boolean closed;

    public DirectoryWatch(
            NodeTable members, DirectoryListener listener, Executor executor, Consumer<DirectoryWatch> forget) {
        this.members = members;
        this.listener = listener;
        this.executor = executor;
        this.forget = forget;
    }

    /** A node has come, gone or changed. Never blocks. */
    @Override
    public void accept(String id) {
        synchronized (this) {
            if (closed || anyNews || !news.add(id)) {
                return;
            }
            if (news.size() > MAX_NEWS) { // nodes come and go while the listener takes its time
                news.clear();
                anyNews = true;
            }
            if (telling) {
                return;
            }
            telling = true;
        }
        executor.execute(this::tellAll);
    }

    private void tellAll() {
        while (true) {
            String id;
            synchronized (this) {
                if (anyNews) {
                    anyNews = false;
                    news.addAll(told.keySet());
                    members.all().forEach(node -> news.add(node.node()));
                }
                Iterator<String> first = news.iterator();
                telling = first.hasNext() && !closed;
                if (!telling) {
                    return;
                }
                id = first.next();
                first.remove();
            }
            try {
                tell(id);
            } catch (Throwable e) { // the next ones are to be told all the same
                FailureLog.error(LOG, e, "A listener of the directory failed");
            }
        }
    }

    private void tell(String id) {
        @Nullable NodeInfo now = members.info(id);
        @Nullable NodeInfo before = now == null ? told.remove(id) : told.put(id, now);
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
            news.clear();
        }
        forget.accept(this);
    }
}

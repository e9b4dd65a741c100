package dev.omnibus.rpc.internal.broadcast;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.Reply;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a program of replies while they arrive: one at a time, in order, and the end after the last of them. What it
 * holds is bounded by the number of nodes, because each answers once. Thread-safe.
 */
final class ReplyTelling<T> {

    private static final Logger LOG = LoggerFactory.getLogger(ReplyTelling.class);

    private final Consumer<? super Reply<T>> listener;
    private final Executor executor;
    private final Queue<Reply<T>> waiting = new ArrayDeque<>(); // guarded by this, like all below
    private @Nullable Runnable end;
    private boolean running;

    ReplyTelling(Consumer<? super Reply<T>> listener, Executor executor) {
        this.listener = listener;
        this.executor = executor;
    }

    /** Only takes note, so that it may be called under a lock; {@link #go()} does the rest. */
    synchronized void add(Reply<T> reply) {
        waiting.add(reply);
    }

    synchronized void end(Runnable action) {
        end = action;
    }

    void go() {
        synchronized (this) {
            if (running) {
                return;
            }
            running = true;
        }
        executor.execute(this::run);
    }

    private void run() {
        while (true) {
            Reply<T> reply;
            Runnable last;
            synchronized (this) {
                reply = waiting.poll();
                last = end;
                if (reply == null) {
                    end = null;
                    running = false;
                }
            }
            if (reply == null) {
                if (last != null) {
                    last.run();
                }
                return;
            }
            try {
                listener.accept(reply);
            } catch (Throwable e) { // the others are to be told all the same
                FailureLog.error(LOG, e, "A listener of replies failed on the one of node {}", reply.node());
            }
        }
    }
}

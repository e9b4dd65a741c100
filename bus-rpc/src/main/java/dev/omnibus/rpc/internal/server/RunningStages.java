package dev.omnibus.rpc.internal.server;

import java.util.concurrent.CompletableFuture;

/** Counts the stages that methods have given and that are not complete. Thread-safe. */
final class RunningStages {

    private int running; // guarded by this
    private CompletableFuture<Void> none = CompletableFuture.completedFuture(null); // guarded by this

    synchronized void add() {
        if (running++ == 0) {
            none = new CompletableFuture<>();
        }
    }

    void remove() {
        CompletableFuture<Void> last;
        synchronized (this) {
            if (--running > 0) {
                return;
            }
            last = none;
        }
        last.complete(null);
    }

    synchronized int running() {
        return running;
    }

    /** Completes when none is left of those that run now. */
    synchronized CompletableFuture<Void> none() {
        return none;
    }
}

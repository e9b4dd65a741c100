package dev.omnibus.transport.redisson;

import dev.omnibus.transport.TransportException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A reconnect and all who wait for it. */
final class Reconnect {

    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final List<BooleanSupplier> wanted = new ArrayList<>(); // guarded by this, like the next one
    private boolean unwanted;

    Reconnect(BooleanSupplier stillWanted) {
        wanted.add(stillWanted);
    }

    /** One more wants it; false if it has ended, or is about to because nobody wanted it any more. */
    synchronized boolean join(BooleanSupplier stillWanted) {
        return !unwanted && !done.isDone() && wanted.add(stillWanted); // a thread that has died may have left it
    }

    /** Whether anybody still wants it. Once nobody does, nobody joins it either, to be cancelled with it. */
    boolean isWanted() {
        while (true) {
            List<BooleanSupplier> asked;
            synchronized (this) {
                if (unwanted || done.isDone()) {
                    return false;
                }
                asked = List.copyOf(wanted);
            }
            if (asked.stream().anyMatch(BooleanSupplier::getAsBoolean)) {
                return true;
            }
            synchronized (this) {
                unwanted = wanted.size() == asked.size(); // else somebody has joined meanwhile
            }
        }
    }

    void fail(String problem, @Nullable Throwable cause) {
        Throwable failure = cause;
        try {
            failure = new TransportException(TransportException.Kind.CONNECTION_LOST, true, problem, cause);
        } finally { // there may be no memory for it
            end(failure);
        }
    }

    void end(@Nullable Throwable failure) {
        try {
            if (failure != null) {
                done.completeExceptionally(failure);
            }
        } finally { // if there was no memory for the reason; that it failed is noticed, because nothing arrives
            done.complete(null);
        }
    }
}

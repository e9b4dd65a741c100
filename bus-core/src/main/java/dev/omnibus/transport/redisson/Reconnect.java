package dev.omnibus.transport.redisson;

import dev.omnibus.transport.TransportException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A reconnect and all who wait for it. */
final class Reconnect {

    private static final Logger LOG = LoggerFactory.getLogger(RedissonTransport.class);

    /** Longer than an attempt to connect takes. */
    private static final int ENDS_SECONDS = 3;

    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final List<BooleanSupplier> wanted = new ArrayList<>(); // guarded by this, like the next one
    private boolean unwanted;
    private volatile @Nullable Thread thread; // which connects

    Reconnect(BooleanSupplier stillWanted) {
        wanted.add(stillWanted);
    }

    /** Starts a thread that connects. */
    void start(Runnable connecting) {
        Thread started = new Thread(connecting, "omnibus-reconnect");
        started.setDaemon(true);
        started.start();
        thread = started;
    }

    /** Nobody needs it any more: interrupts it, and waits until it has ended. */
    void cutShort() {
        Thread started = thread;
        if (started != null && !done.isDone()) {
            started.interrupt();
        }
        try {
            done.get(ENDS_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException | CancellationException e) {
            LOG.trace("Closed while it reconnected", e);
        }
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

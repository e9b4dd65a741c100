package dev.omnibus.transport.redisson;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.ConnectFailures;
import dev.omnibus.transport.redisson.connection.ConnectFailures.HiccupMeter;
import dev.omnibus.transport.redisson.connection.EventLoop;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.redisson.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first connect of a transport. Redisson waits for each address and each answer as long as it may, one after the
 * other, and nothing that it does can be cut short. So it is done on a thread of its own, and ends by itself if it is
 * not awaited any more.
 *
 * @param config how the bus connects
 * @param eventLoop on which thread
 * @param options how long it may take
 * @param internals the hooks that there are
 * @param sharded which channels are, in a cluster that has such
 */
record FirstConnect(
        Config config,
        EventLoop eventLoop,
        RedissonOptions options,
        RedissonInternals internals,
        Predicate<String> sharded) {

    private static final Logger LOG = LoggerFactory.getLogger(FirstConnect.class);

    /** Starts the event loop. */
    static FirstConnect prepare(
            Config user, RedissonOptions options, RedissonInternals internals, Predicate<String> sharded) {
        EventLoop on;
        try {
            on = EventLoop.start(options.busyPolling(), internals);
        } catch (LinkageError e) {
            throw RedissonInternals.misfit(e);
        }
        try {
            return new FirstConnect(RedissonSettings.forBus(user, on), on, options, internals, sharded);
        } catch (LinkageError e) {
            on.abandon();
            throw RedissonInternals.misfit(e);
        } catch (RuntimeException | Error e) { // an address that is none
            on.abandon();
            throw e;
        }
    }

    /** Connects; if that fails, the event loop ends. */
    Session connect() {
        CompletableFuture<Session> opening = new CompletableFuture<>();
        AtomicLong late = new AtomicLong(); // nanoseconds
        Thread opener = new Thread(() -> open(opening, late), "omnibus-connect");
        opener.setDaemon(true);
        try {
            opener.start();
        } catch (Error e) { // no thread is to be had
            eventLoop.abandon();
            throw e;
        }
        Duration within = options.connectWithin();
        try {
            return opening.get(within.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw ConnectFailures.here(e);
        } catch (TimeoutException e) {
            return orElse(opening, opener, ConnectFailures.late(config, within, Duration.ofNanos(late.get())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return orElse(opening, opener, ConnectFailures.of(config, e));
        }
    }

    private void open(CompletableFuture<Session> opening, AtomicLong late) {
        try {
            @Nullable Session opened = null;
            while (opened == null) {
                opened = attempt(opening, late);
            }
            if (!opening.complete(opened)) {
                opened.close();
                eventLoop.abandon();
            }
        } catch (Throwable t) {
            opening.completeExceptionally(t);
            eventLoop.abandon();
        }
    }

    /**
     * Returns null if this process stood still itself, so that nothing is known about Redis: then it is tried again, as
     * long as somebody waits for it.
     *
     * @param late gets how many nanoseconds late this process was
     */
    private @Nullable Session attempt(CompletableFuture<Session> opening, AtomicLong late) {
        try (HiccupMeter hiccups = eventLoop.measureHiccups()) {
            try {
                return Session.open(
                        config,
                        eventLoop.busyPoll(),
                        options.pingBeforePublish(),
                        internals,
                        "",
                        sharded,
                        false,
                        hiccups);
            } catch (TransportException e) {
                if (opening.isDone() || !ConnectFailures.isInconclusive(e, hiccups.longest())) {
                    throw e;
                }
                LOG.debug("Connecting again", e);
                late.set(hiccups.longest().toNanos());
                return null;
            }
        }
    }

    /** It may have been opened, or have failed, at this very moment. */
    private static Session orElse(CompletableFuture<Session> opening, Thread opener, TransportException failure) {
        opening.completeExceptionally(failure);
        opener.interrupt();
        try {
            return opening.join();
        } catch (CompletionException e) {
            throw ConnectFailures.here(e);
        }
    }
}

package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.Timer;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The opening of channels: subscribes to the inbox, and has a first message make the round trip. It is awaited once, or
 * retried in the background with growing pauses until it succeeds or the channels are closed.
 *
 * <p>In the background a refusal is retried as well: a user may be created, or get another password, after the programs
 * have been started.
 */
final class Opening {

    private static final Logger LOG = LoggerFactory.getLogger(Channels.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final int MAX_DOUBLINGS = 4; // of the pause, which makes four seconds

    private final Channels channels;
    private final Channels.Limits limits;
    private final Timer timer;
    private final Channels.Listener listener;
    private final Transport transport;
    private Channels.@Nullable Subscription inbox; // confined to the one attempt that is under way, like the next ones
    private boolean inboxOpened;
    private int failures;

    Opening(Channels channels, Channels.Limits limits, Timer timer, Channels.Listener listener) {
        this.channels = channels;
        this.limits = limits;
        this.timer = timer;
        this.listener = listener;
        this.transport = channels.transport();
    }

    /** Opens them now; if that fails, they are closed. */
    void await() {
        try {
            channels.openInbox()
                    .ready()
                    .thenCompose(ready -> {
                        CompletableFuture<Void> heard = channels.heartbeat().heardOrRefused();
                        channels.begin(limits);
                        channels.inboxOpened(limits);
                        return heard;
                    })
                    .get(limits.connectTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            channels.close();
            throw e.getCause() instanceof TransportException failure ? explained(failure) : unheard(e);
        } catch (TimeoutException e) {
            channels.close();
            throw unheard(e);
        } catch (InterruptedException e) {
            channels.close();
            Thread.currentThread().interrupt();
            throw new TransportException(Kind.CLOSED, true, "Interrupted while connecting", e);
        }
    }

    /** Opens them when that is possible. */
    void begin() {
        channels.begin(limits);
        attempt();
    }

    /** There is one attempt at a time; nothing in it blocks. */
    private void attempt() {
        CompletableFuture<Void> connecting;
        try {
            connecting = connect();
        } catch (RuntimeException | Error e) { // for lack of memory, perhaps
            connecting = CompletableFuture.failedFuture(e);
        }
        connecting
                .thenCompose(connected -> openInbox())
                .thenCompose(open -> timer.limit(channels.heartbeat().heardOrRefused(), limits.connectTimeout()))
                .whenComplete((done, failure) -> {
                    if (failure == null) {
                        channels.interrupted();
                    } else {
                        failed(failure);
                    }
                });
    }

    private void failed(Throwable failure) {
        if (channels.isClosed()) {
            return;
        }
        Throwable cause = failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
        if (cause instanceof TransportException why) {
            listener.onConnectFailed(explained(why));
        } else if (cause instanceof TimeoutException) {
            listener.onConnectFailed(transport.canSend() ? unheard(cause) : lost(cause));
        } else { // given up in favour of another one, or a lack of memory
            FailureLog.safely(() -> LOG.debug("An attempt to connect failed, and the next one follows", cause));
        }
        timer.soon(FIRST_PAUSE.multipliedBy(1L << Math.min(failures++, MAX_DOUBLINGS)), this::attempt);
    }

    private CompletableFuture<Void> connect() {
        return transport.canSend() ? CompletableFuture.completedFuture(null) : transport.reconnect();
    }

    private CompletableFuture<Void> openInbox() {
        if (inboxOpened) {
            return CompletableFuture.completedFuture(null);
        }
        Channels.Subscription known = inbox;
        if (known == null || known.ready().isCompletedExceptionally()) {
            channels.settleShards();
            known = channels.openInbox();
            inbox = known;
        }
        return timer.limit(known.ready().copy(), limits.connectTimeout()).thenRun(() -> {
            inboxOpened = true;
            channels.inboxOpened(limits);
        });
    }

    private static TransportException explained(TransportException failure) {
        String said = String.valueOf(failure.getMessage());
        return said.contains("NOPERM")
                ? new TransportException(
                        failure.kind(),
                        failure.notSent(),
                        said + " (An inbox has the name of its bus: is it that of the access list?)",
                        failure.getCause())
                : failure;
    }

    private static TransportException lost(Throwable cause) {
        String message = "The connection to Redis was lost before a first message had come back";
        return new TransportException(Kind.CONNECTION_LOST, true, message, cause);
    }

    /** What Redis refuses, it says; silence is no refusal. */
    private TransportException unheard(Throwable cause) {
        String message = "Connected, but a message to the own inbox did not come back within "
                + limits.connectTimeout().toMillis()
                + " ms; does Redis stand still, or has it, or this process, too little processor time?";
        return new TransportException(Kind.CONNECTION_LOST, true, message, cause);
    }
}

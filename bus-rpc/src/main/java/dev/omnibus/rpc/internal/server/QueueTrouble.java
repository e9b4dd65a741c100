package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.RpcServer;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backoff: what keeps an intake from its queue is logged once, and the pauses grow until that is over. Thread-safe.
 */
final class QueueTrouble {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);
    private static final int MIN_PAUSE_MILLIS = 50;
    private static final int MAX_PAUSE_MILLIS = 1_000;

    private final String method;
    private boolean logged; // guarded by this, like the next one
    private int failures; // in a row

    QueueTrouble(String method) {
        this.method = method;
    }

    void began(String why) {
        boolean before;
        synchronized (this) {
            before = logged;
            logged = true;
        }
        if (!before) {
            FailureLog.safely(() -> LOG.warn("No queued calls of {} can be taken for now: {}", method, why));
        }
    }

    void ended() {
        boolean before;
        synchronized (this) {
            before = logged;
            logged = false;
            failures = 0;
        }
        if (before) {
            FailureLog.safely(() -> LOG.info("Queued calls of {} are taken again", method));
        }
    }

    synchronized Duration pause() {
        int most = Math.min(MAX_PAUSE_MILLIS, MIN_PAUSE_MILLIS << Math.min(failures++, 5));
        return Duration.ofMillis(ThreadLocalRandom.current().nextInt(MIN_PAUSE_MILLIS, most + MIN_PAUSE_MILLIS));
    }
}

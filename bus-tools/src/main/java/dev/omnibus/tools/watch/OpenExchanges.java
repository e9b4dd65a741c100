package dev.omnibus.tools.watch;

import dev.omnibus.rpc.internal.wire.QueuedId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * A correlation table: the requests that wait for replies, by inbox and id. Bounded: the oldest are given up beyond
 * {@value #MAX_OPEN}, or 64 MiB, and all after their time or a minute. Confined to the reader; only its counters may be
 * read by others.
 */
final class OpenExchanges {

    private static final int MAX_OPEN = 100_000;
    private static final long MAX_BYTES = 64L * 1024 * 1024;
    private static final long MAX_AGE_MILLIS = TimeUnit.MINUTES.toMillis(1);
    private static final long GRACE_MILLIS = 250; // a reply that is sent at the last moment is on its way
    private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long WEIGHT = 512; // of an entry, beyond its bytes

    private record Key(String inbox, String id) {}

    final LongAdder paired = new LongAdder();
    final LongAdder unmatched = new LongAdder();
    final LongAdder unanswered = new LongAdder();
    final LongAdder abandoned = new LongAdder();
    final AtomicLong size = new AtomicLong();

    private final Map<Key, Exchange> open = new LinkedHashMap<>();
    private final WatchListener listener;
    private long bytes;
    private long swept;

    OpenExchanges(WatchListener listener) {
        this.listener = listener;
    }

    /** A request. The same one again, as on a second channel of a node, changes nothing. */
    void request(Seen request, Set<String> expected) {
        if (request.isOneWay() || request.inbox().isEmpty()) {
            return;
        }
        Exchange exchange = new Exchange(request, List.of(), expected, false);
        if (open.putIfAbsent(key(request), exchange) == null) {
            bytes += weight(request);
            while (open.size() > MAX_OPEN || bytes > MAX_BYTES) {
                forgetOldest();
            }
        }
        size.set(open.size());
    }

    private void forgetOldest() {
        Iterator<Exchange> oldest = open.values().iterator();
        bytes -= weight(oldest.next());
        oldest.remove();
        abandoned.increment();
    }

    void reply(Seen reply) {
        Key key = key(reply);
        Exchange exchange = open.get(key);
        if (exchange == null) {
            if (QueuedId.parse(reply.id()).isEmpty()) { // that of a queued call has no request on a channel
                unmatched.increment();
            }
            return;
        }
        Exchange.Answer answer = new Exchange.Answer(
                reply, Duration.ofNanos(reply.nanos() - exchange.request().nanos()));
        Exchange now = exchange.with(answer);
        paired.increment();
        listener.answered(now, answer);
        if (now.isComplete()) {
            end(key, exchange);
            listener.ended(now);
        } else {
            open.put(key, now);
            bytes += weight(reply);
        }
    }

    /** Whether the request of a reply waits here. */
    boolean has(Seen reply) {
        return open.containsKey(key(reply));
    }

    void cancel(Seen cancel) {
        open.computeIfPresent(key(cancel), (key, exchange) -> exchange.asCancelled());
    }

    /** Ends those whose time is over. */
    void sweep(long now) {
        if (now - swept < SWEEP_NANOS) {
            return;
        }
        swept = now;
        List<Map.Entry<Key, Exchange>> over = new ArrayList<>();
        open.forEach((key, exchange) -> {
            long millis = Math.min(exchange.request().ttlMillis() + GRACE_MILLIS, MAX_AGE_MILLIS);
            if (now - exchange.request().nanos() > TimeUnit.MILLISECONDS.toNanos(millis)) {
                over.add(Map.entry(key, exchange));
            }
        });
        for (Map.Entry<Key, Exchange> entry : over) {
            Exchange exchange = entry.getValue();
            end(entry.getKey(), exchange);
            if (exchange.answers().isEmpty() || !exchange.missing().isEmpty()) {
                unanswered.increment();
            }
            listener.ended(exchange);
        }
    }

    /** Forgets all: their replies may have been missed. */
    void abandon() {
        abandoned.add(open.size());
        open.clear();
        bytes = 0;
        size.set(0);
    }

    private void end(Key key, Exchange exchange) {
        open.remove(key);
        bytes -= weight(exchange);
        size.set(open.size());
    }

    private static Key key(Seen seen) {
        return new Key(seen.inbox(), seen.id());
    }

    private static long weight(Exchange exchange) {
        long replies = exchange.answers().stream()
                .mapToLong(answer -> weight(answer.reply()))
                .sum();
        return weight(exchange.request()) + replies;
    }

    private static long weight(Seen seen) {
        return WEIGHT + seen.bytes();
    }
}

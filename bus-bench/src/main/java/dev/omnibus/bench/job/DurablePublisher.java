package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.DurableClient;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Publisher;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A publisher of durable events, which may be so many ahead of what is kept. To it as a receiver an event has arrived
 * when it is kept.
 */
final class DurablePublisher implements Publisher, Flow.Receivers {

    private static final int LAST_ANSWERS_SECONDS = 15;

    private final DurableClient client;
    private final Semaphore credit = new Semaphore(EventJob.MAX_AHEAD);
    private final AtomicLong kept = new AtomicLong();
    private final AtomicReference<String> firstFailure = new AtomicReference<>("");

    DurablePublisher(DurableClient client) {
        this.client = client;
    }

    @Override
    public void publish(int topic, Order order) {
        credit.acquireUninterruptibly();
        client.publish(order).whenComplete((position, failure) -> {
            if (failure == null) {
                kept.incrementAndGet();
            } else {
                firstFailure.compareAndSet("", failure.toString());
            }
            credit.release();
        });
    }

    @Override
    public void awaitCredit(long published) {}

    @Override
    public long least() {
        return kept.get();
    }

    @Override
    public double mean() {
        return kept.get();
    }

    @Override
    public long patienceNanos() {
        return TimeUnit.SECONDS.toNanos(LAST_ANSWERS_SECONDS);
    }

    /** Waits for the last answers, and fails unless so many are kept according to them. */
    void require(long published) throws InterruptedException {
        boolean answered = credit.tryAcquire(EventJob.MAX_AHEAD, LAST_ANSWERS_SECONDS, TimeUnit.SECONDS);
        if (!answered || kept.get() != published) {
            throw new IllegalStateException(
                    kept + " of " + published + " events were kept, as it seems. " + firstFailure);
        }
    }

    @Override
    public void close() {}
}

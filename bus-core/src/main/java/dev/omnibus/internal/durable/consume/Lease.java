package dev.omnibus.internal.durable.consume;

import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The lease of a consumer: renews it, takes over what others had whose lease has ended, and finds out that its own had.
 * Thread-safe; its lock is taken within that of the consumer, never the other way round.
 */
public final class Lease<T> {

    private static final Duration LENGTH = Duration.ofSeconds(3);
    private static final long TRUSTED = TimeUnit.SECONDS.toNanos(2); // since the renewal was sent

    /**
     * What was handled here, and was not pending any more when it was to be acknowledged: it was trimmed, as it had
     * reached its age or the topic was full; or another node has taken it over. Only then does a renewal sent after
     * that say that this consumer was gone.
     */
    private record Missing(String positions, int renewals) {}

    /**
     * What is asked for with a renewal.
     *
     * @param room for how many entries that others had
     * @param asked after how many rereads
     */
    record Claim(int room, int asked) {}

    private final GroupConsumer<T> consumer;
    private final TopicLog<T> topic;
    private final List<Missing> missing = new ArrayList<>(); // guarded by this, like all below
    private boolean known; // the consumer has had a lease
    private boolean perhapsGone; // an answer that would have said it was lost
    private boolean renewing;
    private int renewals; // that were sent
    private long leased; // when the last renewal that was confirmed had been sent

    Lease(GroupConsumer<T> consumer, TopicLog<T> topic) {
        this.consumer = consumer;
        this.topic = topic;
    }

    /** Whether it certainly stands. */
    synchronized boolean stands() {
        return known && topic.timing().nanos() - leased < TRUSTED;
    }

    /** The group is another one: there is no lease yet. */
    synchronized void forget() {
        known = false;
        missing.clear();
    }

    /** Some of these were handled here and are not pending any more: a {@link #renew} is to say why. */
    void missing(List<Held<T>> some) {
        String first = some.get(0).position().toString();
        String positions = some.size() == 1
                ? first
                : first + " to " + some.get(some.size() - 1).position();
        boolean gone;
        synchronized (consumer) { // so that no renewal is answered in between
            gone = some.stream().anyMatch(one -> one.doubtful);
            if (!gone) {
                note(positions);
            }
        }
        if (gone) {
            doubled(positions);
        } else {
            renew();
        }
    }

    private synchronized void note(String positions) {
        missing.add(new Missing(positions, renewals));
    }

    /** Another node has taken over what was handled here. */
    private void doubled(String positions) {
        topic.reports().onDoubled(topic.name(), consumer.consumer().group(), positions);
    }

    synchronized boolean isSettled() {
        return missing.isEmpty();
    }

    /** Renews it, unless that is under way. */
    void renew() {
        synchronized (this) {
            if (renewing) {
                return;
            }
            renewing = true;
        }
        Optional<Claim> claim = consumer.claim();
        int number;
        long sent = topic.timing().nanos();
        synchronized (this) {
            renewing = claim.isPresent();
            number = claim.isPresent() ? ++renewals : renewals;
        }
        claim.ifPresent(one -> renew(one, sent, number));
    }

    private void renew(Claim claim, long sent, int number) {
        topic.streams()
                .takeOver(consumer.consumer(), LENGTH, claim.room(), !consumer.isClosing())
                .whenComplete((taken, failure) -> {
                    if (failure == null) {
                        renewed(taken, claim, sent, number);
                    } else {
                        notRenewed(Failures.of(failure), claim);
                    }
                });
    }

    private void renewed(Streams.TakeOver taken, Claim claim, long sent, int number) {
        boolean lost;
        synchronized (this) {
            lost = known && (taken.wasGone() || perhapsGone);
            perhapsGone = false;
        }
        if (lost) {
            consumer.failedOver(); // before it stands again
        }
        List<Missing> explained;
        boolean again;
        synchronized (this) {
            known = true;
            renewing = false;
            leased = sent;
            explained = missing.stream()
                    .filter(one -> lost || one.renewals() < number)
                    .toList();
            missing.removeAll(explained);
            again = !missing.isEmpty();
        }
        if (lost) {
            explained.forEach(one -> doubled(one.positions()));
        }
        if (again) {
            renew();
        }
        taken.loss().ifPresent(this::report);
        consumer.renewed(taken, claim);
    }

    private void notRenewed(TransportException failure, Claim claim) {
        synchronized (this) {
            renewing = false;
            perhapsGone |= !failure.notSent() && !stands();
        }
        consumer.notRenewed(failure, claim);
    }

    private void report(Streams.Loss loss) {
        String group = consumer.consumer().group();
        topic.reports()
                .onLost(
                        topic.name(),
                        group,
                        loss.count(),
                        "positions " + topic.position(loss.from()) + " to " + topic.position(loss.to()));
        CompletableFuture<Void> unused = topic.streams().lossReported(consumer.consumer(), loss);
    }
}

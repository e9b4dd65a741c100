package dev.omnibus.internal.durable;

import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.consume.Reader;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A subscription to all partitions of a topic: it is one, so it ends with the first of them. Thread-safe. */
record PartitionedSubscription<T>(List<Reader<T>> readers) implements Subscription {

    PartitionedSubscription {
        readers = List.copyOf(readers);
        for (Reader<T> reader : readers) {
            List<Reader<T>> all = readers;
            reader.whenEnding(() -> all.forEach(Reader::close));
        }
    }

    @Override
    public String topic() {
        return readers.get(0).topic();
    }

    @Override
    public CompletableFuture<Void> ready() {
        return new GuardedFuture<Void>().follow(all(Reader::ready));
    }

    @Override
    public void close() {
        readers.forEach(Reader::close);
    }

    @Override
    public CompletableFuture<Void> closed() {
        return new GuardedFuture<Void>(() -> readers.forEach(Reader::requireOutside)).follow(all(Reader::closed));
    }

    private CompletableFuture<Void> all(Function<Reader<T>, CompletableFuture<Void>> asked) {
        return CompletableFuture.allOf(readers.stream().map(asked).toArray(CompletableFuture[]::new));
    }

    @Override
    public SubscriptionStats stats() {
        return readers.stream()
                .map(Reader::stats)
                .reduce(
                        new SubscriptionStats(0, 0, 0, 0, 0, 0, 0, 0),
                        (a, b) -> new SubscriptionStats(
                                a.received() + b.received(),
                                a.handled() + b.handled(),
                                a.failed() + b.failed(),
                                a.retried() + b.retried(),
                                a.bad() + b.bad(),
                                a.dropped() + b.dropped(),
                                a.waiting() + b.waiting(),
                                a.waitingBytes() + b.waitingBytes()));
    }
}

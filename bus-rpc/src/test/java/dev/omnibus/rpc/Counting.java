package dev.omnibus.rpc;

import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Leases;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongUnaryOperator;

/**
 * A transport that tells the counts of one channel late, or changes all counts.
 *
 * @param held the channel of which the counts are kept for {@code late}; empty for none
 */
record Counting(Transport link, String held, LongUnaryOperator count, List<Runnable> late) implements Transport {

    @Override
    public void publish(List<Publication> publications) {
        link.publish(publications.stream().map(this::changed).toList());
    }

    private Publication changed(Publication sent) {
        return new Publication(sent.channel(), sent.frame(), sent.counted(), new Publication.Outcome() {
            @Override
            public void published(long receivers, long onlookers) {
                Runnable tell = () -> sent.outcome().published(count.applyAsLong(receivers), onlookers);
                if (sent.channel().equals(held)) {
                    late.add(tell);
                } else {
                    tell.run();
                }
            }

            @Override
            public void failed(TransportException failure) {
                sent.outcome().failed(failure);
            }
        });
    }

    @Override
    public CompletableFuture<Void> subscribe(String channel, FrameListener listener) {
        return link.subscribe(channel, listener);
    }

    @Override
    public CompletableFuture<Void> subscribePattern(String glob, FrameListener listener) {
        return link.subscribePattern(glob, listener);
    }

    @Override
    public CompletableFuture<Void> unsubscribe(String channelOrGlob) {
        return link.unsubscribe(channelOrGlob);
    }

    @Override
    public CompletableFuture<Void> reconnect() {
        return link.reconnect();
    }

    @Override
    public CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl) {
        return link.renewLease(index, key, value, ttl);
    }

    @Override
    public CompletableFuture<Void> endLease(String index, String key) {
        return link.endLease(index, key);
    }

    @Override
    public CompletableFuture<Leases> leases(String index, long since) {
        return link.leases(index, since);
    }

    @Override
    public void close() {
        link.close();
    }
}

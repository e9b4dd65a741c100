package dev.omnibus.rpc;

import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/** A transport that leaves everything to another one, for tests that change a part of it. */
class PassingOn implements Transport {

    final Transport link;

    PassingOn(Transport link) {
        this.link = link;
    }

    @Override
    public void publish(List<Publication> publications) {
        link.publish(publications);
    }

    @Override
    public boolean shard(Predicate<String> channels) {
        return link.shard(channels);
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
    public CompletableFuture<LeaseUpdate> leases(String index, long since) {
        return link.leases(index, since);
    }

    @Override
    public void close() {
        link.close();
    }
}

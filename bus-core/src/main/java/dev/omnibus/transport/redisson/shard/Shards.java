package dev.omnibus.transport.redisson.shard;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import dev.omnibus.transport.redisson.subscription.Subscribed;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Predicate;

/** The sharded channels of one Redisson client. Thread-safe. */
public final class Shards {

    private final Masters masters;
    private final Predicate<String> sharded;
    private final ShardPublisher publisher;
    private final ShardSubscriptions subscriptions;

    /**
     * Those of a client.
     *
     * @param sharded which channels are
     * @param loop on which all its connections are
     */
    public Shards(
            Masters masters, RedissonInternals internals, Predicate<String> sharded, ScheduledExecutorService loop) {
        this.masters = masters;
        this.sharded = sharded;
        ShardOwners owners = new ShardOwners(masters);
        this.publisher = new ShardPublisher(masters, owners);
        this.subscriptions = new ShardSubscriptions(internals, owners, masters::slot, loop);
    }

    /** Whether all servers know such channels. Waits for their answers; one that gives none has no say. */
    public boolean areKnown() {
        List<CompletableFuture<RedissonInternals.Known>> asked =
                masters.all().stream().map(masters::knowsShards).toList();
        List<RedissonInternals.Known> answers =
                asked.stream().map(CompletableFuture::join).toList();
        return answers.contains(RedissonInternals.Known.YES) && !answers.contains(RedissonInternals.Known.NO);
    }

    public boolean has(String channel) {
        return sharded.test(channel);
    }

    public void publish(Publication publication, ShardPublisher.Report report) {
        publisher.publish(publication, report);
    }

    public CompletableFuture<Void> subscribe(Subscribed wanted) {
        return subscriptions.subscribe(wanted);
    }

    public CompletableFuture<Void> carryOver(Subscribed wanted) {
        return subscriptions.carryOver(wanted);
    }

    public CompletableFuture<Void> unsubscribe(Subscribed unwanted) {
        return subscriptions.unsubscribe(unwanted);
    }

    public long arrivedBeside(Subscribed wanted) {
        return subscriptions.arrivedBeside(wanted);
    }

    /** How many subscriptions it holds. */
    public int size() {
        return subscriptions.size();
    }

    /** Nothing reaches a listener after this. */
    public void close() {
        subscriptions.close();
    }
}

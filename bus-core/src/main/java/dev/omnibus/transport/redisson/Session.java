package dev.omnibus.transport.redisson;

import static dev.omnibus.transport.Publication.Outcome.NOT_SEPARATED;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.cluster.ClusterCounts;
import dev.omnibus.transport.redisson.cluster.MasterTenure;
import dev.omnibus.transport.redisson.connection.BusPipeline;
import dev.omnibus.transport.redisson.connection.BusyPoll;
import dev.omnibus.transport.redisson.connection.ConnectFailures;
import dev.omnibus.transport.redisson.connection.ConnectFailures.HiccupMeter;
import dev.omnibus.transport.redisson.connection.Connections;
import dev.omnibus.transport.redisson.connection.PendingCommands;
import dev.omnibus.transport.redisson.connection.RedissonFailures;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import dev.omnibus.transport.redisson.connection.RedissonSettings;
import dev.omnibus.transport.redisson.lease.RedisLeases;
import dev.omnibus.transport.redisson.shard.Shards;
import dev.omnibus.transport.redisson.subscription.Subscribed;
import dev.omnibus.transport.redisson.subscription.Subscriptions;
import io.netty.channel.EventLoopGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RFuture;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RScriptAsync;
import org.redisson.api.RTopicAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisAuthRequiredException;
import org.redisson.client.RedisException;
import org.redisson.client.RedisNoScriptException;
import org.redisson.client.RedisRetryException;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One Redisson client, from connect to shutdown. After {@link #close()} nothing reaches a listener any more. */
final class Session {

    /**
     * Publishes, and returns two counts: the subscribers of the channel itself, and what PUBLISH returns, which also
     * counts pattern subscribers.
     */
    private static final String COUNTED_PUBLISH =
            "return {redis.call('PUBSUB', 'NUMSUB', KEYS[1])[2], redis.call('PUBLISH', KEYS[1], ARGV[1])}";

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final String GREETED_KEY = "omnibus"; // read, never written

    /** Made beforehand, because there is no memory for it when it is needed. */
    private final TransportException noMemory = new TransportException(
            Kind.CONNECTION_LOST, false, "What became of it was lost for lack of memory; it may have been sent", null);

    private final RedissonClient client;
    private final EventLoopGroup eventLoop;
    private final Connections connections;
    private final RedisLeases leases;
    private final String scriptDigest;
    private final @Nullable MasterTenure masterTenure; // null if there is one master for ever
    private final @Nullable ClusterCounts clusterCounts; // null unless there are many servers
    private final PendingCommands answers;
    private final Subscriptions subscriptions;
    private final @Nullable Shards shards; // null unless there are many servers
    private final AtomicBoolean open = new AtomicBoolean(true);
    private final Set<UnderWay> underWay = ConcurrentHashMap.newKeySet();
    private volatile boolean scriptsAllowed = true;

    private Session(
            RedissonClient client,
            Connections connections,
            RedissonInternals internals,
            Config config,
            Predicate<String> sharded,
            boolean again) {
        this.connections = connections;
        boolean manyServers = config.isClusterConfig();
        this.eventLoop = config.getEventLoopGroup();
        this.answers = new PendingCommands(eventLoop);
        this.client = client;
        Masters masters = config.isSingleConfig() ? null : internals.masters(client);
        MasterTenure tenure = masters == null ? null : new MasterTenure(masters, again);
        this.masterTenure = tenure;
        this.clusterCounts =
                manyServers && masters != null && tenure != null ? new ClusterCounts(masters, tenure) : null;
        this.leases = new RedisLeases(client);
        this.subscriptions = new Subscriptions(client, answers, eventLoop, manyServers);
        this.shards = manyServers && masters != null && internals.has(Hook.SHARDED_CHANNELS)
                ? new Shards(masters, internals, sharded, eventLoop)
                : null;
        this.scriptDigest = RedissonFailures.sha1(COUNTED_PUBLISH);
    }

    /**
     * The first one of a transport, or one that takes the place of another.
     *
     * @param name what its connections are called; not at all if empty
     * @param sharded which channels are, in a cluster that has such
     * @param hiccups of the event loop while it connects, which are said where it fails
     */
    static Session open(
            Config config,
            BusyPoll busyPoll,
            boolean pingBeforePublish,
            RedissonInternals internals,
            String name,
            Predicate<String> sharded,
            boolean again,
            HiccupMeter hiccups) {
        Config own = RedissonSettings.copy(config);
        Connections connections = new Connections(name, internals);
        BusPipeline pipeline = new BusPipeline(
                own.getExecutor(), busyPoll, pingBeforePublish, connections, internals, own.getNettyHook());
        own.setNettyHook(pipeline);
        try {
            Session session = new Session(Redisson.create(own), connections, internals, own, sharded, again);
            pipeline.reportTo(session.subscriptions);
            try {
                session.greet();
                return session;
            } catch (RedisException e) {
                session.close();
                throw e;
            }
        } catch (IllegalArgumentException e) {
            throw e; // a mistake in the configuration
        } catch (RuntimeException e) {
            throw ConnectFailures.of(config, e, hiccups.longest());
        }
    }

    /**
     * Without a login Redisson takes a port that accepts for a Redis. Any answer will do, also that this is forbidden,
     * but for those that Redis gives unasked before it ends the connection.
     */
    private void greet() {
        try {
            boolean unused =
                    client.getBucket(GREETED_KEY, ByteArrayCodec.INSTANCE).isExists();
        } catch (RedisAuthRequiredException | RedisRetryException e) {
            throw e;
        } catch (RedisException e) {
            if (RedissonFailures.isSilence(e) || ConnectFailures.isTurnedAway(e)) {
                throw e;
            }
            LOG.debug("Redis has answered", e);
        }
    }

    /** What to do when only a new session can bring back what it is subscribed to. */
    void whenStuck(Runnable connectsAnew) {
        subscriptions.whenStuck(connectsAnew);
    }

    void name(String name) {
        connections.name(name);
    }

    /** Whether a connection stands by which something can be sent, to one master at least. */
    boolean canSend() {
        return connections.canSend(masterTenure == null ? any -> true : masterTenure::isMaster);
    }

    /** What is equal for channels that have the same master now. */
    Object route(String channel) {
        return clusterCounts == null ? this : clusterCounts.master(channel);
    }

    /** Whether all servers know sharded channels. Waits for their answers. */
    boolean hasShards() {
        return shards != null && shards.areKnown();
    }

    void publish(List<Publication> publications) {
        if (!open.get()) {
            TransportException failure =
                    new TransportException(Kind.CONNECTION_LOST, true, "The connection to Redis is closed", null);
            publications.forEach(publication -> publication.outcome().failed(failure));
            return;
        }
        if (publications.size() == 1) {
            publishAlone(tracked(publications.get(0)));
            return;
        }
        if (clusterCounts != null) { // what a batch that fails on one server did on the others is not known
            publications.forEach(publication -> publish(List.of(publication)));
            return;
        }
        List<Publication> tracked = publications.stream().map(this::tracked).toList();
        try {
            publishTogether(tracked);
        } catch (RuntimeException e) { // shut down at this moment; those that are completed already stay so
            tracked.forEach(publication -> report(publication, 0L, NOT_SEPARATED, e));
        }
    }

    private void publishAlone(Publication tracked) {
        if (shards != null && shards.has(tracked.channel())) {
            shards.publish(tracked, (receivers, failure) -> reportSharded(tracked, receivers, failure));
            return;
        }
        var unused = publish(
                tracked,
                client.getTopic(tracked.channel(), ByteArrayCodec.INSTANCE),
                client.getScript(ByteArrayCodec.INSTANCE));
    }

    private void publishTogether(List<Publication> tracked) {
        RBatch batch = client.createBatch(BatchOptions.defaults().retryAttempts(0));
        List<CompletableFuture<?>> commands = new ArrayList<>();
        for (Publication publication : tracked) {
            commands.add(publish(
                    publication,
                    batch.getTopic(publication.channel(), ByteArrayCodec.INSTANCE),
                    batch.getScript(ByteArrayCodec.INSTANCE)));
        }
        batch.executeAsync().whenComplete((done, failure) -> {
            for (int i = 0; failure != null && i < tracked.size(); i++) {
                if (!commands.get(i).isDone()) { // the batch failed before this command got anywhere
                    report(tracked.get(i), 0L, NOT_SEPARATED, failure);
                }
            }
        });
    }

    /** Redisson may forget a command when it is shut down; its outcome is completed all the same. */
    private Publication tracked(Publication publication) {
        UnderWay once = new UnderWay(publication.outcome());
        underWay.add(once);
        if (!open.get()) { // closed since it was asked: nothing else would complete it
            once.failed(PendingCommands.closedFailure());
        }
        return new Publication(publication.channel(), publication.frame(), publication.counted(), once);
    }

    private CompletableFuture<?> publish(Publication publication, RTopicAsync topic, RScriptAsync scripts) {
        try {
            if (publication.counted() && scriptsAllowed) {
                List<Object> keys = List.of(publication.channel());
                RFuture<List<Long>> counts = scripts.evalShaAsync(
                        Mode.READ_WRITE, scriptDigest, ReturnType.LIST, keys, (Object) publication.frame());
                return counts.whenComplete((both, failure) -> counted(publication, both, failure))
                        .toCompletableFuture();
            }
            return topic.publishAsync(publication.frame())
                    .whenComplete((receivers, failure) -> report(publication, receivers, NOT_SEPARATED, failure))
                    .toCompletableFuture();
        } catch (RuntimeException e) {
            publication.outcome().failed(RedissonFailures.publish(publication.channel(), e));
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Either refusal means that the script did not run, so sending again cannot send twice. */
    private void counted(Publication publication, List<Long> counts, Throwable failure) {
        try {
            if (failure instanceof RedisNoScriptException) {
                publishWithScriptText(publication);
            } else if (failure != null && RedissonFailures.isRefusal(failure)) {
                scriptsAllowed &= !RedissonFailures.refusesScripts(failure); // else only this channel, or only its key
                publishPlainly(publication);
            } else if (failure != null) {
                report(publication, 0L, NOT_SEPARATED, failure);
            } else {
                long subscribers = counts.get(0);
                report(publication, subscribers, Math.max(0, counts.get(1) - subscribers), null);
            }
        } catch (Throwable t) { // Redisson would keep it to itself
            publication.outcome().failed(noMemory);
        }
    }

    private void publishWithScriptText(Publication publication) {
        try {
            publication.outcome().delayed();
            List<Object> keys = List.of(publication.channel());
            RFuture<List<Long>> counts = client.getScript(ByteArrayCodec.INSTANCE)
                    .evalAsync(Mode.READ_WRITE, COUNTED_PUBLISH, ReturnType.LIST, keys, (Object) publication.frame());
            counts.whenComplete((both, again) -> counted(publication, both, again));
        } catch (RuntimeException e) {
            report(publication, 0L, NOT_SEPARATED, e);
        }
    }

    private void publishPlainly(Publication publication) {
        try {
            publication.outcome().delayed();
            client.getTopic(publication.channel(), ByteArrayCodec.INSTANCE)
                    .publishAsync(publication.frame())
                    .whenComplete((receivers, failure) -> report(publication, receivers, NOT_SEPARATED, failure));
        } catch (RuntimeException e) {
            report(publication, 0L, NOT_SEPARATED, e);
        }
    }

    /** No pattern matches there. */
    private void reportSharded(Publication publication, long receivers, @Nullable Throwable failure) {
        try {
            if (failure instanceof Error) {
                throw failure;
            } else if (failure != null) {
                publication.outcome().failed(RedissonFailures.publish(publication.channel(), failure));
            } else {
                publication.outcome().published(receivers, publication.counted() ? 0 : NOT_SEPARATED);
            }
        } catch (Throwable t) {
            publication.outcome().failed(noMemory);
        }
    }

    private void report(Publication publication, Long receivers, long patternSubscribers, @Nullable Throwable failure) {
        try {
            reportOutcome(publication, receivers, patternSubscribers, failure);
        } catch (Throwable t) { // Redisson would keep it to itself, and nothing more would be sent on that channel
            publication.outcome().failed(noMemory);
        }
    }

    private void reportOutcome(
            Publication publication, Long receivers, long patternSubscribers, @Nullable Throwable failure) {
        Publication.Outcome outcome = publication.outcome();
        if (masterTenure != null) {
            masterTenure.refresh();
        }
        if (failure != null) {
            if (clusterCounts == null || !isPutOff(publication, failure)) {
                outcome.failed(RedissonFailures.publish(publication.channel(), failure));
            }
        } else if (clusterCounts != null) {
            verify(clusterCounts, publication, receivers, patternSubscribers);
        } else if (masterTenure != null) {
            boolean perhaps = receivers == 0 && masterTenure.hasNewMaster(publication.channel());
            boolean apart = patternSubscribers != NOT_SEPARATED;
            outcome.published(
                    perhaps ? 1 : receivers,
                    apart ? Math.max(1, patternSubscribers) : NOT_SEPARATED); // so that they are each time
        } else {
            outcome.published(receivers, patternSubscribers);
        }
    }

    /** Nothing overtakes it meanwhile: it is delayed. */
    private boolean isPutOff(Publication publication, Throwable failure) {
        boolean putOff = publication.outcome() instanceof UnderWay waiting
                && answers.putOff(failure, waiting.sinceWithoutMaster(), () -> {
                    if (underWay.contains(waiting)) { // else closed, and failed
                        publishAlone(publication);
                    }
                });
        if (putOff) {
            publication.outcome().delayed();
        }
        return putOff;
    }

    private static void verify(ClusterCounts counts, Publication publication, long receivers, long patternSubscribers) {
        Publication.Outcome outcome = publication.outcome();
        boolean exact = patternSubscribers != NOT_SEPARATED;
        // Elsewhere there may be more, so zero is never reported.
        long some = exact ? Math.max(1, patternSubscribers) : NOT_SEPARATED;
        try {
            counts.verify(publication.channel(), receivers, exact, all -> outcome.published(all, some));
        } catch (RuntimeException e) { // shut down at this moment; it was published, and may have been heard
            outcome.published(Math.max(1, receivers), NOT_SEPARATED);
        }
    }

    CompletableFuture<Void> subscribe(Subscribed wanted) {
        return shards != null && wanted.sharded() ? shards.subscribe(wanted) : subscriptions.subscribe(wanted);
    }

    CompletableFuture<Void> carryOver(Subscribed wanted) {
        return shards != null && wanted.sharded() ? shards.carryOver(wanted) : subscriptions.carryOver(wanted);
    }

    CompletableFuture<Void> unsubscribe(Subscribed unwanted) {
        return shards != null && unwanted.sharded()
                ? shards.unsubscribe(unwanted)
                : subscriptions.unsubscribe(unwanted);
    }

    long arrivedBeside(Subscribed wanted) {
        return shards != null && wanted.sharded() ? shards.arrivedBeside(wanted) : subscriptions.arrivedBeside(wanted);
    }

    int heldSubscriptions() {
        return subscriptions.size() + answers.size() + (shards == null ? 0 : shards.size());
    }

    /** By the connection that publishes. */
    <T> CompletableFuture<T> send(Function<RedissonClient, CompletableFuture<T>> command) {
        return answers.untilClosed(() -> command.apply(client));
    }

    <T> CompletableFuture<T> ask(Function<RedisLeases, CompletableFuture<T>> question) {
        return RedissonFailures.named("reach the leases", answers.untilClosed(() -> question.apply(leases)));
    }

    void close() {
        if (open.compareAndSet(true, false)) {
            try {
                if (shards != null) {
                    shards.close();
                }
                answers.close(client);
                if (eventLoop.isShuttingDown()) {
                    connections.closeLeft();
                }
            } finally {
                failWhatIsUnderWay();
            }
        }
    }

    /** Each of them, also if one fails for lack of memory: a channel whose outcome is never completed sends no more. */
    private void failWhatIsUnderWay() {
        TransportException failure = noMemory;
        try {
            failure = PendingCommands.closedFailure();
        } finally {
            for (UnderWay outcome : underWay) {
                try {
                    outcome.failed(failure);
                } catch (Throwable t) {
                    FailureLog.error(LOG, t, "The callback of a publication failed");
                }
            }
        }
    }

    private final class UnderWay implements Publication.Outcome {

        private final Publication.Outcome outcome;
        private long withoutMaster; // when it first was found that no master has its slot; 0 if that was not so

        UnderWay(Publication.Outcome outcome) {
            this.outcome = outcome;
        }

        long sinceWithoutMaster() {
            withoutMaster = withoutMaster == 0 ? System.nanoTime() : withoutMaster;
            return withoutMaster;
        }

        @Override
        public void delayed() {
            outcome.delayed();
        }

        @Override
        public void published(long receivers, long patternSubscribers) {
            if (underWay.remove(this)) {
                outcome.published(receivers, patternSubscribers);
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (underWay.remove(this)) {
                outcome.failed(failure);
            }
        }
    }
}

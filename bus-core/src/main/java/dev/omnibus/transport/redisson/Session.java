package dev.omnibus.transport.redisson;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.RedissonTransport.Subscribed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.redisson.Redisson;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RFuture;
import org.redisson.api.RPatternTopic;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RScriptAsync;
import org.redisson.api.RTopic;
import org.redisson.api.RTopicAsync;
import org.redisson.api.RedissonClient;
import org.redisson.api.listener.PatternStatusListener;
import org.redisson.api.listener.StatusListener;
import org.redisson.client.RedisException;
import org.redisson.client.RedisNoScriptException;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.config.Config;

/** One Redisson client, from connect to shutdown. After {@link #close()} nothing reaches a listener any more. */
final class Session {

    /**
     * Publishes and tells the subscribers of the channel itself, both in one step. PUBLISH's own number also counts
     * whoever subscribed by a pattern and only looks on.
     */
    private static final String COUNTED_PUBLISH =
            "local n = redis.call('PUBSUB', 'NUMSUB', KEYS[1])[2] redis.call('PUBLISH', KEYS[1], ARGV[1]) return n";

    private final RedissonClient client;
    private final RedisLeases leases;
    private final String scriptDigest;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private final Set<UnderWay> underWay = ConcurrentHashMap.newKeySet();
    private final Map<Object, CompletableFuture<?>> waiting = new ConcurrentHashMap<>(); // each under a key of its own
    private final Map<Subscribed, CompletableFuture<Void>> subscribed = new ConcurrentHashMap<>();
    private volatile boolean scriptsAllowed = true;

    private Session(RedissonClient client) {
        this.client = client;
        this.leases = new RedisLeases(client);
        this.scriptDigest = Failures.sha1(COUNTED_PUBLISH);
    }

    static Session open(Config config) {
        try {
            return new Session(Redisson.create(new Config(config)));
        } catch (RedisException e) {
            throw Failures.connect(e);
        }
    }

    void publish(List<Publication> publications) {
        if (!open.get()) {
            TransportException failure =
                    new TransportException(Kind.CONNECTION_LOST, true, "The connection to Redis is closed", null);
            publications.forEach(publication -> publication.outcome().failed(failure));
            return;
        }
        if (publications.size() == 1) {
            Publication only = tracked(publications.get(0));
            publish(
                    only,
                    client.getTopic(only.channel(), ByteArrayCodec.INSTANCE),
                    client.getScript(ByteArrayCodec.INSTANCE));
            return;
        }
        List<Publication> tracked = publications.stream().map(this::tracked).toList();
        try {
            publishTogether(tracked);
        } catch (RuntimeException e) { // shut down at this moment; those told already are not told again
            tracked.forEach(publication -> tell(publication, 0L, false, e));
        }
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
                    tell(tracked.get(i), 0L, false, failure);
                }
            }
        });
    }

    /** Redisson may forget a command when it is shut down; whoever waits for its outcome may not wait for ever. */
    private Publication tracked(Publication publication) {
        UnderWay once = new UnderWay(publication.outcome());
        underWay.add(once);
        if (!open.get()) { // closed since it was asked: nobody else would tell
            once.failed(closedFailure());
        }
        return new Publication(publication.channel(), publication.frame(), publication.counted(), once);
    }

    private CompletableFuture<?> publish(Publication publication, RTopicAsync topic, RScriptAsync scripts) {
        try {
            if (publication.counted() && scriptsAllowed) {
                List<Object> keys = List.of(publication.channel());
                RFuture<Long> count = scripts.evalShaAsync(
                        Mode.READ_WRITE, scriptDigest, ReturnType.LONG, keys, (Object) publication.frame());
                return count.whenComplete((subscribers, failure) -> counted(publication, subscribers, failure))
                        .toCompletableFuture();
            }
            return topic.publishAsync(publication.frame())
                    .whenComplete((receivers, failure) -> tell(publication, receivers, false, failure))
                    .toCompletableFuture();
        } catch (RuntimeException e) {
            publication.outcome().failed(Failures.publish(publication.channel(), e));
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Either refusal means that the script did not run, so sending again cannot send twice. */
    private void counted(Publication publication, Long subscribers, Throwable failure) {
        if (failure instanceof RedisNoScriptException) {
            publishWithScriptText(publication);
        } else if (failure != null && Failures.isRefusal(failure)) {
            scriptsAllowed &= !Failures.refusesScripts(failure); // else only this channel, or only its key
            publishPlainly(publication);
        } else {
            tell(publication, subscribers, true, failure);
        }
    }

    private void publishWithScriptText(Publication publication) {
        try {
            List<Object> keys = List.of(publication.channel());
            RFuture<Long> count = client.getScript(ByteArrayCodec.INSTANCE)
                    .evalAsync(Mode.READ_WRITE, COUNTED_PUBLISH, ReturnType.LONG, keys, (Object) publication.frame());
            count.whenComplete((n, again) -> counted(publication, n, again));
        } catch (RuntimeException e) {
            tell(publication, 0L, false, e);
        }
    }

    private void publishPlainly(Publication publication) {
        try {
            client.getTopic(publication.channel(), ByteArrayCodec.INSTANCE)
                    .publishAsync(publication.frame())
                    .whenComplete((receivers, failure) -> tell(publication, receivers, false, failure));
        } catch (RuntimeException e) {
            tell(publication, 0L, false, e);
        }
    }

    private static void tell(Publication publication, Long receivers, boolean exact, Throwable failure) {
        if (failure == null) {
            publication.outcome().published(receivers, exact);
        } else {
            publication.outcome().failed(Failures.publish(publication.channel(), failure));
        }
    }

    /**
     * Subscribes, once however often it is asked: a reconnect may ask for what is being subscribed at the same time,
     * and a second Redisson listener would double every frame.
     */
    CompletableFuture<Void> subscribe(Subscribed wanted) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        CompletableFuture<Void> before = subscribed.putIfAbsent(wanted, done);
        if (before != null) {
            return before;
        }
        untilClosed(() -> listen(wanted)).whenComplete((id, failure) -> {
            if (failure == null) {
                done.complete(null);
            } else {
                subscribed.remove(wanted, done);
                done.completeExceptionally(Failures.subscribe(wanted.name(), failure));
            }
        });
        return done;
    }

    /** From the second confirmation on, the subscription has been down in between. */
    private CompletableFuture<Integer> listen(Subscribed subscribed) {
        AtomicInteger confirmations = new AtomicInteger();
        Runnable confirmed = () -> {
            if (confirmations.incrementAndGet() > 1 && open.get()) {
                subscribed.listener().onInterrupted();
            }
        };
        String name = subscribed.name();
        if (subscribed.pattern()) {
            RPatternTopic topic = client.getPatternTopic(name, ByteArrayCodec.INSTANCE);
            return topic.addListenerAsync(new PatternStatus(confirmed))
                    .thenCompose(id -> topic.addListenerAsync(byte[].class, (pattern, channel, frame) -> {
                        if (open.get()) {
                            subscribed.listener().onFrame(channel.toString(), frame);
                        }
                    }))
                    .toCompletableFuture();
        }
        RTopic topic = client.getTopic(name, ByteArrayCodec.INSTANCE);
        return topic.addListenerAsync(new Status(confirmed))
                .thenCompose(id -> topic.addListenerAsync(byte[].class, (channel, frame) -> {
                    if (open.get()) {
                        subscribed.listener().onFrame(name, frame);
                    }
                }))
                .toCompletableFuture();
    }

    CompletableFuture<Void> unsubscribe(Subscribed unwanted) {
        subscribed.remove(unwanted);
        String name = unwanted.name();
        CompletableFuture<Void> done = untilClosed(() -> unwanted.pattern()
                ? client.getPatternTopic(name, ByteArrayCodec.INSTANCE)
                        .removeAllListenersAsync()
                        .toCompletableFuture()
                : client.getTopic(name, ByteArrayCodec.INSTANCE)
                        .removeAllListenersAsync()
                        .toCompletableFuture());
        return Failures.named("unsubscribe from " + name, done);
    }

    <T> CompletableFuture<T> ask(Function<RedisLeases, CompletableFuture<T>> question) {
        return Failures.named("reach the leases", untilClosed(() -> question.apply(leases)));
    }

    /** As with publications: Redisson may forget what it was asked, or throw, when it is shut down. */
    private <T> CompletableFuture<T> untilClosed(Supplier<CompletableFuture<T>> question) {
        CompletableFuture<T> answer;
        try {
            answer = question.get().copy();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        Object key = new Object();
        waiting.put(key, answer);
        answer.whenComplete((value, failure) -> waiting.remove(key));
        if (!open.get()) {
            answer.completeExceptionally(closedFailure());
        }
        return answer;
    }

    private static TransportException closedFailure() {
        return new TransportException(
                Kind.CONNECTION_LOST,
                false,
                "The connection to Redis was closed before it answered; it may still do what it was asked",
                null);
    }

    void close() {
        if (open.compareAndSet(true, false)) {
            client.shutdown(0, 100, TimeUnit.MILLISECONDS);
            TransportException failure = closedFailure();
            underWay.forEach(outcome -> outcome.failed(failure));
            waiting.values().forEach(answer -> answer.completeExceptionally(failure));
        }
    }

    private final class UnderWay implements Publication.Outcome {

        private final Publication.Outcome outcome;

        UnderWay(Publication.Outcome outcome) {
            this.outcome = outcome;
        }

        @Override
        public void published(long receivers, boolean exact) {
            if (underWay.remove(this)) {
                outcome.published(receivers, exact);
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (underWay.remove(this)) {
                outcome.failed(failure);
            }
        }
    }

    private record Status(Runnable confirmed) implements StatusListener {

        @Override
        public void onSubscribe(String channel) {
            confirmed.run();
        }

        @Override
        public void onUnsubscribe(String channel) {}
    }

    private record PatternStatus(Runnable confirmed) implements PatternStatusListener {

        @Override
        public void onPSubscribe(String pattern) {
            confirmed.run();
        }

        @Override
        public void onPUnsubscribe(String pattern) {}
    }
}

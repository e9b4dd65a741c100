package dev.omnibus.bus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.channel.Channels;
import dev.omnibus.channel.Sent;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes events, and keeps one {@link EventReader} for each topic or pattern that this process is subscribed to. */
final class Events {

    private static final Logger LOG = LoggerFactory.getLogger(Events.class);

    private record PrefixKey(String topic, String eventType) {}

    private record Prefix(String channel, byte[] bytes) {}

    private final Channels channels;
    private final ObjectMapper json;
    private final EventCodec codec;
    private final Executor executor;
    private final SafeListener listener;
    private final Map<PrefixKey, Prefix> prefixes = new ConcurrentHashMap<>();
    private final Map<String, EventReader> readers = new HashMap<>(); // guarded by this
    private final List<EventSubscription<?>> open = new ArrayList<>(); // guarded by this

    Events(Channels channels, ObjectMapper json, Executor executor, SafeListener listener) {
        this.channels = channels;
        this.json = json;
        this.codec = new EventCodec(json, channels.node());
        this.executor = executor;
        this.listener = listener;
    }

    CompletableFuture<Long> publish(String topic, String eventType, Map<String, String> attributes, Object data) {
        Prefix prefix = prefixes.computeIfAbsent(new PrefixKey(topic, eventType), this::prefix);
        byte[] message = codec.write(prefix.bytes(), attributes, data);
        Publishing publishing = new Publishing(topic);
        channels.sendNumbered(prefix.channel(), message, prefix.bytes().length, EventCodec.SEQUENCE_DIGITS, publishing);
        return publishing.done;
    }

    private Prefix prefix(PrefixKey key) {
        TopicPattern.requireTopic(key.topic());
        return new Prefix(channels.names().event(key.topic()), codec.prefix(key.topic(), key.eventType()));
    }

    private final class Publishing implements Sent {

        private final String topic;
        private final CompletableFuture<Long> done = new CompletableFuture<>();

        Publishing(String topic) {
            this.topic = topic;
        }

        @Override
        public boolean mayBlock() {
            return true; // what the program has hung on the future
        }

        @Override
        public void sent(long receivers, boolean exact) {
            done.complete(receivers);
        }

        @Override
        public void failed(TransportException failure) {
            PublishException e = new PublishException(failure);
            listener.onPublishFailed(topic, e);
            done.completeExceptionally(e);
        }
    }

    synchronized <T> Subscription subscribe(String topic, Class<T> type, EventHandler<T> handler) {
        TopicPattern pattern = TopicPattern.parse(topic);
        String channel = channels.names().event(pattern.toGlob());
        EventReader reader = readers.get(channel);
        if (reader == null) {
            reader = new EventReader(channel, codec, channels.names()::topic, listener);
            readers.put(channel, reader);
        }
        EventSubscription<T> subscription =
                new EventSubscription<>(pattern, reader, type, json.readerFor(type), handler, executor, listener, this);
        reader.add(subscription);
        open.add(subscription);
        if (reader.isNew()) {
            listen(reader, pattern.isWildcard());
        }
        return subscription;
    }

    private void listen(EventReader reader, boolean wildcard) {
        reader.opened(
                wildcard
                        ? channels.listenPattern(reader.channel(), reader)
                        : channels.listen(reader.channel(), reader));
        reader.listening().ready().whenComplete((done, failure) -> {
            if (failure != null) {
                synchronized (this) {
                    readers.remove(reader.channel(), reader); // the next subscription tries again
                }
            }
        });
    }

    CompletableFuture<Void> ready(EventReader reader) {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        reader.listening().ready().whenComplete((done, failure) -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            settle(ready, null, cause instanceof TransportException refused ? new SubscribeException(refused) : cause);
        });
        return ready;
    }

    /** Completes a future of the program on the executor: what hangs on it may block, and this may be an I/O thread. */
    <T> void settle(CompletableFuture<T> future, @Nullable T value, @Nullable Throwable failure) {
        Runnable completion =
                failure == null ? () -> future.complete(value) : () -> future.completeExceptionally(failure);
        try {
            executor.execute(completion);
        } catch (RejectedExecutionException shutDown) {
            completion.run();
        }
    }

    /**
     * Ends a subscription, and the channel with the last one; completes when it has been offered everything that had
     * arrived, and is offered nothing any more.
     */
    CompletableFuture<Void> remove(EventReader reader, EventSubscription<?> subscription) {
        CompletableFuture<Void> served;
        synchronized (this) {
            if (reader.leave()) {
                readers.remove(reader.channel(), reader);
                served = reader.listening().close();
            } else {
                served = reader.listening().caughtUp();
            }
        }
        return served.whenComplete((done, failure) -> reader.remove(subscription));
    }

    /** Until then, closing the bus waits for it. */
    synchronized void ended(EventSubscription<?> subscription) {
        open.remove(subscription);
    }

    /** Closes all subscriptions. False if some handler did not finish in time. */
    boolean close(Duration timeout) throws InterruptedException {
        List<EventSubscription<?>> last;
        synchronized (this) {
            last = List.copyOf(open);
        }
        CompletableFuture<?>[] ended =
                last.stream().map(EventSubscription::close).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(ended).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            LOG.debug("A subscription did not end in order", e);
        }
        return true;
    }

    /** What went wrong, without the text of the message in which it did. */
    static String reason(Throwable e) {
        return e instanceof JsonProcessingException bad ? bad.getOriginalMessage() : String.valueOf(e.getMessage());
    }
}

package dev.omnibus.bus;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.channel.Mailbox;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** One handler with its mailbox. */
final class EventSubscription<T> implements Subscription {

    /** Room for a burst of some seconds, as other brokers have it by default. */
    static final Mailbox.Limits WAITING = new Mailbox.Limits(512 * 1024, 64L * 1024 * 1024);

    private final TopicPattern pattern;
    private final EventReader reader;
    private final Class<T> type;
    private final ObjectReader json;
    private final EventHandler<T> handler;
    private final SafeListener listener;
    private final Events events;
    private final Mailbox<Envelope> mailbox;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean refusing;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    EventSubscription(
            TopicPattern pattern,
            EventReader reader,
            Class<T> type,
            ObjectReader json,
            EventHandler<T> handler,
            Executor executor,
            SafeListener listener,
            Events events) {
        this.pattern = pattern;
        this.reader = reader;
        this.type = type;
        this.json = json;
        this.handler = handler;
        this.listener = listener;
        this.events = events;
        this.mailbox = new Mailbox<>(executor, 1, WAITING, Envelope::size, (event, next) -> handle(event));
    }

    void offer(Envelope event, Executor next) {
        if (!mailbox.offer(event, next) && !refusing) {
            listener.onDropped(topic());
        }
    }

    private void handle(Envelope envelope) {
        Event<T> event;
        try {
            event = envelope.as(type, json);
        } catch (IOException | RuntimeException | Error e) { // a deserializer of the program may throw anything
            listener.onBadMessage(
                    topic(),
                    "Event " + envelope.id + " of " + envelope.source + " is no " + type.getSimpleName() + ": "
                            + Events.reason(e));
            return;
        }
        try {
            handler.handle(event);
        } catch (Throwable t) {
            listener.onHandlerFailed(event, t);
        }
    }

    @Override
    public String topic() {
        return pattern.toString();
    }

    TopicPattern pattern() {
        return pattern;
    }

    @Override
    public CompletableFuture<Void> ready() {
        return events.ready(reader);
    }

    @Override
    public CompletableFuture<Void> close() {
        if (closed.compareAndSet(false, true)) {
            events.remove(reader, this)
                    .thenCompose(done -> {
                        refusing = true;
                        return mailbox.close();
                    })
                    .whenComplete((done, failure) -> {
                        events.ended(this);
                        events.settle(ended, null, failure);
                    });
        }
        return ended.copy();
    }
}

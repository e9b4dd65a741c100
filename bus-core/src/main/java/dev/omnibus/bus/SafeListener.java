package dev.omnibus.bus;

import dev.omnibus.channel.Mailbox;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The user's listener, which can never throw into the bus. What it is told is counted and logged as well, but logged
 * only so often: who floods the bus shall not flood the log. Nothing of what an event carries is logged.
 */
final class SafeListener {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    private static final int LINES_PER_SECOND = 20;

    private static final Mailbox.Limits WAITING = new Mailbox.Limits(65_536, Long.MAX_VALUE);

    private final BusListener listener;
    private final Counters counters;
    private final Mailbox<Consumer<BusListener>> mailbox; // reports come from threads that must not wait
    private long second; // guarded by this
    private int lines; // guarded by this
    private long silent; // guarded by this

    SafeListener(BusListener listener, Counters counters, Executor executor) {
        this.listener = listener;
        this.counters = counters;
        this.mailbox = new Mailbox<>(executor, 1, WAITING, what -> 0, (what, next) -> handle(what));
    }

    private void tell(Consumer<BusListener> what) {
        if (!mailbox.offer(what) && mayLog()) {
            LOG.warn("The BusListener is too slow, or the bus has ended: a report was not handed to it");
        }
    }

    private void handle(Consumer<BusListener> what) {
        try {
            what.accept(listener);
        } catch (Throwable t) {
            LOG.error("A BusListener failed", t);
        }
    }

    private synchronized boolean mayLog() {
        long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        if (now != second) {
            second = now;
            lines = 0;
            if (silent > 0) {
                LOG.warn("{} more reports like those before were not logged", silent);
                silent = 0;
            }
        }
        if (lines++ < LINES_PER_SECOND) {
            return true;
        }
        silent++;
        return false;
    }

    void onHandlerFailed(Event<?> event, Throwable failure) {
        counters.handlerFailures.increment();
        if (mayLog()) {
            LOG.error(
                    "A handler of topic {} failed at event {} of {}",
                    event.topic(),
                    event.id(),
                    event.source(),
                    failure);
        }
        tell(l -> l.onHandlerFailed(event, failure));
    }

    void onBadMessage(String channel, String problem) {
        counters.badMessages.increment();
        if (mayLog()) {
            LOG.warn("Dropped a bad message on {}: {}", printable(channel), problem);
        }
        tell(l -> l.onBadMessage(channel, problem));
    }

    void onGap(String topic, String source, long from, long to) {
        counters.gaps.increment();
        counters.lost.add(to - from + 1);
        if (mayLog()) {
            LOG.warn("Lost {} events of {} on topic {}: {} to {}", to - from + 1, source, topic, from, to);
        }
        tell(l -> l.onGap(topic, source, from, to));
    }

    void onDuplicate(String topic, String source, String id) {
        counters.duplicates.increment();
        if (mayLog()) {
            LOG.warn("Dropped event {} of {} on topic {}: it came before, or too late", id, source, topic);
        }
        tell(l -> l.onDuplicate(topic, source, id));
    }

    void onDropping(String topic) {
        if (mayLog()) {
            LOG.warn("The handler of {} is too slow for what arrives; events are being dropped", topic);
        }
        tell(l -> l.onDropping(topic));
    }

    void onDropped(String topic, long events) {
        if (mayLog()) {
            LOG.warn("{} events of {} were dropped, because its handler was too slow", events, topic);
        }
        tell(l -> l.onDropped(topic, events));
    }

    void onFramesDropping(String channel) {
        if (mayLog()) {
            LOG.warn("More arrives on {} than can be read; frames are being dropped", channel);
        }
        tell(l -> l.onFramesDropping(channel));
    }

    void onFramesDropped(String channel, long frames) {
        if (mayLog()) {
            LOG.warn("{} frames on {} were dropped, because more arrived than could be read", frames, channel);
        }
        tell(l -> l.onFramesDropped(channel, frames));
    }

    void onPublishFailed(String topic, PublishException failure) {
        counters.publishFailed.increment();
        if (mayLog()) { // nobody may look at the future
            LOG.warn("An event on topic {} was not published ({}): {}", topic, failure.outcome(), failure.getMessage());
        }
        tell(l -> l.onPublishFailed(topic, failure));
    }

    void onInterrupted(String topic) {
        counters.interruptions.increment();
        if (mayLog()) {
            LOG.warn("The subscription to {} was interrupted; events may be missing", topic);
        }
        tell(l -> l.onInterrupted(topic));
    }

    void onDeadEvent(String topic, String type) {
        if (mayLog()) {
            LOG.warn("No method takes the events of type {} on topic {}", type, topic);
        }
        tell(l -> l.onDeadEvent(topic, type));
    }

    void onState(BusState state) {
        tell(l -> l.onState(state));
    }

    /** Tells what has been reported until now, and nothing after it. */
    CompletableFuture<Void> close() {
        return mailbox.close();
    }

    /** Who publishes chooses the channel's name, and could write lines of a log with it. */
    private static String printable(String channel) {
        return channel.chars().anyMatch(Character::isISOControl) ? channel.replaceAll("\\p{Cntrl}", "?") : channel;
    }
}

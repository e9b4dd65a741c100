package dev.omnibus.bus;

import dev.omnibus.channel.ChannelListener;
import dev.omnibus.channel.Mailbox;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The user's listener, which can never throw into the bus. What it is told is logged as well, but only so often: who
 * floods the bus shall not flood the log.
 */
final class SafeListener implements ChannelListener {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    private static final int LINES_PER_SECOND = 20;

    private static final Mailbox.Limits WAITING = new Mailbox.Limits(65_536, Long.MAX_VALUE);

    private final BusListener listener;
    private final Mailbox<Consumer<BusListener>> mailbox; // reports come from threads that must not wait
    private long second; // guarded by this
    private int lines; // guarded by this
    private long silent; // guarded by this

    SafeListener(BusListener listener, Executor executor) {
        this.listener = listener;
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
        if (mayLog()) {
            LOG.warn("Dropped a bad message on {}: {}", channel, problem);
        }
        tell(l -> l.onBadMessage(channel, problem));
    }

    void onGap(String topic, String source, long from, long to) {
        if (mayLog()) {
            LOG.warn("Lost {} events of {} on topic {}: {} to {}", to - from + 1, source, topic, from, to);
        }
        tell(l -> l.onGap(topic, source, from, to));
    }

    void onDuplicate(String topic, String source, long sequence) {
        if (mayLog()) {
            LOG.warn("Dropped event {} of {} on topic {}: it came before, or too late", sequence, source, topic);
        }
        tell(l -> l.onDuplicate(topic, source, sequence));
    }

    void onDropped(String topic) {
        if (mayLog()) {
            LOG.warn("The handler of {} is too slow for what arrives; an event was dropped", topic);
        }
        tell(l -> l.onDropped(topic));
    }

    void onPublishFailed(String topic, PublishException failure) {
        LOG.debug("An event on topic {} was not published", topic, failure);
        tell(l -> l.onPublishFailed(topic, failure));
    }

    void onInterrupted(String topic) {
        LOG.warn("The subscription to {} was interrupted; events may be missing", topic);
        tell(l -> l.onInterrupted(topic));
    }

    @Override
    public void onBadFrame(String channel, String problem) {
        onBadMessage(channel, problem);
    }

    @Override
    public void onFrameDropped(String channel, int bytes) {
        onBadMessage(channel, "A frame of " + bytes + " bytes was dropped: too much waits to be read");
    }

    @Override
    public void onLinkDown() {
        LOG.warn("The bus does not hear itself any more; connecting anew");
        tell(BusListener::onLinkDown);
    }

    @Override
    public void onLinkUp() {
        LOG.info("The bus hears itself again");
        tell(BusListener::onLinkUp);
    }
}

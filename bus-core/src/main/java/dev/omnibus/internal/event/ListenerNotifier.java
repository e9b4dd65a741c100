package dev.omnibus.internal.event;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.PublishException;
import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.Mailbox;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies the listeners of the program, none of which can throw into the bus. Each report is counted and logged as
 * well, at a bounded rate: a flood on the bus is none in the log. Nothing that an event carries is logged.
 */
public final class ListenerNotifier {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    /** What a report costs beyond what it tells of. */
    private static final int OVERHEAD = 256;

    private static final int MAX_PRINTED = 2_000; // characters of a text from the wire

    private static final int FAILURE_BYTES = 2_048; // of an exception with its trace
    private static final int MAX_CAUSES = 16; // they may go round
    private static final int DECODED = 12; // data weighs far more as objects than it did as JSON

    private static final Mailbox.Limits WAITING = new Mailbox.Limits(65_536, 32L * 1024 * 1024);

    /** One call of the listener, which waits for those before it. */
    private record Report(int weight, Consumer<BusListener> call) {}

    private final List<BusListener> listeners;
    private final EventCounters counters;
    private final Mailbox<Report> mailbox; // reports come from threads that must not wait
    private final LogLimit own =
            new LogLimit(); // what the wire brings must not keep failures of handlers out of the log
    private final LogLimit foreign = new LogLimit();
    private volatile boolean closed;

    public ListenerNotifier(
            List<BusListener> listeners, EventCounters counters, Executor executor, DelayedExecutor later) {
        this.listeners = new CopyOnWriteArrayList<>(listeners);
        this.counters = counters;
        this.mailbox =
                new Mailbox<>(executor, later, 1, WAITING, Report::weight, (report, next) -> handle(report.call()));
    }

    /** It is notified of what is reported from now on. */
    public void add(BusListener listener) {
        listeners.add(listener);
    }

    /** It is not notified any more, but for what it is being called with just now. */
    public void remove(BusListener listener) {
        listeners.remove(listener);
    }

    private void tell(int bytes, Consumer<BusListener> what) {
        if (listeners.isEmpty()) {
            return;
        }
        if (!mailbox.offer(new Report(OVERHEAD + bytes, what)) && !closed && own.mayLog()) {
            warn("The BusListener is too slow: a report was not handed to it");
        }
    }

    private static void warn(String line, Object... arguments) {
        FailureLog.safely(() -> LOG.warn(line, arguments));
    }

    private void handle(Consumer<BusListener> what) {
        for (BusListener listener : listeners) {
            try {
                what.accept(listener);
            } catch (Throwable t) {
                FailureLog.error(LOG, t, "A BusListener failed");
            }
        }
    }

    /** Lets so many lines into the log that whoever floods the bus does not flood the log. */
    private static final class LogLimit {

        private static final int LINES_PER_SECOND = 20;

        private long second; // guarded by this, like all below
        private int lines;
        private long silent;

        synchronized boolean mayLog() {
            long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
            if (now != second) {
                second = now;
                lines = 0;
                if (silent > 0) {
                    warn("{} more reports like those before were not logged", silent);
                    silent = 0;
                }
            }
            if (lines++ < LINES_PER_SECOND) {
                return true;
            }
            silent++;
            return false;
        }
    }

    /**
     * A handler has failed.
     *
     * @param bytes what the event weighed while it waited
     */
    void onHandlerFailed(Event<?> event, int bytes, Throwable failure) {
        counters.handlerFailures.increment();
        if (own.mayLog()) {
            FailureLog.error(
                    LOG,
                    failure,
                    "A handler of topic {} failed at event {} of {}",
                    printable(event.topic()),
                    printable(event.id()),
                    printable(event.source()));
        }
        long weight = (long) DECODED * bytes + FAILURE_BYTES + 2 * charactersOf(failure);
        tell((int) Math.min(weight, Integer.MAX_VALUE - OVERHEAD), l -> l.onHandlerFailed(event, failure));
    }

    /** What an exception and its causes say, which may quote a whole document. */
    private static long charactersOf(Throwable failure) {
        long characters = 0;
        try {
            Throwable next = failure;
            for (int i = 0; next != null && i < MAX_CAUSES; i++) {
                characters += String.valueOf(next.getMessage()).length();
                next = next.getCause();
            }
        } catch (Throwable unreadable) { // it may be of any class
            return characters;
        }
        return characters;
    }

    void onBadMessage(String channel, String problem) {
        counters.badMessages.increment();
        if (foreign.mayLog()) {
            warn("Dropped a bad message on {}: {}", printable(channel), printable(problem));
        }
        tell(
                2 * (channel.length() + problem.length()),
                l -> l.onBadMessage(printable(channel), printable(problem))); // most listeners log it
    }

    void onGap(String topic, String source, long from, long to) {
        counters.gaps.increment();
        counters.lost(to - from + 1);
        if (foreign.mayLog()) {
            warn(
                    "Lost {} events of {} on topic {}: {} to {}",
                    to - from + 1,
                    printable(source),
                    printable(topic),
                    from,
                    to);
        }
        tell(2 * (topic.length() + source.length()), l -> l.onGap(topic, printable(source), from, to));
    }

    /** What was called missing is not: a number was forged, or events came late that were not overtaken. */
    void onGapTakenBack(String topic, String source, long events) {
        counters.lost(-events);
        if (foreign.mayLog()) {
            warn(
                    "{} events of {} on topic {} that were reported as lost are not: its numbers go on before them",
                    events,
                    printable(source),
                    printable(topic));
        }
    }

    void onDuplicate(String topic, String source, String id) {
        counters.duplicates.increment();
        if (foreign.mayLog()) {
            warn(
                    "Dropped event {} of {} on topic {}: it came before, or too late",
                    printable(id),
                    printable(source),
                    printable(topic));
        }
        tell(
                2 * (topic.length() + source.length() + id.length()),
                l -> l.onDuplicate(topic, printable(source), printable(id)));
    }

    void onDropping(String topic) {
        if (own.mayLog()) {
            warn("The handler of {} is too slow for what arrives; events are being dropped", topic);
        }
        tell(0, l -> l.onDropping(topic));
    }

    void onDropped(String topic, long events) {
        if (own.mayLog()) {
            warn("{} events of {} were dropped, because its handler was too slow", events, topic);
        }
        tell(0, l -> l.onDropped(topic, events));
    }

    void onFramesDropping(String channel) {
        if (own.mayLog()) {
            warn("More arrives on {} than can be read; frames are being dropped", channel);
        }
        tell(0, l -> l.onFramesDropping(channel));
    }

    void onFramesDropped(String channel, long frames) {
        if (own.mayLog()) {
            warn("{} frames on {} were dropped, because more arrived than could be read", frames, channel);
        }
        tell(0, l -> l.onFramesDropped(channel, frames));
    }

    void onPublishFailed(String topic, PublishException failure) {
        counters.publishFailed.increment();
        if (own.mayLog()) { // nobody may look at the future
            String why = String.valueOf(failure.getMessage());
            warn("An event on topic {} was not published ({}): {}", topic, failure.outcome(), why);
        }
        tell(FAILURE_BYTES, l -> l.onPublishFailed(topic, failure));
    }

    void onUnsent(String channel, String problem) {
        if (own.mayLog()) {
            warn("On {}: {}", printable(channel), printable(problem));
        }
        tell(2 * (channel.length() + problem.length()), l -> l.onUnsent(printable(channel), printable(problem)));
    }

    void onInterrupted(String topic) {
        counters.interruptions.increment();
        if (own.mayLog()) {
            warn("The subscription to {} was interrupted; events may be missing", topic);
        }
        tell(0, l -> l.onInterrupted(topic));
    }

    void onDeadEvent(String topic, String type) {
        if (foreign.mayLog()) {
            warn("No method takes the events of type {} on topic {}", printable(type), printable(topic));
        }
        tell(2 * (topic.length() + type.length()), l -> l.onDeadEvent(topic, printable(type)));
    }

    void onSubscriptionEnded(String topic, String reason) {
        if (own.mayLog()) {
            warn("The subscription to {} has ended: {}", topic, reason);
        }
        tell(0, l -> l.onSubscriptionEnded(topic, reason));
    }

    void onState(BusState state) {
        tell(0, l -> l.onState(state));
    }

    /** Tells what has been reported until now, and nothing after it. */
    public CompletableFuture<Void> close() {
        closed = true;
        return mailbox.close();
    }

    /**
     * A text from the wire as it may stand in a log: whoever sends it could write lines of the log with it, fill the
     * disk, or have a terminal do something.
     */
    static String printable(String whole) {
        String text = whole.length() <= MAX_PRINTED ? whole : whole.substring(0, MAX_PRINTED) + "…";
        char[] cleaned = null;
        for (int i = 0; i < text.length(); i++) {
            if (isUnprintable(text.charAt(i))) {
                cleaned = cleaned == null ? text.toCharArray() : cleaned;
                cleaned[i] = '?';
            }
        }
        return cleaned == null ? text : new String(cleaned);
    }

    private static boolean isUnprintable(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            case Character.FORMAT -> true; // some turn the direction of what follows around
            default -> false;
        };
    }
}

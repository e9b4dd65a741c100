package dev.omnibus.internal.event;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.PublishException;
import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.concurrent.Mailbox;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A notifier of the program's listeners, which cannot throw into the bus. Each report is also counted, and logged at a
 * bounded rate, so that a flood on the bus is none in the log. The payload of events is never logged. Thread-safe.
 */
public final class ListenerNotifier {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    /** The memory that a report takes beyond what it reports. */
    private static final int OVERHEAD = 256;

    private static final int MAX_PRINTED = 2_000; // characters of a text from the wire

    private static final int FAILURE_BYTES = 2_048; // of an exception with its stack trace
    private static final int MAX_CAUSES = 16; // they may form a cycle
    private static final int DECODED = 12; // objects weigh far more than their JSON

    private static final Mailbox.Limits WAITING = new Mailbox.Limits(65_536, 32L * 1024 * 1024);

    /** One queued call of the listeners. */
    private record Report(int weight, Consumer<BusListener> call) {}

    private final List<BusListener> listeners;
    private final EventCounters counters;
    private final Mailbox<Report> mailbox; // reports come from threads that must not wait
    private final LogLimit own = new LogLimit(); // what arrives must not keep failures of handlers out of the log
    private final LogLimit foreign = new LogLimit();
    private volatile boolean closed;

    public ListenerNotifier(
            List<BusListener> listeners, EventCounters counters, Executor executor, DelayedExecutor later) {
        this.listeners = new CopyOnWriteArrayList<>(listeners);
        this.counters = counters;
        this.mailbox =
                new Mailbox<>(executor, later, 1, WAITING, Report::weight, (report, next) -> handle(report.call()));
    }

    /** Adds a listener, which receives what is reported from now on. */
    public void add(BusListener listener) {
        listeners.add(listener);
    }

    /** Removes a listener, which is not called any more except for a call in progress. */
    public void remove(BusListener listener) {
        listeners.remove(listener);
    }

    private void enqueue(int bytes, Consumer<BusListener> what) {
        if (listeners.isEmpty()) {
            return;
        }
        if (!mailbox.offer(new Report(OVERHEAD + bytes, what)) && !closed && own.mayLog()) {
            warn("The BusListener is too slow: a report was not passed to it");
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

    /**
     * A rate limiter: allows a number of log lines per second, so that a sender that floods the bus cannot flood the
     * log.
     */
    private static final class LogLimit {

        private static final int LINES_PER_SECOND = 20;

        private long second; // guarded by this, like all below
        private int lines;
        private long suppressed;

        synchronized boolean mayLog() {
            long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
            if (now != second) {
                second = now;
                lines = 0;
                if (suppressed > 0) {
                    warn("{} further reports of this kind were not logged", suppressed);
                    suppressed = 0;
                }
            }
            if (lines++ < LINES_PER_SECOND) {
                return true;
            }
            suppressed++;
            return false;
        }
    }

    /**
     * Reports that a handler has failed.
     *
     * @param bytes what the event weighed while it waited
     */
    public void onHandlerFailed(Event<?> event, int bytes, Throwable failure) {
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
        enqueue((int) Math.min(weight, Integer.MAX_VALUE - OVERHEAD), l -> l.onHandlerFailed(event, failure));
    }

    /** Returns the length of the messages of an exception and its causes, which may quote a whole document. */
    private static long charactersOf(Throwable failure) {
        long characters = 0;
        try {
            Throwable next = failure;
            for (int i = 0; next != null && i < MAX_CAUSES; i++) {
                characters += String.valueOf(next.getMessage()).length();
                next = next.getCause();
            }
        } catch (Throwable unreadable) { // the exception may be of any class
            return characters;
        }
        return characters;
    }

    public void onBadMessage(String channel, String problem) {
        counters.badMessages.increment();
        if (foreign.mayLog()) {
            warn("Dropped a bad message on {}: {}", printable(channel), printable(problem));
        }
        enqueue(
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
        enqueue(2 * (topic.length() + source.length()), l -> l.onGap(topic, printable(source), from, to));
    }

    /** Corrects the count of lost events: a number was forged, or events came late without having been overtaken. */
    void onGapTakenBack(String topic, String source, long events) {
        counters.lost(-events);
        if (foreign.mayLog()) {
            warn(
                    "{} events of {} on topic {} that were reported as lost are not: its numbers continue before them",
                    events,
                    printable(source),
                    printable(topic));
        }
    }

    public void onDuplicate(String topic, String source, String id) {
        counters.duplicates.increment();
        if (foreign.mayLog()) {
            warn(
                    "Dropped event {} of {} on topic {}: it is a duplicate, or late",
                    printable(id),
                    printable(source),
                    printable(topic));
        }
        enqueue(
                2 * (topic.length() + source.length() + id.length()),
                l -> l.onDuplicate(topic, printable(source), printable(id)));
    }

    void onDropping(String topic) {
        if (own.mayLog()) {
            warn("The handler of {} is too slow; events are being dropped", topic);
        }
        enqueue(0, l -> l.onDropping(topic));
    }

    void onDropped(String topic, long events) {
        if (own.mayLog()) {
            warn("{} events of {} were dropped, because its handler was too slow", events, topic);
        }
        enqueue(0, l -> l.onDropped(topic, events));
    }

    void onFramesDropping(String channel) {
        if (own.mayLog()) {
            warn("Frames arrive on {} faster than they can be read, and are being dropped", channel);
        }
        enqueue(0, l -> l.onFramesDropping(channel));
    }

    void onFramesDropped(String channel, long frames) {
        if (own.mayLog()) {
            warn("{} frames on {} were dropped, because they arrived faster than they could be read", frames, channel);
        }
        enqueue(0, l -> l.onFramesDropped(channel, frames));
    }

    public void onPublishFailed(String topic, PublishException failure) {
        counters.publishFailed.increment();
        if (own.mayLog()) { // the future may be ignored
            String why = String.valueOf(failure.getMessage());
            warn("An event on topic {} was not published ({}): {}", topic, failure.outcome(), why);
        }
        enqueue(FAILURE_BYTES, l -> l.onPublishFailed(topic, failure));
    }

    public void onUnsent(String channel, String problem) {
        if (own.mayLog()) {
            warn("On {}: {}", printable(channel), printable(problem));
        }
        enqueue(2 * (channel.length() + problem.length()), l -> l.onUnsent(printable(channel), printable(problem)));
    }

    void onInterrupted(String topic) {
        counters.interruptions.increment();
        if (own.mayLog()) {
            warn("The subscription to {} was interrupted; events may be missing", topic);
        }
        enqueue(0, l -> l.onInterrupted(topic));
    }

    void onDeadEvent(String topic, String type) {
        if (foreign.mayLog()) {
            warn("No registered method accepts events of type {} on topic {}", printable(type), printable(topic));
        }
        enqueue(2 * (topic.length() + type.length()), l -> l.onDeadEvent(topic, printable(type)));
    }

    public void onSubscriptionEnded(String topic, String reason) {
        if (own.mayLog()) {
            warn("The subscription to {} has ended: {}", topic, reason);
        }
        enqueue(0, l -> l.onSubscriptionEnded(topic, reason));
    }

    void onState(BusState state) {
        enqueue(0, l -> l.onState(state));
    }

    void onConnectFailed(ConnectionException failure) {
        enqueue(FAILURE_BYTES, l -> l.onConnectFailed(failure));
    }

    public void onRedelivered(String topic, String group, String position, String reason) {
        if (own.mayLog()) {
            warn("Event {} of {} is delivered to {} again: {}", position, topic, group, printable(reason));
        }
        enqueue(2 * reason.length(), l -> l.onRedelivered(topic, group, position, printable(reason)));
    }

    public void onDoubled(String topic, String group, String position) {
        if (own.mayLog()) {
            warn(
                    "Event {} of {} was handled here for {} although another node had taken it over;"
                            + " was this process paused?",
                    position,
                    topic,
                    group);
        }
        enqueue(0, l -> l.onDoubled(topic, group, position));
    }

    public void onDeadLetter(String topic, String group, String position, String reason) {
        if (own.mayLog()) {
            warn("Event {} of {} is a dead letter of {} now: {}", position, topic, group, printable(reason));
        }
        enqueue(2 * reason.length(), l -> l.onDeadLetter(topic, group, position, printable(reason)));
    }

    public void onLost(String topic, String reader, long events, String which) {
        counters.lost(events);
        if (own.mayLog()) {
            warn("Lost {} events of the durable topic {}{}: {}", events, topic, of(reader), which);
        }
        enqueue(2 * which.length(), l -> l.onLost(topic, reader, events, which));
    }

    private static String of(String reader) {
        return reader.isEmpty() ? "" : " for " + reader;
    }

    public void onRepaired(String topic, long events) {
        if (own.mayLog()) {
            warn(
                    "Redis had lost {} events of {} that this process had appended; they were appended again",
                    events,
                    topic);
        }
        enqueue(0, l -> l.onRepaired(topic, events));
    }

    public void onReset(String topic) {
        if (own.mayLog()) {
            warn("The durable topic {} was not there any more, or not whole; was Redis emptied?", topic);
        }
        enqueue(0, l -> l.onReset(topic));
    }

    public void onHeldUp(String topic, String group, Duration since) {
        if (own.mayLog()) {
            warn(
                    "The group {} holds up the trimming of {}: it has not acknowledged an event for {}",
                    group,
                    topic,
                    since);
        }
        enqueue(0, l -> l.onHeldUp(topic, group, since));
    }

    public void onOutboxFailed(String topic, Throwable failure) {
        if (own.mayLog()) {
            FailureLog.error(LOG, failure, "The outbox of {} is not relayed, and is tried again", topic);
        }
        long weight = FAILURE_BYTES + 2 * charactersOf(failure);
        enqueue((int) Math.min(weight, Integer.MAX_VALUE - OVERHEAD), l -> l.onOutboxFailed(topic, failure));
    }

    /** Closes it; completes when what has been reported until now has been delivered. */
    public CompletableFuture<Void> close() {
        closed = true;
        return mailbox.close();
    }

    /**
     * Sanitizes a text from the wire for the log: its sender could forge lines of the log, fill the disk, or send
     * control sequences to a terminal.
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
            case Character.FORMAT -> true; // some reverse the direction of the text that follows
            default -> false;
        };
    }
}

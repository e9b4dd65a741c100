package dev.omnibus.internal.durable.log;

import dev.omnibus.transport.TransportException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A deduplicator of reports: what Redis refuses, and is asked for again and again, is reported once until it has
 * succeeded. What passes by itself is not reported. Thread-safe.
 */
public final class Complaints {

    private final TopicLog<?> topic;
    private final String reader;
    private final Set<String> open = ConcurrentHashMap.newKeySet();

    /** Of one reader. */
    public Complaints(TopicLog<?> topic, String reader) {
        this.topic = topic;
        this.reader = reader;
    }

    /** Something has failed, which is named by what cannot be done. */
    public void failed(String action, Throwable failure) {
        TransportException why = Failures.of(failure);
        boolean normal = switch (why.kind()) {
            case NO_GROUP, CLOSED -> true; // each has an answer of its own
            default -> Failures.mayPass(why);
        };
        if (!normal) {
            failed(action, String.valueOf(why.getMessage()));
        }
    }

    /** The same for what is no failure of the transport. */
    public void failed(String action, String why) {
        if (open.add(action)) {
            topic.reports()
                    .onUnsent(topic.name(), reader + " cannot " + action + "; it is tried again, until it can: " + why);
        }
    }

    /** Something has succeeded. */
    public void succeeded(String action) {
        if (!open.isEmpty()) {
            open.remove(action);
        }
    }
}

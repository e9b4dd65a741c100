package dev.omnibus.internal.durable.consume;

import dev.omnibus.internal.durable.log.TopicLog;
import dev.omnibus.transport.StreamEntry;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

/**
 * The intake of a consumer: takes what an answer brings, in one go, as the same entries may come in two answers and the
 * order is theirs. Thread-safe.
 */
public final class Intake<T> {

    private final GroupConsumer<T> consumer;
    private final TopicLog<T> topic;
    private final Handling<T> handling;
    private final Executor executor;
    private final Object taking = new Object(); // held while an answer is taken, before the lock of the consumer

    Intake(GroupConsumer<T> consumer, TopicLog<T> topic, Handling<T> handling, Executor executor) {
        this.consumer = consumer;
        this.topic = topic;
        this.handling = handling;
        this.executor = executor;
    }

    /** Takes all of them, unless something is forgotten meanwhile: then they are read again, with that. */
    void take(List<StreamEntry> entries, int asked, Runnable then) {
        if (entries.isEmpty()) {
            then.run();
        } else {
            takeWhile(entries, asked, entry -> true, then);
        }
    }

    /**
     * Takes entries as long as they may be taken. The answer may be that of another server: what is in it is not taken
     * before that is known.
     */
    void takeWhile(List<StreamEntry> entries, int asked, Predicate<StreamEntry> more, Runnable then) {
        topic.history()
                .whenCompared(() -> executor.execute(() -> {
                    try {
                        synchronized (taking) {
                            for (StreamEntry entry : entries) {
                                if (!more.test(entry)) {
                                    break;
                                }
                                take(entry, asked);
                            }
                        }
                    } finally { // what a listener or a key of the program throws must not end the reading
                        then.run();
                    }
                }));
    }

    private void take(StreamEntry entry, int asked) {
        String group = consumer.consumer().group();
        Held<T> one = new Held<>(
                group, topic.partition().number(), entry, topic.history().isDoubted(entry.id()));
        boolean skip = entry.onlyFor().filter(other -> !other.equals(group)).isPresent();
        if (!consumer.accepts(one, skip, asked)) {
            return;
        }
        if (one.hasRun()) {
            String why;
            if (one.attempts.suspect()) {
                why = "the node that had it has ended";
            } else if (one.attempts.failures() > 0) {
                why = "its handler has failed";
            } else if (entry.onlyFor().isPresent()) {
                why = "it was a dead letter, and was redelivered";
            } else if (entry.repaired()) {
                why = "Redis had lost it, and it was appended again";
            } else {
                why = "Redis was replaced, and may have forgotten that it was acknowledged";
            }
            topic.reports().onRedelivered(topic.name(), group, one.position().toString(), why);
        }
        handling.add(one);
    }
}

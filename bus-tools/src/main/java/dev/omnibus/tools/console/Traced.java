package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.watch.Exchange;
import dev.omnibus.tools.watch.Seen;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A message with its number, and of a call its replies so far. Thread-safe. */
final class Traced {

    final long number;
    final Seen seen;
    private volatile @Nullable Exchange exchange;
    private volatile boolean ended;

    Traced(long number, Seen seen) {
        this.number = number;
        this.seen = seen;
    }

    void answered(Exchange now) {
        exchange = now;
    }

    void ended(Exchange now) {
        exchange = now;
        ended = true;
    }

    List<Exchange.Answer> answers() {
        Exchange now = exchange;
        return now == null ? List.of() : now.answers();
    }

    /** Whether an error came back, or somebody has not answered in time. */
    boolean hasFailed() {
        Exchange now = exchange;
        return now != null
                && (now.answers().stream().anyMatch(answer -> answer.reply().code() != 0)
                        || (ended && (now.answers().isEmpty() || !now.missing().isEmpty())));
    }

    Duration slowest() {
        return answers().stream()
                .map(Exchange.Answer::latency)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    /** What a line shows of it. */
    ObjectNode line(ObjectNode into, Content content) {
        into.put("n", number)
                .put("t", seen.at().toEpochMilli())
                .put("k", seen.kind().name().toLowerCase(Locale.ROOT))
                .put("name", seen.name())
                .put("from", node(seen.from()))
                .put("to", seen.to())
                .put("id", seen.id())
                .put("bytes", seen.bytes())
                .put("body", content.preview(seen));
        if (seen.isBroadcast()) {
            into.put("all", true);
        }
        if (seen.isOneWay()) {
            into.put("oneWay", true);
        }
        if (seen.sequence() != 0) {
            into.put("seq", seen.sequence());
        }
        if (seen.code() != 0) {
            into.put("code", seen.code());
        }
        if (!seen.problem().isEmpty()) {
            into.put("problem", cut(seen.problem()));
        }
        replies(into);
        return into;
    }

    /** What has become of a call. */
    ObjectNode replies(ObjectNode into) {
        Exchange now = exchange;
        if (now == null) {
            return into;
        }
        ArrayNode answers = into.putArray("ans");
        for (Exchange.Answer answer : now.answers()) {
            ObjectNode one = answers.addObject();
            one.put("from", answer.reply().from()).put("ms", millis(answer.latency()));
            if (answer.reply().code() != 0) {
                one.put("code", answer.reply().code())
                        .put("problem", cut(answer.reply().problem()));
            }
        }
        if (ended) {
            into.put("done", true);
            if (!now.missing().isEmpty()) {
                new TreeSet<>(now.missing()).forEach(into.putArray("missing")::add);
            }
        }
        if (now.cancelled()) {
            into.put("cancelled", true);
        }
        return into;
    }

    /** The node that a source belongs to: durable topics have a name of their own behind it. */
    static String node(String source) {
        int slash = source.lastIndexOf('/');
        return slash > 0 && source.indexOf(':') < 0 ? source.substring(0, slash) : source;
    }

    private static String cut(String text) {
        return text.length() <= Content.PREVIEW_CHARS ? text : text.substring(0, Content.PREVIEW_CHARS);
    }

    static double millis(Duration time) {
        return TimeUnit.NANOSECONDS.toMicros(time.toNanos()) / 1e3;
    }
}

package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.watch.Exchange;
import dev.omnibus.tools.watch.Seen;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * A time series of who sends what to whom, a point each second, for the last five minutes. Bounded: what is beyond the
 * first {@value #MAX_EDGES} pairs of a second is counted as one. Thread-safe.
 */
final class Traffic {

    /** How many points are kept. */
    static final int SECONDS = 300;

    private static final int MAX_EDGES = 400;
    private static final int MAX_METHODS = 100;
    private static final String OTHERS = "_OTHER";
    private static final long MAX_MICROS = TimeUnit.MINUTES.toMicros(2);

    private record Publication(String from, String topic) {}

    private record Call(String from, String method, String node) {}

    private static final class Count {
        long messages;
        long bytes;
        long failed;
    }

    private final Map<Publication, Count> publications = new HashMap<>();
    private final Map<Call, Count> calls = new HashMap<>();
    private final Map<String, Histogram> latencies = new HashMap<>();
    private final Map<String, Long> heartbeats = new HashMap<>(); // node to when, in ms since the epoch
    private final Deque<ObjectNode> history = new ArrayDeque<>();

    synchronized void seen(Seen seen) {
        switch (seen.kind()) {
            case EVENT -> {
                Count count = count(
                        publications,
                        new Publication(Traced.node(seen.from()), seen.name()),
                        new Publication("", OTHERS));
                count.messages++;
                count.bytes += seen.bytes();
                heard(Traced.node(seen.from()), seen);
            }
            case REQUEST -> {
                if (seen.isOneWay()) { // nothing comes back that would count it
                    call(seen, seen.to()).messages++;
                }
                heard(seen.from(), seen);
            }
            case REPLY, HEARTBEAT -> heard(seen.from(), seen);
            default -> {}
        }
    }

    private void heard(String node, Seen seen) {
        if (!node.isEmpty() && (heartbeats.containsKey(node) || heartbeats.size() < 2_000)) {
            heartbeats.put(node, seen.at().toEpochMilli());
        }
    }

    synchronized void answered(Exchange exchange, Exchange.Answer answer) {
        Count count = call(exchange.request(), answer.reply().from());
        count.messages++;
        if (answer.reply().code() != 0) {
            count.failed++;
        }
        String method = exchange.request().name();
        Histogram histogram = latencies.get(method);
        if (histogram == null && latencies.size() < MAX_METHODS) {
            histogram = new Histogram(MAX_MICROS, 2);
            latencies.put(method, histogram);
        }
        if (histogram != null) {
            histogram.recordValue(
                    Math.min(MAX_MICROS, Math.max(0, answer.latency().toNanos() / 1000)));
        }
    }

    /** Counts who has not answered. */
    synchronized void ended(Exchange exchange) {
        if (exchange.answers().isEmpty() && exchange.expected().isEmpty()) {
            unanswered(exchange, "");
        } else {
            exchange.missing().forEach(node -> unanswered(exchange, node));
        }
    }

    private void unanswered(Exchange exchange, String node) {
        Count count = call(exchange.request(), node);
        count.messages++;
        count.failed++;
    }

    private Count call(Seen request, String node) {
        return count(calls, new Call(request.from(), request.name(), node), new Call("", OTHERS, ""));
    }

    private static <K> Count count(Map<K, Count> counts, K key, K others) {
        Count found = counts.get(key);
        if (found == null) {
            found = counts.computeIfAbsent(counts.size() < MAX_EDGES ? key : others, any -> new Count());
        }
        return found;
    }

    /** Closes a second. */
    synchronized ObjectNode tick(long now) {
        ObjectNode point = JsonNodeFactory.instance.objectNode().put("t", now);
        ArrayNode published = point.putArray("events");
        publications.forEach((edge, count) -> published
                .addArray()
                .add(edge.from())
                .add(edge.topic())
                .add(count.messages)
                .add(count.bytes));
        ArrayNode called = point.putArray("calls");
        calls.forEach((edge, count) -> called.addArray()
                .add(edge.from())
                .add(edge.method())
                .add(edge.node())
                .add(count.messages)
                .add(count.failed));
        ObjectNode times = point.putObject("latency");
        latencies.values().removeIf(histogram -> histogram.getTotalCount() == 0);
        latencies.forEach((method, histogram) -> times.putArray(method)
                .add(histogram.getTotalCount())
                .add(micros(histogram, 50))
                .add(micros(histogram, 95))
                .add(micros(histogram, 99))
                .add(histogram.getMaxValue()));
        publications.clear();
        calls.clear();
        latencies.values().forEach(Histogram::reset);
        heartbeats.values().removeIf(at -> now - at > TimeUnit.MINUTES.toMillis(5));
        history.add(point);
        if (history.size() > SECONDS) {
            history.remove();
        }
        return point;
    }

    private static long micros(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile);
    }

    /** The points so far. */
    synchronized List<ObjectNode> history() {
        return List.copyOf(history);
    }

    /** When each node was heard of last, in milliseconds since the epoch. */
    synchronized Map<String, Long> heard() {
        return Map.copyOf(heartbeats);
    }

    synchronized void clear() {
        publications.clear();
        calls.clear();
        latencies.clear();
        heartbeats.clear();
        history.clear();
    }
}

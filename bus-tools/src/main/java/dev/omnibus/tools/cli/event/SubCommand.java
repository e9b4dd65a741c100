package dev.omnibus.tools.cli.event;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.Subscription;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Subscribes to topics, and reports losses, which a tail that only prints would not. */
@Command(
        name = "sub",
        description = "Prints events as they are published; gaps, drops and reconnects on stderr.%n",
        footer = {
            "",
            "omnibus sub 'orders.*'",
            "omnibus sub '**' --where /data/pieces=3 --count 1 --wait 10s",
            "omnibus sub 'orders.*' --raw | jq .id"
        })
public final class SubCommand extends Action {

    @Parameters(arity = "1..*", paramLabel = "PATTERN", description = "Topics; * is one token, ** at the end several.")
    List<String> patterns = List.of();

    @Option(names = "--count", paramLabel = "N", description = "End after so many events. Default: never.")
    long count;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End after this time; with 77 if fewer than --count have come.")
    @Nullable
    Duration wait;

    @Option(
            names = "--where",
            paramLabel = "/POINTER=VALUE",
            description = "Only events with this value, by a JSON pointer: /data/id=o-1, /topic=orders.placed.")
    List<String> where = List.of();

    @Option(names = "--timestamps", description = "Put the time before each event.")
    boolean timestamps;

    @Option(names = "--delta", description = "Put the time since the event before.")
    boolean delta;

    @Option(names = "--dump", paramLabel = "DIR", description = "Write the data of each event to a file there instead.")
    @Nullable
    Path dump;

    @Option(names = "--top", paramLabel = "N", description = "Print no events, but at the end the N busiest topics.")
    int top;

    private final Map<String, long[]> busiest = new TreeMap<>(); // topic to events and bytes; guarded by this
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    private CountDownLatch left = new CountDownLatch(1);
    private long taken; // guarded by this
    private long lastNanos; // guarded by this

    @Override
    public Integer call() throws Exception {
        Map<JsonPointer, String> conditions = conditions();
        left = new CountDownLatch(count > 0 ? Math.toIntExact(Math.min(count, Integer.MAX_VALUE)) : 1);
        if (dump != null) {
            Files.createDirectories(dump);
        }
        try (Bus bus = connect()) {
            bus.addListener(new Losses());
            List<Subscription> subscriptions = new ArrayList<>();
            for (String pattern : patterns) {
                subscriptions.add(bus.subscribe(pattern, JsonNode.class, event -> take(event, conditions)));
            }
            for (Subscription subscription : subscriptions) {
                await(subscription.ready());
            }
            out().note("subscribed to " + String.join(", ", patterns) + " at "
                    + omnibus().connection());
            boolean all = waitForEnd();
            if (failure.isCompletedExceptionally()) {
                await(failure);
            }
            report();
            return all || count == 0 ? ExitCode.OK : ExitCode.TOO_FEW;
        }
    }

    private boolean waitForEnd() throws InterruptedException {
        if (wait == null) {
            left.await();
            return true;
        }
        return left.await(wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    private Map<JsonPointer, String> conditions() {
        Map<JsonPointer, String> conditions = new LinkedHashMap<>();
        for (String condition : where) {
            Map.Entry<String, String> pair = Input.pair(condition);
            conditions.put(JsonPointer.compile(pair.getKey()), pair.getValue());
        }
        return conditions;
    }

    private synchronized void take(Event<JsonNode> event, Map<JsonPointer, String> conditions) {
        ObjectNode whole = whole(event);
        boolean fits = conditions.entrySet().stream()
                .allMatch(condition -> whole.at(condition.getKey()).asText().equals(condition.getValue()));
        if (!fits || failure.isDone() || (count > 0 && taken == count)) {
            return;
        }
        taken++;
        try {
            show(event, whole);
        } catch (RuntimeException e) { // the reader of the pipe has gone, or the disk is full
            failure.completeExceptionally(e);
            while (left.getCount() > 0) {
                left.countDown();
            }
        }
        if (count > 0) {
            left.countDown();
        }
    }

    private void show(Event<JsonNode> event, ObjectNode whole) {
        JsonNode data = event.data();
        if (top > 0) {
            long[] counts = busiest.computeIfAbsent(event.topic(), any -> new long[2]);
            counts[0]++;
            counts[1] += Output.compact(data).length();
        } else if (dump != null) {
            write(dump.resolve(String.format("%s-%06d.json", event.topic(), taken)), Output.compact(data));
        } else if (out().isRaw()) {
            out().line(data.isTextual() ? data.textValue() : Output.compact(data));
        } else {
            String before = (timestamps ? event.time() + " " : "") + (delta ? since() + " " : "");
            out().element(whole, before + event.topic() + " " + Output.compact(data));
        }
    }

    private String since() {
        long now = System.nanoTime();
        long before = lastNanos == 0 ? now : lastNanos;
        lastNanos = now;
        return "+" + Durations.text(Duration.ofNanos(now - before));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private static ObjectNode whole(Event<JsonNode> event) {
        ObjectNode whole = Output.object()
                .put("topic", event.topic())
                .put("id", event.id())
                .put("source", event.source())
                .put("type", event.type())
                .put("time", event.time().toString())
                .put("sequence", event.sequence());
        ObjectNode headers = whole.putObject("headers");
        event.headers().forEach(headers::put);
        whole.set("data", event.data());
        return whole;
    }

    private synchronized void report() {
        if (top == 0) {
            return;
        }
        List<ObjectNode> rows = busiest.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, long[]> one) -> -one.getValue()[0]))
                .limit(top)
                .map(one -> Output.object()
                        .put("topic", one.getKey())
                        .put("events", one.getValue()[0])
                        .put("bytes", one.getValue()[1]))
                .toList();
        out().table("topics", rows);
    }

    /** Reports what has not come. */
    private final class Losses implements BusListener {

        private boolean away;

        @Override
        public void onGap(String topic, String source, long from, long to) {
            out().problem(Instant.now() + " gap: " + (to - from + 1) + " events of " + topic + " from " + source
                    + " are missing, " + from + " to " + to);
        }

        @Override
        public void onBadMessage(String channel, String problem) {
            out().problem(Instant.now() + " bad: " + channel + ": " + problem);
        }

        @Override
        public void onDropping(String topic) {
            out().problem(Instant.now() + " dropping events of " + topic + ": they come faster than they are printed");
        }

        @Override
        public void onDropped(String topic, long events) {
            out().problem(Instant.now() + " dropped " + events + " events of " + topic);
        }

        @Override
        public void onFramesDropped(String channel, long frames) {
            out().problem(Instant.now() + " dropped " + frames + " frames of " + channel);
        }

        @Override
        public void onInterrupted(String topic) {
            out().problem(Instant.now() + " interrupted: " + topic + " is subscribed to again; events may be missing");
        }

        @Override
        public void onState(BusState state) {
            if (state == BusState.DOWN) {
                away = true;
                out().problem(Instant.now() + " disconnected from Redis");
            } else if (away && state == BusState.UP) {
                away = false;
                out().problem(Instant.now() + " connected to Redis again");
            }
        }
    }
}

package dev.omnibus.tools.cli.event;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.Errors;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.watch.Exchange;
import dev.omnibus.tools.watch.Seen;
import dev.omnibus.tools.watch.Seen.Kind;
import dev.omnibus.tools.watch.Watch;
import dev.omnibus.tools.watch.WatchListener;
import dev.omnibus.tools.watch.WatchStats;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the traffic of others. */
@Command(
        name = "watch",
        description = {
            "Shows the traffic of others: events, and calls with all their replies on one line.",
            "It costs the watched something: Redis sends each message once more, and counts the receivers",
            "of calls with a script. In a cluster of Redis 7 calls cannot be seen.%n"
        },
        footer = {
            "",
            "omnibus watch calls 'stock.*'",
            "omnibus watch calls --failed",
            "omnibus watch calls --slow 100ms",
            "omnibus watch events 'orders.*' --json > orders.ndjson"
        })
public final class WatchCommand extends Action {

    private enum What {
        events,
        calls,
        all
    }

    @Parameters(index = "0", arity = "0..1", paramLabel = "WHAT", description = "events, calls or all. Default: all.")
    What what = What.all;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PATTERN",
            description = "Of topics or methods. Default: all of them.")
    @Nullable
    String pattern;

    @Option(
            names = "--slow",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Only calls that take so long, or have no answer.")
    @Nullable
    Duration slow;

    @Option(names = "--failed", description = "Only calls that fail, or have no answer.")
    boolean failed;

    @Option(
            names = "--where",
            paramLabel = "/POINTER=VALUE",
            description = "Only events and requests with this value: /data/id=o-1, /params/0=sku-1.")
    List<String> where = List.of();

    @Option(names = "--count", paramLabel = "N", description = "End after so many lines. Default: never.")
    long count;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End after this time; with 77 if there were fewer than --count lines.")
    @Nullable
    Duration wait;

    private final Map<JsonPointer, String> conditions = new LinkedHashMap<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long lines;

    @Override
    public Integer call() throws Exception {
        for (String condition : where) {
            Map.Entry<String, String> pair = Input.pair(condition);
            conditions.put(JsonPointer.compile(pair.getKey()), pair.getValue());
        }
        try (Bus bus = connect();
                Watch watch = start(bus)) {
            await(watch.ready());
            if (!watch.seesCalls() && what != What.events) {
                out().problem("omnibus: this is a cluster with sharded channels: calls cannot be seen, only events and"
                        + " nodes that come and go");
            }
            out().note("watching " + omnibus().connection()
                    + "; meanwhile Redis sends all this once more, and counts receivers by a script");
            boolean all = waitForEnd();
            report(watch.stats());
            return all || count == 0 ? ExitCode.OK : ExitCode.TOO_FEW;
        }
    }

    private Watch start(Bus bus) {
        Watch.Builder builder = Watch.on(bus);
        String of = pattern == null ? "**" : pattern;
        if (what == What.events || (what == What.all && pattern != null)) {
            builder.events(of);
        }
        if (what == What.calls || (what == What.all && pattern != null)) {
            builder.calls(of);
        }
        return builder.start(new Printer());
    }

    private boolean waitForEnd() throws Exception {
        try {
            if (wait == null) {
                await(ended);
            } else {
                ended.get(wait.toMillis(), TimeUnit.MILLISECONDS);
            }
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw Failures.unwrapped(e) instanceof Exception failure ? failure : e;
        }
    }

    private void report(WatchStats stats) {
        out().note(stats.messages() + " messages, " + stats.events() + " events, " + stats.requests() + " requests, "
                + stats.paired() + " replies matched, " + stats.unmatchedReplies() + " not, " + stats.unanswered()
                + " unanswered, " + stats.bad() + " bad, " + stats.framesDropped() + " frames dropped");
    }

    private static String result(Seen reply) {
        return reply.code() == 0 ? "ok" : Errors.nameOf(reply.code());
    }

    /** Prints a line for each event, and for each call when it has ended. */
    private final class Printer implements WatchListener {

        @Override
        public void seen(Seen seen) {
            boolean event = seen.kind() == Kind.EVENT || seen.kind() == Kind.PRESENCE || seen.kind() == Kind.BAD;
            boolean shown = event || seen.isOneWay();
            if (shown && slow == null && !failed && fits(seen)) {
                print(object(seen), text(seen));
            }
        }

        @Override
        public void ended(Exchange exchange) {
            boolean bad = !exchange.missing().isEmpty()
                    || exchange.answers().isEmpty()
                    || exchange.answers().stream()
                            .anyMatch(answer -> answer.reply().code() != 0);
            boolean late = slow != null
                    && (!exchange.missing().isEmpty()
                            || exchange.answers().stream()
                                    .anyMatch(answer -> answer.latency().compareTo(slow) >= 0));
            if ((slow == null || late) && (!failed || bad) && fits(exchange.request())) {
                print(object(exchange), text(exchange, bad));
            }
        }

        @Override
        public void interrupted() {
            out().problem(Instant.now() + " interrupted: what was sent meanwhile was not seen");
        }

        private boolean fits(Seen seen) {
            if (conditions.isEmpty()) {
                return true;
            }
            if (seen.kind() == Kind.BAD) {
                return false;
            }
            JsonNode message = Input.json(seen.text(), "a message");
            return conditions.entrySet().stream()
                    .allMatch(one -> message.at(one.getKey()).asText().equals(one.getValue()));
        }

        private void print(ObjectNode object, String text) {
            if (ended.isDone()) {
                return;
            }
            try {
                out().element(object, text);
                lines++;
                if (lines == count) {
                    ended.complete(null);
                }
            } catch (Output.PipeClosed e) {
                ended.completeExceptionally(e);
            }
        }

        private ObjectNode object(Seen seen) {
            ObjectNode object = Output.object()
                    .put("kind", seen.kind().name())
                    .put("at", seen.at().toString())
                    .put("channel", seen.channel())
                    .put("name", seen.name())
                    .put("from", seen.from())
                    .put("to", seen.to())
                    .put("id", seen.id())
                    .put("bytes", seen.bytes());
            if (seen.kind() == Kind.BAD) {
                return object.put("problem", seen.problem());
            }
            return object.set("message", Input.json(seen.text(), "a message"));
        }

        private ObjectNode object(Exchange exchange) {
            Seen request = exchange.request();
            ObjectNode object = object(request);
            object.put("kind", request.isBroadcast() ? "BROADCAST" : "CALL").put("cancelled", exchange.cancelled());
            ArrayNode replies = object.putArray("replies");
            for (Exchange.Answer answer : exchange.answers()) {
                Seen reply = answer.reply();
                replies.addObject()
                        .put("from", reply.from())
                        .put("ms", Durations.millis(answer.latency()))
                        .put("result", result(reply))
                        .put("bytes", reply.bytes())
                        .set("message", Input.json(reply.text(), "a message"));
            }
            object.set("missing", Output.array(new TreeSet<>(exchange.missing())));
            return object;
        }

        private String text(Seen seen) {
            String time = seen.at().truncatedTo(ChronoUnit.MILLIS) + " ";
            return switch (seen.kind()) {
                case EVENT ->
                    time + "event " + seen.name() + " " + seen.from() + " "
                            + Output.compact(
                                    Input.json(seen.text(), "a message").path("data"));
                case PRESENCE -> time + "node " + seen.from() + " " + seen.name();
                case BAD -> time + out().alarming("bad " + seen.channel() + ": " + seen.problem());
                default -> time + "one-way " + seen.name() + " " + seen.from() + " > " + seen.to() + " " + params(seen);
            };
        }

        private String text(Exchange exchange, boolean bad) {
            Seen request = exchange.request();
            StringBuilder line = new StringBuilder(request.at().truncatedTo(ChronoUnit.MILLIS) + " ")
                    .append(request.isBroadcast() ? "ask " : "call ")
                    .append(request.name())
                    .append(' ')
                    .append(request.from())
                    .append(" >");
            for (Exchange.Answer answer : exchange.answers()) {
                Seen reply = answer.reply();
                line.append(' ').append(reply.from()).append(' ').append(Durations.text(answer.latency()));
                line.append(' ').append(result(reply));
            }
            for (String missing : new TreeSet<>(exchange.missing())) {
                line.append(' ').append(missing).append(" no answer");
            }
            if (exchange.answers().isEmpty() && exchange.missing().isEmpty()) {
                line.append(" no answer");
            }
            if (exchange.cancelled()) {
                line.append(" cancelled");
            }
            line.append(' ').append(params(request));
            return bad ? out().alarming(line.toString()) : line.toString();
        }

        private String params(Seen request) {
            return Output.compact(Input.json(request.text(), "a message").path("params"));
        }
    }
}

package dev.omnibus.tools.cli.durable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.Position;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads the log of a durable topic. */
@Command(
        name = "log",
        description = "Prints what a durable topic has kept, in its order; nothing is acknowledged or removed.%n",
        footer = {
            "",
            "omnibus log orders.placed",
            "omnibus log orders.placed --from 2h --raw | jq .id",
            "omnibus log orders.placed --from 1700000000000-0 --follow"
        })
public final class LogCommand extends Action {

    @Parameters(paramLabel = "TOPIC", description = "The durable topic.")
    String topic = "";

    @Option(
            names = "--from",
            paramLabel = "WHERE",
            description = "earliest, a position, a time such as 2026-11-21T08:00:00Z, or how long ago: 2h. Default:"
                    + " earliest.")
    String from = "earliest";

    @Option(names = "--count", paramLabel = "N", description = "End after so many events.")
    long count;

    @Option(names = "--follow", description = "Do not end with the last event, but print what comes.")
    boolean follow;

    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long printed;

    @Override
    public Integer call() throws Exception {
        Position begin = begin();
        try (StoredTopics stored = StoredTopics.open(omnibus())) {
            DurableTopic<JsonNode> log = stored.topic(topic);
            Position last = stored.last(topic);
            if (!follow && last.compareTo(begin) <= 0) {
                out().note("nothing is kept after that");
                return ExitCode.OK;
            }
            Subscription reading = log.follow(begin, (event, position) -> show(event, position, last));
            try {
                await(ended);
            } finally {
                reading.close();
            }
        }
        return ExitCode.OK;
    }

    private Position begin() {
        if (from.equals("earliest")) {
            return Position.EARLIEST;
        }
        if (from.matches("\\d+-\\d+")) {
            return Position.parse(from);
        }
        try {
            return Position.since(
                    from.matches("\\d+[a-z]+")
                            ? Instant.now().minus(new Durations().convert(from))
                            : Instant.parse(from));
        } catch (DateTimeException e) {
            throw new Failures.UsageException(
                    "--from is earliest, a position, a time such as 2026-11-21T08:00:00Z, or how"
                            + " long ago, as 2h; '" + from + "' is none",
                    e);
        }
    }

    private void show(Event<JsonNode> event, Position position, Position last) {
        if (ended.isDone()) {
            return;
        }
        ObjectNode whole = Output.object()
                .put("position", position.toString())
                .put("topic", event.topic())
                .put("id", event.id())
                .put("source", event.source())
                .put("type", event.type())
                .put("time", event.time().toString());
        ObjectNode headers = whole.putObject("headers");
        event.headers().forEach(headers::put);
        whole.set("data", event.data());
        try {
            if (out().isRaw()) {
                out().line(event.data().isTextual() ? event.data().textValue() : Output.compact(event.data()));
            } else {
                out().element(whole, position + " " + Output.compact(event.data()));
            }
        } catch (Output.PipeClosed e) {
            ended.completeExceptionally(e);
            return;
        }
        printed++;
        if (printed == count || (!follow && position.compareTo(last) >= 0)) {
            ended.complete(null);
        }
    }
}

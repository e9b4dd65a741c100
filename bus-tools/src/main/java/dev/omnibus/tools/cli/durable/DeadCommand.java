package dev.omnibus.tools.cli.durable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DeadLetters;
import dev.omnibus.durable.Position;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Looks after the events that consumer groups have given up. */
@Command(
        name = "dead",
        description = "Lists, redelivers or discards what a consumer group of a durable topic has given up.%n",
        footer = {
            "",
            "omnibus dead list orders.placed billing",
            "omnibus dead redeliver orders.placed billing --all",
            "omnibus dead discard orders.placed billing 1700000000000-0"
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {DeadCommand.Show.class, DeadCommand.Redeliver.class, DeadCommand.Discard.class})
public final class DeadCommand extends Action {

    @Override
    public Integer call() {
        throw new Failures.UsageException("What is to be done with dead letters? list, redeliver or discard");
    }

    /** What all three are about. */
    abstract static class OfGroup extends Action {

        @Parameters(index = "0", paramLabel = "TOPIC", description = "The durable topic.")
        String topic = "";

        @Parameters(index = "1", paramLabel = "GROUP", description = "The consumer group.")
        String group = "";

        @Override
        public final Integer call() throws Exception {
            try (StoredTopics stored = StoredTopics.open(omnibus())) {
                return with(stored.topic(topic).deadLetters(group));
            }
        }

        abstract int with(DeadLetters<JsonNode> letters) throws Exception;

        final int done(long count, String what) {
            ObjectNode result = Output.object().put("ok", count > 0);
            result.put("topic", topic).put("group", group).put(what, count);
            out().element(result, count + " " + what);
            return ExitCode.OK;
        }

        final Failures.UsageException missing(String id) {
            return new Failures.UsageException("The group " + group + " has no dead letter " + id
                    + "; omnibus dead list " + topic + " " + group + " lists them");
        }
    }

    /** Lists them. */
    @Command(name = "list", description = "Lists the oldest dead letters.%n")
    static final class Show extends OfGroup {

        @Option(names = "--limit", paramLabel = "N", description = "How many, 1 to 1000. Default: 20.")
        int limit = 20;

        @Override
        int with(DeadLetters<JsonNode> letters) throws Exception {
            List<ObjectNode> rows = await(letters.list(limit)).stream()
                    .map(letter -> row(letter))
                    .toList();
            out().table("letters", rows);
            return ExitCode.OK;
        }

        private static ObjectNode row(DeadLetter<JsonNode> letter) {
            ObjectNode row = Output.object()
                    .put("id", letter.id().toString())
                    .put("time", letter.time().toString())
                    .put("starts", letter.starts())
                    .put("reason", letter.reason());
            JsonNode data = letter.event().map(event -> event.data()).orElse(null);
            return data == null ? row.put("data", letter.json()) : row.set("data", data);
        }
    }

    /** Delivers them again. */
    @Command(name = "redeliver", description = "Has a dead letter, or all of them, delivered to the group again.%n")
    static final class Redeliver extends OfGroup {

        @Parameters(index = "2", arity = "0..1", paramLabel = "ID", description = "Which one.")
        @Nullable
        String id;

        @Option(names = "--all", description = "All that there are now.")
        boolean all;

        @Override
        int with(DeadLetters<JsonNode> letters) throws Exception {
            if (all == (id != null)) {
                throw new Failures.UsageException("Give an ID, or --all; one of the two");
            }
            if (id == null) {
                return done(await(letters.redeliverAll()), "redelivered");
            }
            if (!await(letters.redeliver(Position.parse(id)))) {
                throw missing(id);
            }
            return done(1, "redelivered");
        }
    }

    /** Removes one. */
    @Command(name = "discard", description = "Removes a dead letter for good.%n")
    static final class Discard extends OfGroup {

        @Parameters(index = "2", paramLabel = "ID", description = "Which one.")
        String id = "";

        @Override
        int with(DeadLetters<JsonNode> letters) throws Exception {
            if (!await(letters.discard(Position.parse(id)))) {
                throw missing(id);
            }
            return done(1, "discarded");
        }
    }
}

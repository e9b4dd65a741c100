package dev.omnibus.tools.cli.durable;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says how far consumer groups are. */
@Command(
        name = "lag",
        aliases = "groups",
        description =
                "Says how far the consumer groups of durable topics are: what was not delivered yet, what is being"
                        + " handled, and what was given up. Exit code 77 if a group has more than --most.%n",
        footer = {"", "omnibus lag", "omnibus lag orders.placed --most 1000"})
public final class LagCommand extends Action {

    @Parameters(arity = "0..1", paramLabel = "TOPIC", description = "Which. Default: all.")
    @Nullable
    String topic;

    @Option(names = "--most", paramLabel = "N", description = "How many undelivered events are too many.")
    @Nullable
    Long most;

    @Override
    public Integer call() throws Exception {
        boolean late = false;
        try (StoredTopics stored = StoredTopics.open(omnibus())) {
            List<ObjectNode> rows = new ArrayList<>();
            for (String name : topic == null ? stored.names() : List.of(topic)) {
                DurableTopicStatus status = await(stored.topic(name).status());
                for (DurableTopicStatus.Group group : status.groups()) {
                    OptionalLong lag = group.lag();
                    late |= most != null && lag.orElse(0) > most;
                    ObjectNode row = Output.object().put("topic", name).put("group", group.name());
                    if (lag.isPresent()) {
                        row.put("lag", lag.getAsLong());
                    } else {
                        row.put("lag", "unknown");
                    }
                    row.put("pending", group.pending())
                            .put("oldest", group.oldest().map(Durations::age).orElse(""))
                            .put("dead", group.deadLetters())
                            .set("nodes", Output.array(group.nodes()));
                    rows.add(row);
                }
            }
            out().table("groups", rows);
        }
        return late ? ExitCode.TOO_FEW : ExitCode.OK;
    }
}

package dev.omnibus.tools.cli.durable;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

/** Lists durable topics. */
@Command(
        name = "topics",
        description = "Lists the durable topics, and what keeps their events.%n",
        footer = {"", "omnibus topics"})
public final class TopicsCommand extends Action {

    @Override
    public Integer call() throws Exception {
        try (StoredTopics stored = StoredTopics.open(omnibus())) {
            List<ObjectNode> rows = new ArrayList<>();
            for (String name : stored.names()) {
                DurableTopicStatus status = await(stored.topic(name).status());
                rows.add(Output.object()
                        .put("topic", name)
                        .put("events", status.entries())
                        .put("bytes", status.bytes())
                        .put("groups", status.groups().size())
                        .put("followers", status.followers().size())
                        .put(
                                "heldUpBy",
                                status.heldUpBy()
                                        .map(DurableTopicStatus.Group::name)
                                        .orElse("")));
            }
            out().table("topics", rows);
            return ExitCode.OK;
        }
    }
}

package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the nodes that are there. */
@Command(
        name = "nodes",
        description = "Lists the nodes that are there, and what they serve.%n",
        footer = {"", "omnibus nodes", "omnibus nodes --watch --json"})
public final class NodesCommand extends Action {

    @Option(names = "--watch", description = "Print a line whenever a node comes, changes, drains or goes.")
    boolean watch;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End --watch after this time. Default: never.")
    @Nullable
    Duration wait;

    @Override
    public Integer call() throws Exception {
        try (Bus bus = connect()) {
            if (watch) {
                follow(bus);
                return ExitCode.OK;
            }
            List<ObjectNode> rows = await(Directory.on(bus).nodes()).stream()
                    .sorted(Comparator.comparing(NodeInfo::node))
                    .map(NodesCommand::row)
                    .toList();
            out().table("nodes", rows);
            return ExitCode.OK;
        }
    }

    static ObjectNode row(NodeInfo node) {
        boolean known = node.started().isAfter(Instant.EPOCH);
        ObjectNode row = Output.object()
                .put("node", node.node())
                .put("state", node.draining() ? "draining" : "up")
                .put("host", node.host())
                .put("pid", node.pid())
                .put("version", node.version())
                .put("up", known ? Durations.age(Duration.between(node.started(), Instant.now())) : "");
        row.set("services", Output.array(services(node)));
        return row;
    }

    /** What a program serves, without what every node answers by itself. */
    static Set<String> services(NodeInfo node) {
        Set<String> services = new TreeSet<>(node.services().keySet());
        services.remove(Presence.RESERVED);
        return services;
    }

    private void follow(Bus bus) throws Exception {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Directory.Watch watching = Directory.on(bus).watch(new Directory.Listener() {
            @Override
            public void joined(NodeInfo node) {
                show("joined", node);
            }

            @Override
            public void changed(NodeInfo before, NodeInfo now) {
                show("changed", now);
            }

            @Override
            public void draining(NodeInfo node) {
                show("draining", node);
            }

            @Override
            public void left(NodeInfo node) {
                show("left", node);
            }

            private void show(String what, NodeInfo node) {
                ObjectNode row = Output.object().put("event", what);
                row.setAll(NodesCommand.row(node));
                String services = String.join(", ", services(node));
                try {
                    out().element(row, what + " " + node.node() + " " + services);
                } catch (Output.PipeClosed e) {
                    ended.completeExceptionally(e);
                }
            }
        });
        try {
            if (wait == null) {
                await(ended);
            } else {
                ended.get(wait.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (TimeoutException e) {
            out().note("ended after " + Durations.text(Objects.requireNonNull(wait)));
        } finally {
            watching.close();
        }
    }
}

package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what nodes have done. */
@Command(
        name = "stats",
        description =
                "Asks all nodes what they have done: how often each method was called, how long that took, and with"
                        + " --events what was published and received.%n",
        footer = {"", "omnibus stats", "omnibus stats stock", "omnibus stats --events"})
public final class StatsCommand extends Action {

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "A node, an application, a service, a method or a topic. Default: all.")
    @Nullable
    String name;

    @Option(names = "--events", description = "Topics and subscriptions instead of methods.")
    boolean events;

    @Override
    public Integer call() throws Exception {
        try (Bus bus = connect()) {
            List<ObjectNode> rows = new ArrayList<>();
            boolean all = true;
            for (Map.Entry<String, CompletableFuture<NodeStats>> asked : ask(bus).entrySet()) {
                try {
                    NodeStats stats = await(asked.getValue());
                    rows.addAll(events ? events(stats) : methods(stats));
                } catch (RpcException e) {
                    all = false;
                    out().problem(out().alarming("missing: " + asked.getKey() + " " + e.reason()));
                }
            }
            out().table(events ? "events" : "methods", rows);
            return all ? ExitCode.OK : ExitCode.INCOMPLETE;
        }
    }

    /** By node, all at the same time. */
    static Map<String, CompletableFuture<NodeStats>> ask(Bus bus) throws Exception {
        Directory directory = Directory.on(bus);
        Map<String, CompletableFuture<NodeStats>> asked = new TreeMap<>();
        for (NodeInfo node : await(directory.nodes())) {
            if (node.serves("rpc.stats")) { // those of other makers may have none
                asked.put(node.node(), directory.stats(node.node()));
            }
        }
        return asked;
    }

    private boolean isWanted(String node, String what) {
        return name == null
                || what.equals(name)
                || what.startsWith(name + ".")
                || node.equals(name)
                || node.startsWith(name + "-");
    }

    private List<ObjectNode> methods(NodeStats stats) {
        List<ObjectNode> rows = new ArrayList<>();
        stats.methods().forEach((method, done) -> {
            if (isWanted(stats.node(), method)) {
                rows.add(Output.object()
                        .put("method", method)
                        .put("node", stats.node())
                        .put("calls", done.calls())
                        .put("failed", failed(done))
                        .put("running", done.running())
                        .put("waiting", done.waiting())
                        .put("p50Ms", Durations.millis(done.p50()))
                        .put("p95Ms", Durations.millis(done.p95()))
                        .put("p99Ms", Durations.millis(done.p99()))
                        .put("maxMs", Durations.millis(done.max())));
            }
        });
        rows.sort(Comparator.comparing(row -> row.path("method").asText()));
        return rows;
    }

    static long failed(NodeStats.Method done) {
        return done.failed().values().stream().mapToLong(Long::longValue).sum();
    }

    private List<ObjectNode> events(NodeStats stats) {
        List<ObjectNode> rows = new ArrayList<>();
        stats.published().forEach((topic, count) -> {
            if (isWanted(stats.node(), topic)) {
                rows.add(row(topic, stats.node()).put("published", count));
            }
        });
        for (NodeStats.Subscription one : stats.subscriptions()) {
            if (isWanted(stats.node(), one.topic())) {
                rows.add(row(one.topic(), stats.node())
                        .put("received", one.received())
                        .put("handled", one.handled())
                        .put("failed", one.failed())
                        .put("dropped", one.dropped())
                        .put("waiting", one.waiting()));
            }
        }
        return rows;
    }

    private static ObjectNode row(String topic, String node) {
        return Output.object().put("topic", topic).put("node", node);
    }
}

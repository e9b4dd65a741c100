package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.cli.base.Shapes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import picocli.CommandLine.Command;

/** Lists the services of all nodes, and where they differ. */
@Command(
        name = "services",
        description = "Lists the services of all nodes, and the methods that nodes do not agree on.%n",
        footer = {"", "omnibus services"})
public final class ServicesCommand extends Action {

    @Override
    public Integer call() throws Exception {
        try (Bus bus = connect()) {
            List<NodeInfo> nodes = await(Directory.on(bus).nodes());
            Map<String, Set<String>> methods = new TreeMap<>();
            for (NodeInfo node : nodes) {
                node.services()
                        .forEach((service, shapes) -> methods.computeIfAbsent(service, any -> new TreeSet<>())
                                .addAll(shapes.keySet()));
            }
            methods.remove(Presence.RESERVED);
            List<ObjectNode> rows = methods.entrySet().stream()
                    .map(entry -> row(entry.getKey(), entry.getValue(), nodes))
                    .toList();
            out().table("services", rows);
            return ExitCode.OK;
        }
    }

    private static ObjectNode row(String service, Set<String> methods, List<NodeInfo> nodes) {
        long serving = nodes.stream()
                .filter(node -> node.services().containsKey(service))
                .count();
        ObjectNode row = Output.object().put("service", service).put("nodes", serving);
        row.set("methods", Output.array(methods));
        row.set(
                "drift",
                Output.array(methods.stream()
                        .filter(method -> Shapes.differ(service + "." + method, nodes))
                        .toList()));
        return row;
    }
}

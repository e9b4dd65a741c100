package dev.omnibus.tools.cli.base;

import dev.omnibus.rpc.NodeInfo;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Compares what the nodes of a rollout say of one method: the shapes of its contract. */
public final class Shapes {

    private Shapes() {}

    /** Whether two nodes have different shapes of a method. */
    public static boolean differ(String method, List<NodeInfo> nodes) {
        Set<String> shapes = new HashSet<>();
        nodes.stream()
                .map(node -> node.shape(method))
                .filter(shape -> !shape.isEmpty())
                .forEach(shapes::add);
        return shapes.size() > 1;
    }
}

package dev.omnibus.rpc;

import dev.omnibus.bus.Bus;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What tests outside this package may know of it. */
public final class Insides {

    private Insides() {}

    /** How many calls of this node wait for their replies. */
    public static int pending(Bus bus) {
        return RpcClient.on(bus).runtime().pending().size();
    }

    /** How many calls this node counts as being with others now. */
    public static int inFlight(Bus bus, String method) {
        return RpcClient.on(bus).runtime().directory().serving(method).stream()
                .mapToInt(node -> node.callsInFlight().get())
                .sum();
    }

    /** How many serving nodes the directory lists. */
    public static int nodes(Bus bus) {
        return serving(Directory.on(bus).nodes()).size();
    }

    /** Those that serve something: other buses of a test may be listed or not, depending on how long it takes. */
    static List<NodeInfo> serving(CompletableFuture<List<NodeInfo>> nodes) {
        return nodes.join().stream().filter(NodeInfo::isServing).toList();
    }
}

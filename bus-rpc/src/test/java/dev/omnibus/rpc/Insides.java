package dev.omnibus.rpc;

import dev.omnibus.bus.Bus;

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

    /** How many nodes the directory lists. */
    public static int nodes(Bus bus) {
        return RpcClient.on(bus).runtime().directory().nodes().join().size();
    }
}

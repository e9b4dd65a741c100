package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.Discovery;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.Until;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** What the page on asking all nodes shows. Tests run each listing. */
public final class HowToBroadcast {

    private HowToBroadcast() {}

    // tag::broadcast-parts
    static String whatIsKnown(Bus bus, String sku) {
        Replies<Integer> left = RpcClient.on(bus)
                .broadcast(Stock.class, stock -> stock.left(sku))
                .ask();
        int sum = left.values().stream().mapToInt(Integer::intValue).sum();
        return "at least " + sum + "; failed: " + left.faults() + ", no answer: " + left.missing();
    }
    // end::broadcast-parts

    // tag::broadcast-until
    static boolean isAnywhere(Bus bus, String sku) {
        return RpcClient.on(bus)
                .broadcast(Stock.class, stock -> stock.left(sku))
                .until(Until.accepted(left -> left > 0))
                .ask()
                .isSatisfied();
    }
    // end::broadcast-until

    // tag::broadcast-on-reply
    static int leftEverywhere(Bus bus, String sku, Consumer<String> screen) {
        Replies<Integer> replies = RpcClient.on(bus)
                .broadcast(Stock.class, stock -> stock.left(sku))
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(5)))
                .onReply(reply -> screen.accept(reply.node() + " has answered"))
                .ask();
        return replies.orThrow().stream().mapToInt(Integer::intValue).sum();
    }
    // end::broadcast-on-reply

    // tag::broadcast-stage
    interface Prices {
        CompletionStage<Integer> cents(String sku);
    }

    static List<Integer> prices(Bus bus, String sku) {
        return RpcClient.on(bus)
                .broadcastStage(Prices.class, prices -> prices.cents(sku))
                .ask()
                .values();
    }
    // end::broadcast-stage

    static Replies<Integer> byName(Bus bus) {
        // tag::broadcast-by-name
        Replies<Integer> left = RpcClient.on(bus)
                .broadcast("stock.left", Integer.class, "sku-1")
                .until(Until.quorum())
                .ask();
        // end::broadcast-by-name
        return left;
    }

    static String discover(Bus bus) {
        // tag::discover
        Discovery discovery = Discovery.of(bus).join();
        String openRpc = discovery.document().toPrettyString();
        discovery.drift().forEach(drift -> System.out.println(drift.method() + " differs: " + drift.nodes()));
        // end::discover
        return openRpc;
    }

    // tag::watch-directory
    static Directory.Watch watch(Bus bus, Consumer<String> screen) {
        return Directory.on(bus).watch(new Directory.Listener() {
            @Override
            public void joined(NodeInfo node) {
                screen.accept(node.application() + " is there, on " + node.host());
            }

            @Override
            public void left(NodeInfo node) {
                screen.accept(node.application() + " is gone");
            }
        });
    }
    // end::watch-directory

    // tag::stats-of-a-node
    static void show(Bus bus, String node, Consumer<String> screen) {
        NodeStats stats = Directory.on(bus).stats(node).join();
        screen.accept(
                stats.bus().published() + " events published, " + stats.bus().lost() + " lost");
        for (Map.Entry<String, NodeStats.Method> method : stats.methods().entrySet()) {
            NodeStats.Method done = method.getValue();
            screen.accept(method.getKey() + ": " + done.calls() + " calls, 99 % within " + done.p99());
        }
    }
    // end::stats-of-a-node
}

package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Caller;
import dev.omnibus.bench.peer.Desk;
import dev.omnibus.bench.peer.NatsPeer;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Receipt;
import dev.omnibus.bench.server.ChildJvm;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import java.util.Set;

/** A program that connects, makes one call and ends: all of it that a {@link ColdStartJob} starts. */
final class ColdStartMain {

    /** The peers for which there is one. */
    static final Set<String> PROGRAMS = Set.of(OmnibusPeer.NAME, NatsPeer.NAME);

    private static final int BYTES = 100;

    private ColdStartMain() {}

    /** Its arguments are the name of the peer, and the URLs of Redis and of nats-server. */
    public static void main(String[] args) throws Exception {
        long began = System.nanoTime();
        Order order = Order.of(1, Order.note(BYTES));
        if (args[0].equals(OmnibusPeer.NAME)) {
            try (Bus bus = Bus.connect(args[1])) {
                answered(began, order, RpcClient.on(bus).proxy(Desk.class).place(order));
            }
        } else {
            try (Caller client = NatsPeer.client(args[2])) {
                answered(began, order, client.call(order));
            }
        }
        System.exit(0); // some libraries have threads that would go on
    }

    private static void answered(long began, Order order, Receipt receipt) {
        long nanos = System.nanoTime() - began;
        if (!receipt.isFor(order)) {
            throw new IllegalStateException("not the answer to this call: " + receipt);
        }
        ChildJvm.answer(Long.toString(nanos));
    }
}

package dev.omnibus.examples.orders;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.durable.Delivery;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.ChildMain;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A process that bills orders, as one of the group that does. Thread-safe. */
public final class BillingNode implements Rates {

    /** The group: each order goes to one of its nodes. */
    static final String GROUP = "billing";

    /** What costs more is looked at for a while, unless somebody has done so before. */
    static final long LARGE_CENTS = 1_000_000;

    private static final long WORK_MILLIS = 10;

    /** For as long as this the desk may take to kill who looks. */
    private static final long LOOK_MILLIS = 20_000;

    /** What is read ahead is for nobody else. A failure may be gone a moment later; then somebody must look at it. */
    private static final GroupOptions OPTIONS = GroupOptions.defaults()
            .withConcurrency(8)
            .withWindow(64, 1 << 20)
            .withRetries(2, Duration.ofMillis(50), Duration.ofMillis(200));

    private final Map<String, Integer> rates = new ConcurrentHashMap<>(Day.RATES);
    private final Bus bus;
    private final Ledger ledger;

    private BillingNode(Bus bus) {
        this.bus = bus;
        this.ledger = RpcClient.on(bus).proxy(Ledger.class);
    }

    /**
     * Runs a node until its standard input ends.
     *
     * @param args the node's name
     */
    public static void main(String[] args) {
        System.setProperty("org.slf4j.simpleLogger.log.dev.omnibus", "off"); // the desk tells what happens
        ChildMain.run(() -> start(args[0]));
    }

    private static void start(String name) {
        Bus bus = PatientStart.open(
                Bus.builder(System.getenv("REDIS_URL")).name(name).closeOnShutdown());
        BillingNode node = new BillingNode(bus);
        CompletableFuture<Void> serves =
                RpcServer.on(bus).serve(Rates.class, node).ready();
        CompletableFuture<Void> bills =
                Order.topic(bus).subscribe(GROUP, OPTIONS, node::bill).ready();
        CompletableFuture.allOf(serves, bills).join();
        System.out.println("ready " + bus.node());
    }

    /** What returns is acknowledged; what throws is tried again. */
    private void bill(Event<Order> event, Delivery delivery) throws InterruptedException {
        Order order = event.data();
        Integer rate = rates.get(order.currency());
        if (rate == null) {
            throw new IllegalArgumentException("there is no rate for " + order.currency());
        }
        boolean large = order.cents() >= LARGE_CENTS;
        if (large) {
            CompletableFuture<Long> unused = bus.publish(Look.TOPIC, new Look(order.id(), bus.node()));
        }
        TimeUnit.MILLISECONDS.sleep(large && !delivery.mayHaveRun() ? LOOK_MILLIS : WORK_MILLIS);
        boolean unused =
                ledger.enter(new Ledger.Invoice(order.id(), Day.worth(order, rate), bus.node()), delivery.mayHaveRun());
    }

    @Override
    public int set(String currency, int rate) {
        rates.put(currency, rate);
        return rates.size();
    }
}

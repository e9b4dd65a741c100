package dev.omnibus.examples.outbox;

import dev.omnibus.bus.Bus;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxRow;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.ChildMain;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/** A process that takes orders, and dies when it is told to. */
public final class ShopNode {

    /** When it dies. */
    enum Death {
        /** When an order is in the database, and was not published yet. */
        AFTER_COMMIT,
        /** When it is published, and the outbox still has it. */
        AFTER_PUBLISH,
        /** When the desk is done with it. */
        NEVER
    }

    private ShopNode() {}

    /**
     * Takes orders and relays them.
     *
     * @param args the address of the database, when to die, the number of the first order, and behind the last
     */
    public static void main(String[] args) {
        ChildMain.run(() -> {
            try {
                start(args[0], Death.valueOf(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void start(String url, Death death, int first, int end) throws SQLException {
        place(new OrderTable(url), first, end); // which needs no Redis: that is what an outbox is for
        if (death == Death.AFTER_COMMIT) {
            die();
        }
        Bus bus = PatientStart.open(
                Bus.builder(System.getenv("REDIS_URL")).name("shop").closeOnShutdown());
        OutboxSource<OrderPlaced> outbox = new JdbcOutbox(url);
        OutboxRelay unused = relay(bus, death == Death.NEVER ? outbox : new Mortal(outbox));
        System.out.println("ready " + bus.node());
    }

    private static void place(OrderTable table, int first, int end) throws SQLException {
        for (int i = first; i < end; i++) {
            table.place(new OrderPlaced("o-" + i, "sku-" + i % 7, 1 + i % 3));
        }
    }

    // tag::outbox-relay
    static OutboxRelay relay(Bus bus, OutboxSource<OrderPlaced> outbox) {
        DurableTopic<OrderPlaced> orders = OrderPlaced.topic(bus);
        return OutboxRelay.start(orders, outbox); // in every process of the shop; one of them relays
    }
    // end::outbox-relay

    /** One whose process dies when rows were published. */
    private record Mortal(OutboxSource<OrderPlaced> outbox) implements OutboxSource<OrderPlaced> {

        @Override
        public List<OutboxRow<OrderPlaced>> next(int max) throws Exception {
            return outbox.next(max);
        }

        @Override
        public void done(Collection<String> ids) {
            die();
        }
    }

    /** As a crash: nothing is closed, and nothing is finished. */
    private static void die() {
        System.out.println("dying");
        System.out.flush();
        Runtime.getRuntime().halt(1);
    }
}

package dev.omnibus.examples.orders;

import dev.omnibus.bus.Bus;
import dev.omnibus.durable.Position;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.ChildMain;
import java.util.Map;
import java.util.TreeMap;

/** A process that comes when the day is over, and reads it from the beginning. */
public final class AuditNode {

    /** One order after the other, on one thread. */
    private static final class Audit {

        private final Map<String, Long> cents = new TreeMap<>();
        private int orders;
        private String last = "";
        private boolean inOrder = true;

        void add(Order order) {
            inOrder &= last.compareTo(order.id()) < 0;
            last = order.id();
            orders++;
            cents.merge(order.currency(), order.cents(), Long::sum);
        }

        String line() {
            return orders + " " + (inOrder ? "in order" : "out of order") + " " + cents;
        }
    }

    private AuditNode() {}

    /**
     * Replays the day, and says what it has seen.
     *
     * @param args the node's name, and how many orders there are
     */
    public static void main(String[] args) {
        ChildMain.run(() -> start(args[0], Integer.parseInt(args[1])));
    }

    private static void start(String name, int orders) {
        Bus bus = PatientStart.open(
                Bus.builder(System.getenv("REDIS_URL")).name(name).closeOnShutdown());
        Audit audit = new Audit();
        Order.topic(bus)
                .follow(Position.EARLIEST, (event, position) -> {
                    audit.add(event.data());
                    if (audit.orders == orders) {
                        System.out.println("replayed " + audit.line());
                    }
                })
                .ready()
                .join();
        System.out.println("ready " + bus.node());
    }
}

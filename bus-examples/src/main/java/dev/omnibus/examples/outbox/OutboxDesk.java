package dev.omnibus.examples.outbox;

import dev.omnibus.bus.Bus;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.outbox.Invoices.Totals;
import dev.omnibus.examples.outbox.ShopNode.Death;
import dev.omnibus.examples.stage.Checks;
import dev.omnibus.examples.stage.ChildProcess;
import dev.omnibus.examples.stage.RedisKeeper;
import dev.omnibus.examples.stage.Screen;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The outbox desk. A shop writes its orders into a database, and dies: once before they are published, and once when
 * they are, and nobody has written that down. The billing has each of them once all the same. Confined to one thread.
 */
public final class OutboxDesk {

    /**
     * The database of the shop. What a crash of the process leaves must be whole: H2 would write only every half
     * second. And it would close the file, and tidy it up, with each connection, of which there is a new one for each
     * order.
     */
    private static final String SHOP =
            "jdbc:h2:file:%s;MODE=PostgreSQL;WRITE_DELAY=0;" + "DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE";

    private static final int ORDERS = 90;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(20);

    private final Screen screen;
    private final Checks checks = new Checks();
    private final AtomicInteger delivered = new AtomicInteger();

    private OutboxDesk(Screen screen) {
        this.screen = screen;
    }

    /**
     * Runs the demonstration. The exit code is 0 if all totals were right.
     *
     * @param args none
     * @throws Exception if there is no room for a database
     */
    public static void main(String[] args) throws Exception {
        System.exit(new OutboxDesk(Screen.standard()).run() ? 0 : 1);
    }

    private boolean run() throws IOException {
        Path folder = Files.createTempDirectory("omnibus-outbox");
        screen.step("Outbox desk: orders that are in the database and on the topic, or in neither");
        try (ChildProcess keeper = ChildProcess.start("redis-keeper", RedisKeeper.class, Map.of(), List.of())) {
            screen.say("  Redis: %s; a helper, process %d, looks after it", keeper.await("origin"), keeper.pid());
            String redis = keeper.await("url");
            Invoices invoices = new Invoices("jdbc:h2:mem:billing;MODE=PostgreSQL;DB_CLOSE_DELAY=-1");
            try (Bus bus = PatientStart.open(Bus.builder(redis).name("billing"))) {
                DurableTopic<OrderPlaced> orders = OrderPlaced.topic(bus);
                orders.subscribe("billing", event -> {
                            invoices.bill(event);
                            delivered.incrementAndGet();
                        })
                        .ready()
                        .join();
                play(redis, SHOP.formatted(folder.resolve("shop")), orders, invoices);
            }
        } catch (RuntimeException | SQLException e) {
            checks.that(false, "it broke off: " + e.getMessage());
        } finally {
            delete(folder);
        }
        checks.failed().forEach(failure -> screen.alarm("  WRONG: " + failure));
        screen.say("%s.", checks.failed().isEmpty() ? "All totals are right" : "Not all totals are right");
        return checks.failed().isEmpty();
    }

    private void play(String redis, String shop, DurableTopic<OrderPlaced> orders, Invoices invoices)
            throws SQLException {
        screen.step("1. A shop takes " + ORDERS / 3 + " orders, and dies before any is published");
        try (ChildProcess process = shop(redis, shop, Death.AFTER_COMMIT, 0)) {
            process.await("dying");
        }
        checks.equal("the events on the topic", 0L, entries(orders));
        screen.say("  In the database are %d, on the topic none.", ORDERS / 3);

        screen.step("2. It is started again, takes as many, and dies when they are published");
        try (ChildProcess process = shop(redis, shop, Death.AFTER_PUBLISH, ORDERS / 3)) {
            process.await("dying");
        }
        long published = entries(orders);
        checks.equal("the events on the topic after the second death", 2L * ORDERS / 3, published);
        screen.say("  On the topic are %d now, and the outbox has them still.", published);

        screen.step("3. It is started again, and publishes what the outbox has");
        try (ChildProcess process = shop(redis, shop, Death.NEVER, 2 * ORDERS / 3)) {
            process.await("ready");
            poll();
        }
        Totals totals = invoices.totals();
        long appended = entries(orders);
        screen.step("The totals");
        screen.say("  placed %d, events on the topic %d, delivered %d", ORDERS, appended, delivered.get());
        screen.say("  billed %d orders of %d pieces", totals.orders(), totals.pieces());
        checks.equal("the number of events", (long) ORDERS, appended);
        checks.equal("the number of deliveries", ORDERS, delivered.get());
        checks.equal("what was billed", new Totals(ORDERS, 2 * ORDERS), totals);
    }

    private static ChildProcess shop(String redis, String database, Death death, int first) {
        return ChildProcess.start(
                "shop",
                ShopNode.class,
                Map.of("REDIS_URL", redis),
                List.of(database, death.name(), String.valueOf(first), String.valueOf(first + ORDERS / 3)));
    }

    private static long entries(DurableTopic<OrderPlaced> orders) {
        return orders.status().join().entries();
    }

    private void poll() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (delivered.get() < ORDERS && System.nanoTime() < deadline) {
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}

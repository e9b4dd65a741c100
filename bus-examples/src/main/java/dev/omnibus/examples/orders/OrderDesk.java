package dev.omnibus.examples.orders;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DeadLetters;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.DurableTopicStatus.Group;
import dev.omnibus.durable.Position;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.Checks;
import dev.omnibus.examples.stage.ChildProcess;
import dev.omnibus.examples.stage.RedisKeeper;
import dev.omnibus.examples.stage.Screen;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The order desk. A shop publishes the orders of a day on a durable topic; two processes bill them. One is killed over
 * an order, one order cannot be billed by anybody, and an auditor comes when it is all over.
 *
 * <p>Read it from top to bottom; the other classes are the roles in the story. Confined to one thread.
 */
public final class OrderDesk {

    private static final Duration DAY = Duration.ofSeconds(3);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(20);

    /** A lease is three seconds; the rest is for a machine that is busy. */
    private static final Duration TAKEN_OVER = Duration.ofSeconds(15);

    private final Screen screen;
    private final Day day = Day.make();
    private final Checks checks = new Checks();
    private final Book book = new Book();
    private final BlockingQueue<Look> looked = new LinkedBlockingQueue<>();

    private OrderDesk(Screen screen) {
        this.screen = screen;
    }

    /** A process of the group that stands. */
    private record Node(String id, ChildProcess process) {}

    /** A node that was killed, and when. */
    private record Death(Node node, long at) {}

    /**
     * Runs the demonstration. The exit code is 0 if all totals were right.
     *
     * @param args none
     */
    public static void main(String[] args) {
        System.exit(new OrderDesk(Screen.standard()).run() ? 0 : 1);
    }

    private boolean run() {
        long begin = System.nanoTime();
        screen.step("Order desk: a day of orders on a durable topic");
        try (ChildProcess keeper = ChildProcess.start("redis-keeper", RedisKeeper.class, Map.of(), List.of())) {
            screen.say("  Redis: %s; a helper, process %d, looks after it", keeper.await("origin"), keeper.pid());
            String redis = keeper.await("url");
            Map<String, String> environment = Map.of("REDIS_URL", redis);
            try (ChildProcess first = billing(environment, 1);
                    ChildProcess second = billing(environment, 2);
                    Bus bus = PatientStart.open(Bus.builder(redis).name("desk"))) {
                DurableTopic<Order> orders = open(bus);
                List<Node> nodes = awaitNodes(first, second);
                Death death = sell(orders, nodes);
                try (ChildProcess auditor = auditor(environment)) {
                    awaitTakeOver(death);
                    repair(bus, orders);
                    audit(auditor);
                }
                close(orders, nodes, death);
            }
        } catch (RuntimeException e) {
            checks.that(false, "it broke off: " + e.getMessage());
        }
        checks.failed().forEach(failure -> screen.alarm("  WRONG: " + failure));
        String verdict = checks.failed().isEmpty() ? "All totals are right" : "Not all totals are right";
        screen.say("%s, after %.1f s.", verdict, (System.nanoTime() - begin) / 1e9);
        return checks.failed().isEmpty();
    }

    private static ChildProcess billing(Map<String, String> environment, int number) {
        String name = "billing-" + number;
        return ChildProcess.start(name, BillingNode.class, environment, List.of(name));
    }

    private ChildProcess auditor(Map<String, String> environment) {
        return ChildProcess.start("auditor", AuditNode.class, environment, List.of("auditor", String.valueOf(count())));
    }

    private DurableTopic<Order> open(Bus bus) {
        screen.say("  %,d orders are placed in %d seconds. It takes some 10 seconds.", count(), DAY.toSeconds());
        bus.subscribe(Look.TOPIC, event -> looked.add(event.data())).ready().join();
        RpcServer.on(bus).serve(Ledger.class, book).ready().join();
        return Order.topic(bus);
    }

    private List<Node> awaitNodes(ChildProcess... processes) {
        screen.step("1. Two processes are the group \"" + BillingNode.GROUP + "\"");
        List<Node> nodes = new ArrayList<>();
        for (ChildProcess process : processes) {
            Node node = new Node(process.await("ready"), process);
            screen.say("  %s, process %d", node.id(), process.pid());
            nodes.add(node);
        }
        screen.say("  Each order goes to one of them, until it has entered an invoice in the ledger.");
        return nodes;
    }

    /** Publishes the day, and kills the node that has the large order in hand. */
    private Death sell(DurableTopic<Order> orders, List<Node> nodes) {
        screen.step("2. The shop sells, and one of the two is killed");
        Optional<Death> death = Optional.empty();
        List<CompletableFuture<Position>> placed = new ArrayList<>();
        long begin = System.nanoTime();
        for (Order order : day.orders()) {
            waitUntil(begin + DAY.toNanos() * placed.size() / count());
            placed.add(orders.publish(order));
            screen.progress(placed.size(), count(), "orders placed");
            if (death.isEmpty()) {
                death = Optional.ofNullable(looked.poll()).map(look -> kill(nodes, look));
            }
        }
        List<Position> positions = placed.stream()
                .map(one ->
                        one.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join())
                .toList();
        checks.equal("the number of positions", count(), Set.copyOf(positions).size());
        screen.say("  All are confirmed; the last one is at position %s.", positions.get(count() - 1));
        return death.orElseGet(() -> kill(nodes, awaitLook()));
    }

    private Death kill(List<Node> nodes, Look look) {
        Node victim = nodes.stream()
                .filter(node -> node.id().equals(look.node()))
                .findFirst()
                .orElseThrow();
        victim.process().kill();
        screen.alarm("  " + victim.id() + " has " + look.order() + " in hand, and is killed");
        return new Death(victim, System.nanoTime());
    }

    private Look awaitLook() {
        try {
            Look look = looked.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (look == null) {
                throw new IllegalStateException("nobody took the large order");
            }
            return look;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private void awaitTakeOver(Death death) {
        screen.step("3. The other one takes over what the dead one had");
        Look again = awaitLook();
        Duration waited = Duration.ofNanos(System.nanoTime() - death.at());
        checks.equal("the order that is looked at again", day.large().id(), again.order());
        checks.that(!again.node().equals(death.node().id()), "the dead node looks at an order");
        checks.that(waited.compareTo(TAKEN_OVER) <= 0, "it was taken over only after " + waited);
        screen.say(
                "  %s begins %s again, %.1f s after the death: leases are 3 s",
                again.node(), again.order(), seconds(waited));

        poll("the orders that can be billed", () -> book.size() == count() - 1);
        Book.Tally tally = book.tally(again.node());
        screen.say(
                "  Of %,d orders it was told that they may have been handled before. %,d of them",
                tally.again(), tally.known());
        screen.say("  had been, and the ledger knew that.");
        checks.that(tally.again() > 0, "no order was said to be started again");
        checks.equal(
                "who has billed the large order",
                Optional.of(again.node()),
                book.billedBy(day.large().id()));
    }

    /** An order that nobody could bill, until somebody has seen to it. */
    private void repair(Bus bus, DurableTopic<Order> orders) {
        screen.step("4. An order that cannot be billed is a dead letter");
        DeadLetters<Order> dead = orders.deadLetters(BillingNode.GROUP);
        List<DeadLetter<Order>> letters = dead.list(10).join();
        for (DeadLetter<Order> letter : letters) {
            String order = letter.event().map(event -> event.data().id()).orElse("?");
            screen.say("  %s, started %d times: %s", order, letter.starts(), letter.reason());
        }
        checks.equal(
                "the dead letters",
                List.of(Optional.of(day.poison())),
                letters.stream().map(letter -> letter.event().map(Event::data)).toList());
        Replies<Integer> replies = RpcClient.on(bus)
                .broadcast(Rates.class, rates -> rates.set(Day.UNKNOWN, Day.UNKNOWN_RATE))
                .ask();
        checks.equal("the currencies that each node knows now", List.of(Day.RATES.size() + 1), replies.orThrow());
        screen.say("  The billing nodes learn a rate for %s, and the letter is delivered again.", Day.UNKNOWN);
        checks.equal(
                "the number of letters redelivered",
                (long) letters.size(),
                dead.redeliverAll().join());
        poll("the order that was a dead letter", () -> book.size() == count());
        screen.say("  Billed by %s.", book.billedBy(day.poison().id()).orElse("nobody"));
    }

    private void audit(ChildProcess auditor) {
        screen.step("5. A node that came when all was sold replays the day");
        String seen = auditor.await("replayed");
        Map<String, Long> cents = new TreeMap<>();
        day.orders().forEach(order -> cents.merge(order.currency(), order.cents(), Long::sum));
        checks.equal("what the auditor has seen", count() + " in order " + cents, seen);
        screen.say("  auditor, process %d, has read %,d orders, in the order of the shop:", auditor.pid(), count());
        cents.forEach((currency, sum) -> screen.say("    %s %,13.2f", currency, sum / 100.0));
    }

    private void close(DurableTopic<Order> orders, List<Node> nodes, Death death) {
        screen.step("The totals");
        poll("acknowledgement", () -> isDone(orders.status().join()));
        DurableTopicStatus status = orders.status().join();
        screen.say("  %-26s %8s %8s %8s", "node", "billed", "again", "known");
        int billed = 0;
        for (Node node : nodes) {
            Book.Tally tally = book.tally(node.id());
            billed += tally.billed();
            String killed = node.equals(death.node()) ? "  killed" : "";
            screen.say("  %-26s %,8d %,8d %,8d%s", node.id(), tally.billed(), tally.again(), tally.known(), killed);
        }
        screen.say("  again: perhaps handled before, and said to be; known: the ledger had the invoice");
        screen.say("  %,d orders placed, %,d billed, EUR %,.2f", count(), billed, book.worth() / 100.0);
        checks.equal("the number of orders billed", count(), billed);
        checks.equal("the sum of the ledger", day.worth(), book.worth());
        checks.equal("orders handled twice without a word", 0, book.unannounced());
        checks.equal("orders that are kept", (long) count() + 1, status.entries());
        for (Group group : status.groups()) {
            screen.say(
                    "  group %s: behind %d, pending %d, dead letters %d, nodes %d",
                    group.name(),
                    group.lag().orElse(0),
                    group.pending(),
                    group.deadLetters(),
                    group.nodes().size());
            checks.equal("the dead letters at the end", 0L, group.deadLetters());
            checks.equal("the nodes at the end", 1, group.nodes().size());
        }
    }

    private static boolean isDone(DurableTopicStatus status) {
        return status.groups().stream()
                .allMatch(group -> group.pending() == 0 && group.lag().orElse(0) == 0);
    }

    private int count() {
        return day.orders().size();
    }

    private void poll(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                checks.that(false, what + " did not come within " + PATIENCE.toSeconds() + " s");
                return;
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private static void waitUntil(long nanoTime) {
        for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}

package dev.omnibus.examples.quakes;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.quakes.Nodes.Node;
import dev.omnibus.examples.stage.Checks;
import dev.omnibus.examples.stage.ChildProcess;
import dev.omnibus.examples.stage.RedisKeeper;
import dev.omnibus.examples.stage.Screen;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * The quake desk. One real week of earthquakes is replayed over Redis. Four processes keep the events and others watch
 * them; the desk asks the four, has them work, and kills one to see what becomes of a question that is under way.
 *
 * <p>Read it from top to bottom; the other classes are the roles in the story. Confined to one thread.
 */
public final class QuakeDesk {

    private static final String STRONGEST = "us1000chhc";
    private static final int CALLS = 2_000;

    private static final Duration REPLAY = Duration.ofSeconds(3);
    private static final Duration ARRIVAL_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(20);
    /** Shorter than it takes to give up the one that is killed over it, and long enough to kill it in time. */
    private static final Duration SURVEY = Duration.ofSeconds(3);

    /** The library gives up a node that has died within 5 seconds; the rest is for a machine that is busy. */
    private static final Duration DEATH_KNOWN = Duration.ofSeconds(15);

    private final Screen screen;
    private final List<Quake> quakes = QuakeFile.read();
    private final Checks checks = new Checks();

    private QuakeDesk(Screen screen) {
        this.screen = screen;
    }

    /**
     * Runs the demonstration. The exit code is 0 if all totals were right.
     *
     * @param args none
     */
    public static void main(String[] args) {
        System.exit(new QuakeDesk(Screen.standard()).run() ? 0 : 1);
    }

    private boolean run() {
        long begin = System.nanoTime();
        screen.step("Quake desk: one real week of earthquakes over Redis");
        try (ChildProcess keeper = ChildProcess.start("redis-keeper", RedisKeeper.class, Map.of(), List.of())) {
            introduce(keeper.await("origin"), keeper.pid());
            String redis = keeper.await("url");
            try (Nodes processes = new Nodes(Map.of("REDIS_URL", redis));
                    AlertDesk alerts = new AlertDesk(redis, screen);
                    StatisticsBoard statistics = new StatisticsBoard(redis);
                    Publisher publisher = new Publisher(redis, screen);
                    Bus bus = PatientStart.open(Bus.builder(redis).name("desk"))) {
                Questions questions = new Questions(RpcClient.on(bus));
                ClosingTable table = new ClosingTable();

                List<Node> nodes = awaitNodes(processes, questions);
                replay(publisher, alerts, statistics, questions);
                ask(questions, nodes, statistics);
                report(table, questions, nodes, publisher, alerts, statistics);
                DistanceCalls.Result calls = call(RpcClient.on(bus), nodes);
                killOne(questions, nodes);
                close(table, questions, calls);
            }
        } catch (RuntimeException e) {
            checks.that(false, "it broke off: " + e.getMessage());
        }
        checks.failed().forEach(failure -> screen.alarm("  WRONG: " + failure));
        String verdict = checks.failed().isEmpty() ? "All totals are right" : "Not all totals are right";
        screen.say("%s, after %.1f s.", verdict, (System.nanoTime() - begin) / 1e9);
        return checks.failed().isEmpty();
    }

    private void introduce(String origin, long keeper) {
        screen.say("  Redis: %s; a helper, process %d, looks after it", origin, keeper);
        screen.say(
                "  %,d events of 31 January to 7 February 2018 are replayed in %d seconds to four",
                quakes.size(), REPLAY.toSeconds());
        screen.say("  processes that keep them, and to two subscribers that only watch. Then the four");
        screen.say("  are asked, called %,d times, and one is killed. It takes some 15 seconds.", CALLS);
    }

    private List<Node> awaitNodes(Nodes processes, Questions questions) {
        screen.step("1. Four processes, each the catalogue of some networks");
        List<Node> nodes = processes.awaitReady();
        for (Node node : nodes) {
            screen.say("  %s, process %d: %s", node.id(), node.process().pid(), String.join(" ", node.networks()));
        }
        Replies<Integer> counts = questions.ask(Catalogue::count);
        checks.equal(
                "the number of catalogues on this Redis",
                nodes.size(),
                counts.values().size());
        checks.equal("the number of events before the replay", 0, Questions.sum(counts));
        return nodes;
    }

    private void replay(Publisher publisher, AlertDesk alerts, StatisticsBoard statistics, Questions questions) {
        screen.step("2. A publisher that knows none of them replays the week");
        int confirmed = publisher.replay(quakes, REPLAY);
        checks.equal("the number of events published", quakes.size(), confirmed);

        boolean arrived = poll(() -> alerts.report().received() == confirmed
                && statistics.report().received() == confirmed
                && questions.count() == confirmed);
        checks.that(arrived, "not all events had arrived within " + ARRIVAL_TIMEOUT.toSeconds() + " s");
        long strong = count(quake -> quake.magnitude() >= AlertDesk.STRONG);
        checks.equal("the number of alerts", strong, (long) alerts.alerts());
        screen.say(
                "  %d alerts for magnitude %.0f and more, those from 6 are shown", alerts.alerts(), AlertDesk.STRONG);
    }

    private void ask(Questions questions, List<Node> nodes, StatisticsBoard statistics) {
        screen.step("3. Questions to all nodes at once");
        Replies<Integer> counts = questions.ask(Catalogue::count);
        checks.equal("count() of all nodes", quakes.size(), Questions.sum(counts));
        screen.say(
                "  count(): %,d, of %d nodes in %.1f ms",
                Questions.sum(counts), counts.values().size(), millis(counts.elapsed()));

        List<Quake> strongest = questions.ask(catalogue -> catalogue.strongest(5)).values().stream()
                .flatMap(List::stream)
                .sorted(Quake.STRONGEST_FIRST)
                .limit(5)
                .toList();
        checks.equal(
                "strongest(5)",
                quakes.stream().sorted(Quake.STRONGEST_FIRST).limit(5).toList(),
                strongest);
        screen.say("  strongest(5), merged:");
        strongest.forEach(quake -> screen.say("    %.1f  %s", quake.magnitude(), quake.place()));

        find(questions, nodes);
        checks.equal("the total of the statistics", quakes.size(), statistics.total());
        screen.say("  And from the statistics board, which was asked nothing: events by magnitude");
        statistics.show(screen);
    }

    private void find(Questions questions, List<Node> nodes) {
        Replies<Quake> found = questions.ask(catalogue -> catalogue.find(STRONGEST));
        checks.equal(
                "the number of answers to find()", nodes.size(), found.values().size());
        Map<String, Quake> finders = new HashMap<>(found.byNode());
        finders.values().removeIf(Objects::isNull);
        checks.equal("the number of nodes that found " + STRONGEST, 1, finders.size());
        finders.forEach((node, quake) -> {
            checks.equal(
                    "the event " + STRONGEST,
                    quakes.stream().sorted(Quake.STRONGEST_FIRST).findFirst().orElseThrow(),
                    quake);
            screen.say("  find(\"%s\"): %s has it, the others answered null", STRONGEST, node);
        });
    }

    private void report(
            ClosingTable table,
            Questions questions,
            List<Node> nodes,
            Publisher publisher,
            AlertDesk alerts,
            StatisticsBoard statistics) {
        Replies<Report> reports = questions.ask(Catalogue::report);
        for (Node node : nodes) {
            Report report = reports.byNode().get(node.id());
            if (report == null) {
                checks.that(false, node.id() + " gave no report");
            } else {
                table.add(node.id(), count(node::keeps), report);
            }
        }
        table.add("alerts", quakes.size(), alerts.report());
        table.add("statistics", quakes.size(), statistics.report());
        checks.equal("what went wrong at the publisher", 0L, publisher.report().failures());
    }

    private DistanceCalls.Result call(RpcClient client, List<Node> nodes) {
        screen.step("4. Calls, each to one node");
        DistanceCalls.Result calls = DistanceCalls.make(client, quakes, CALLS);
        checks.equal("the number of right distances", CALLS, calls.right());
        checks.equal(
                "the number of nodes that were called",
                nodes.size(),
                calls.byNode().size());
        screen.say(
                "  %,d distanceKm(), %d at a time, in %.0f ms; executed by",
                CALLS, DistanceCalls.IN_FLIGHT, millis(calls.elapsed()));
        calls.byNode().forEach((node, executed) -> screen.say("    %s: %,d", node, executed));
        return calls;
    }

    private void killOne(Questions questions, List<Node> nodes) {
        screen.step("5. A node is killed over a question");
        Node victim = nodes.get(1);
        CompletableFuture<Replies<Integer>> survey = questions.askAsync(catalogue -> catalogue.survey(SURVEY));
        victim.process().await("surveying");
        long killed = System.nanoTime();
        victim.process().kill();
        Replies<Integer> replies = survey.join();
        Duration waited = Duration.ofNanos(System.nanoTime() - killed);

        screen.say(
                "  survey(): %d answers; missing %s, %.1f s after its death",
                replies.values().size(), replies.missing(), millis(waited) / 1000);
        checks.equal(
                "the number of answers without the dead node",
                nodes.size() - 1,
                replies.values().size());
        checks.equal("who is missing", Map.of(victim.id(), Reason.NODE_LOST), replies.missing());
        checks.that(waited.compareTo(DEATH_KNOWN) <= 0, "the dead node was noticed only after " + waited);

        Replies<Integer> counts = questions.ask(Catalogue::count);
        screen.say(
                "  count(): %,d, of %d nodes in %.1f ms",
                Questions.sum(counts), counts.values().size(), millis(counts.elapsed()));
        checks.that(counts.isComplete(), "a node is missing after the death of another: " + counts);
        checks.equal(
                "the number of survivors", nodes.size() - 1, counts.values().size());
        checks.equal("count() of the survivors", count(quake -> !victim.keeps(quake)), (long) Questions.sum(counts));
    }

    private void close(ClosingTable table, Questions questions, DistanceCalls.Result calls) {
        screen.step("The totals");
        table.show(screen);
        table.check(checks);
        screen.say(
                "  calls: %,d, right answers %,d; p50 %.1f ms, p99 %.1f ms from call to answer, with",
                CALLS, calls.right(), calls.percentileMillis(50), calls.percentileMillis(99));
        screen.say("  %d under way at a time, in JVMs that have just started", DistanceCalls.IN_FLIGHT);
        screen.say(
                "  broadcasts: %d, answers %d, faults %d, missing %d (the node that was killed)",
                questions.asked(), questions.answers(), questions.faults(), questions.missing());
        checks.equal("the number of faults", 0, questions.faults());
        checks.equal("the number of missing answers", 1, questions.missing());
    }

    private long count(Predicate<Quake> which) {
        return quakes.stream().filter(which).count();
    }

    private static boolean poll(BooleanSupplier condition) {
        long deadline = System.nanoTime() + ARRIVAL_TIMEOUT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return true;
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }
}

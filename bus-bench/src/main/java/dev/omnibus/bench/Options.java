package dev.omnibus.bench;

import dev.omnibus.bench.job.Job;
import dev.omnibus.bench.job.Jobs;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Peers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code compare} was asked for. */
record Options(
        List<Job> jobs,
        List<Peer> peers,
        int rounds,
        int warmUps,
        double seconds,
        Duration roundTrip,
        int masters,
        boolean budgetsOnly,
        Optional<Path> json,
        Optional<Path> markdown,
        Optional<Path> svg) {

    static final String USAGE = """
            compare [--jobs a,b] [--peers a,b|none] [--rounds n] [--seconds n] [--warm-ups n]
                    [--rtt 1ms] [--cluster 3] [--scope all|budgets] [--json FILE] [--markdown FILE] [--svg FILE]
            micro   [a pattern of benchmarks, and any other option of JMH]""";

    private static final int ROUNDS = 5;
    private static final int MAX_WARM_UPS = 20; // one that is always compiling is measured all the same
    private static final double SECONDS = 3;
    private static final int MAX_SECONDS = 60; // child processes are waited for that answer after it

    private static final int MIN_MASTERS = 3;
    private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)(us|ms|s)");

    /**
     * Reads arguments.
     *
     * @throws IllegalArgumentException if one is unknown, or has no value that fits
     */
    static Options parse(List<String> arguments) {
        List<Job> jobs = Jobs.ALL;
        List<Peer> peers = Peers.ALL;
        int rounds = ROUNDS;
        int warmUps = MAX_WARM_UPS;
        double seconds = SECONDS;
        Duration roundTrip = Duration.ZERO;
        int masters = 0;
        boolean budgetsOnly = false;
        Optional<Path> json = Optional.empty();
        Optional<Path> markdown = Optional.empty();
        Optional<Path> svg = Optional.empty();
        for (int i = 0; i < arguments.size(); i += 2) {
            String option = arguments.get(i);
            if (i + 1 == arguments.size()) {
                throw new IllegalArgumentException("The option " + option + " needs a value");
            }
            String value = arguments.get(i + 1);
            switch (option) {
                case "--jobs" -> jobs = list(value, Jobs::named);
                case "--peers" -> peers = withOmnibus(value);
                case "--rounds" -> rounds = count(option, value, 1);
                case "--warm-ups" -> warmUps = count(option, value, 0);
                case "--seconds" -> seconds = seconds(option, value);
                case "--rtt" -> roundTrip = duration(option, value);
                case "--cluster" -> masters = masters(value);
                case "--scope" -> budgetsOnly = isBudgets(value);
                case "--json" -> json = Optional.of(Path.of(value));
                case "--markdown" -> markdown = Optional.of(Path.of(value));
                case "--svg" -> svg = Optional.of(Path.of(value));
                default -> throw new IllegalArgumentException("There is no option " + option + "; use\n" + USAGE);
            }
        }
        return new Options(
                jobs,
                masters == 0 ? peers : withCluster(peers),
                rounds,
                warmUps,
                seconds,
                roundTrip,
                masters,
                budgetsOnly,
                json,
                markdown,
                svg);
    }

    private static <T> List<T> list(String names, Function<String, T> named) {
        return Arrays.stream(names.split(",", -1)).map(named).toList();
    }

    private static List<Peer> withOmnibus(String names) {
        List<Peer> peers = new ArrayList<>(List.of(Peers.named(OmnibusPeer.NAME)));
        if (!names.equals("none")) {
            list(names, Peers::named).stream()
                    .filter(peer -> !peers.contains(peer) && !peer.needsCluster())
                    .forEach(peers::add);
        }
        return peers;
    }

    /** Next to the one on a single Redis, so that the two share the machine's mood. */
    private static List<Peer> withCluster(List<Peer> peers) {
        List<Peer> all = new ArrayList<>(peers);
        all.add(1, Peers.ON_CLUSTER);
        return all;
    }

    private static boolean isBudgets(String scope) {
        if (!scope.equals("budgets") && !scope.equals("all")) {
            throw new IllegalArgumentException("The scope is " + scope + "; it must be all or budgets");
        }
        return scope.equals("budgets");
    }

    /** Whether this job is to be measured with this peer. */
    boolean wants(Job job, Peer peer) {
        return job.suits(peer) && (!budgetsOnly || budgets().stream().anyMatch(budget -> budget.looksAt(job, peer)));
    }

    /** What must be reached in what is measured. */
    List<Budget> budgets() {
        return Budgets.of(roundTrip, masters);
    }

    private static Duration duration(String option, String value) {
        Matcher duration = DURATION.matcher(value);
        if (!duration.matches()) {
            throw new IllegalArgumentException(
                    "The option " + option + " is " + value + "; it must be like 1ms or 500us");
        }
        double nanos = switch (duration.group(2)) {
            case "us" -> 1e3;
            case "ms" -> 1e6;
            default -> 1e9;
        };
        return Duration.ofNanos(Math.round(Double.parseDouble(duration.group(1)) * nanos));
    }

    private static int masters(String value) {
        int masters = Integer.parseInt(value);
        if (masters < MIN_MASTERS) {
            throw new IllegalArgumentException("The cluster has " + value + " masters; it must have 3 at least");
        }
        return masters;
    }

    /** A number of times, such as of rounds. */
    static int count(String option, String value, int least) {
        int number = Integer.parseInt(value);
        if (number < least) {
            throw new IllegalArgumentException(
                    "The option " + option + " is " + value + "; it must be at least " + least);
        }
        return number;
    }

    /** The time for one measurement. */
    static double seconds(String option, String value) {
        double number = Double.parseDouble(value);
        if (!(number > 0 && number <= MAX_SECONDS)) {
            throw new IllegalArgumentException(
                    "The option " + option + " is " + value + "; it must be above 0 and at most " + MAX_SECONDS);
        }
        return number;
    }
}

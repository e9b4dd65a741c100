package dev.omnibus.bench;

import dev.omnibus.bench.job.Job;
import dev.omnibus.bench.job.Jobs;
import dev.omnibus.bench.job.Measured;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.server.ChildJvm;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Compares builds of Omnibus, such as before and after a change. Each has a JVM and a Redis of its own, and they take
 * turns: a measurement of one, then the same of the next, in another order each round, so that what disturbs the
 * machine disturbs both. JVMs that were started one after the other differ by some per cent although they run the same
 * code, as each compiles it a little differently; so all of it is repeated with new ones.
 */
final class Pairs {

    static final String USAGE = """
            pairs   --builds before=bus-bench.jar,after=bus-bench.jar [--jobs a,b] [--rounds n] [--seconds n]
                    [--warm-ups n] [--launches n]""";

    private static final List<Metric> METRICS = List.of(Metric.CPU, Metric.ALLOCATED);

    /**
     * What it was asked for.
     *
     * @param builds class paths, by the names that they have in the results; the others are compared with the first
     */
    record Plan(Map<String, String> builds, List<Job> jobs, int rounds, double seconds, int warmUps, int launches) {

        /**
         * Reads arguments.
         *
         * @throws IllegalArgumentException if one is unknown, or has no value that fits
         */
        static Plan parse(List<String> arguments) {
            Map<String, String> builds = new LinkedHashMap<>();
            List<Job> jobs = List.of(Jobs.named("calls-256"));
            int rounds = 15;
            double seconds = 1;
            int warmUps = 10;
            int launches = 3;
            for (int i = 0; i < arguments.size(); i += 2) {
                String option = arguments.get(i);
                if (i + 1 == arguments.size()) {
                    throw new IllegalArgumentException("The option " + option + " needs a value");
                }
                String value = arguments.get(i + 1);
                switch (option) {
                    case "--builds" -> Arrays.stream(value.split(",", -1)).forEach(each -> add(builds, each));
                    case "--jobs" ->
                        jobs = Arrays.stream(value.split(",", -1))
                                .map(Jobs::named)
                                .toList();
                    case "--rounds" -> rounds = Options.count(option, value, 1);
                    case "--seconds" -> seconds = Options.seconds(option, value);
                    case "--warm-ups" -> warmUps = Options.count(option, value, 0);
                    case "--launches" -> launches = Options.count(option, value, 1);
                    default -> throw new IllegalArgumentException("There is no option " + option + "; use\n" + USAGE);
                }
            }
            if (builds.size() < 2) {
                throw new IllegalArgumentException("There must be two --builds at least, as name=jar,name=jar");
            }
            return new Plan(builds, jobs, rounds, seconds, warmUps, launches);
        }

        private static void add(Map<String, String> builds, String build) {
            int equals = build.indexOf('=');
            if (equals <= 0 || builds.put(build.substring(0, equals), build.substring(equals + 1)) != null) {
                throw new IllegalArgumentException(
                        "The build \"" + build + "\" must be like name=jar, with a name that no other one has");
            }
        }
    }

    private final Plan plan;
    private final PrintStream out;
    private final PrintStream progress;

    /** By job, with one list for each launch. */
    private final Map<Job, List<Results>> launches = new LinkedHashMap<>();

    private Pairs(Plan plan, PrintStream out, PrintStream progress) {
        this.plan = plan;
        this.out = out;
        this.progress = progress;
    }

    /** Measures, and prints a line for each job, build and metric. */
    static void run(Plan plan, PrintStream out, PrintStream progress) throws IOException {
        Pairs pairs = new Pairs(plan, out, progress);
        try {
            for (int launch = 1; launch <= plan.launches(); launch++) {
                pairs.launch(launch);
            }
        } finally { // what is finished counts also if a build fails later
            pairs.report();
        }
    }

    private void launch(int number) throws IOException {
        Map<String, ChildJvm> jvms = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, String> build : plan.builds().entrySet()) {
                jvms.put(build.getKey(), ChildJvm.ofBuild(build.getValue(), MeasureMain.class));
            }
            for (Job job : plan.jobs()) {
                Results results = new Results();
                for (int round = 1 - plan.warmUps(); round <= plan.rounds(); round++) {
                    measure(job, number, round, jvms, results);
                }
                launches.computeIfAbsent(job, any -> new ArrayList<>()).add(results);
            }
        } finally {
            jvms.values().forEach(ChildJvm::close);
        }
    }

    private void measure(Job job, int launch, int round, Map<String, ChildJvm> jvms, Results results) {
        List<Map.Entry<String, ChildJvm>> order = new ArrayList<>(jvms.entrySet());
        Collections.rotate(order, Math.floorMod(round, order.size()));
        for (Map.Entry<String, ChildJvm> each : order) {
            String build = each.getKey();
            ChildJvm jvm = each.getValue();
            Measured measured = measure(job, build, jvm);
            String when = round > 0 ? round + "/" + plan.rounds() : "warm-up";
            progress.printf(
                    Locale.ROOT,
                    "launch %d  %-20s %-8s %-12s %s, JIT %s%n",
                    launch,
                    job.name(),
                    when,
                    build,
                    measured.text(job.metric()),
                    measured.text(Metric.JIT));
            if (round > 0) {
                results.add(job.name(), build, measured);
            }
        }
    }

    private Measured measure(Job job, String build, ChildJvm jvm) {
        try {
            jvm.ask(job.name() + " " + plan.seconds());
            return MeasureMain.read(jvm.answer());
        } catch (IllegalStateException e) {
            throw new IllegalStateException("The build \"" + build + "\" did not measure " + job.name(), e);
        }
    }

    private void report() {
        List<String> builds = List.copyOf(plan.builds().keySet());
        launches.forEach((job, all) -> {
            for (String build : builds.subList(1, builds.size())) {
                report(job, all, job.metric(), build, builds.get(0));
                METRICS.forEach(metric -> report(job, all, metric, build, builds.get(0)));
            }
        });
    }

    /** The mean of the launches, of each of which the median of its rounds' ratios is taken. */
    private void report(Job job, List<Results> all, Metric metric, String build, String first) {
        List<Double> ratios = all.stream()
                .flatMap(each -> each.ratio(metric, job.name(), build, job.name(), first).stream())
                .filter(ratio -> !Double.isNaN(ratio))
                .toList();
        if (ratios.isEmpty()) {
            return;
        }
        double mean = ratios.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        String each = ratios.stream()
                .map(ratio -> String.format(Locale.ROOT, "%.3f", ratio))
                .collect(Collectors.joining(" "));
        out.printf(
                Locale.ROOT,
                "pair %s %s %s/%s %.3f of launches %s%n",
                job.name(),
                metric.label(),
                build,
                first,
                mean,
                each);
    }
}

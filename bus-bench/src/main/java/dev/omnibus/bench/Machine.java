package dev.omnibus.bench;

import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.job.Servers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** What it was measured on, for the head of every table. */
record Machine(List<String> facts) {

    /** At the beginning: the load is then that of the others. */
    static Machine describe(Servers servers, Duration roundTrip) {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        List<String> facts = new ArrayList<>();
        facts.add(Runtime.getRuntime().availableProcessors() + " processors, " + processor());
        facts.add(property("os.name") + " " + property("os.version") + " " + property("os.arch"));
        facts.add(property("java.vm.name") + " " + property("java.version"));
        facts.addAll(servers.origins());
        if (!roundTrip.isZero()) {
            facts.add("a round trip of " + Metric.digits(roundTrip.toNanos() / 1e6)
                    + " ms between everybody and every server, by a proxy of our own");
        }
        facts.add(String.format(Locale.ROOT, "load average %.2f before the first job", load));
        return new Machine(facts);
    }

    private static String property(String name) {
        return System.getProperty(name, "");
    }

    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException | UncheckedIOException e) {
            return "unknown"; // not Linux
        }
    }
}

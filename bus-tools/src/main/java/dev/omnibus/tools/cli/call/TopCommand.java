package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Says what is called now. */
@Command(
        name = "top",
        description = "Says how often each method is called now, and fails, by asking all nodes again and again.%n",
        footer = {"", "omnibus top", "omnibus top --interval 5s --count 12 --json"})
public final class TopCommand extends Action {

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Between two tables. Default: 2s.")
    Duration interval = Duration.ofSeconds(2);

    @Option(names = "--count", paramLabel = "N", description = "End after so many tables. Default: never.")
    int count;

    /** What all nodes together have of a method. */
    private static final class Sum {
        long nodes;
        long calls;
        long failed;
        long running;
        long waiting;
    }

    private final Map<String, long[]> before = new HashMap<>(); // calls and failures by node and method

    @Override
    public Integer call() throws Exception {
        if (interval.isZero()) {
            throw new Failures.UsageException("--interval must be positive");
        }
        try (Bus bus = connect()) {
            Map<String, Sum> unusedFirst = round(bus);
            long asked = System.nanoTime();
            for (int round = 1; count == 0 || round <= count; round++) {
                TimeUnit.NANOSECONDS.sleep(interval.toNanos());
                Map<String, Sum> now = round(bus);
                long since = System.nanoTime() - asked;
                asked = System.nanoTime();
                out().table("methods", rows(now, since));
            }
            return ExitCode.OK;
        }
    }

    /** Asks all nodes. One that has come since counts from the next round on. */
    private Map<String, Sum> round(Bus bus) throws Exception {
        Map<String, Sum> sums = new TreeMap<>();
        for (CompletableFuture<NodeStats> asked : StatsCommand.ask(bus).values()) {
            NodeStats stats;
            try {
                stats = await(asked);
            } catch (RpcException e) {
                continue; // it is gone, or too busy to say
            }
            stats.methods().forEach((method, done) -> {
                Sum sum = sums.computeIfAbsent(method, any -> new Sum());
                long failed = StatsCommand.failed(done);
                long[] last = before.put(stats.node() + " " + method, new long[] {done.calls(), failed});
                sum.nodes++;
                sum.calls += last == null ? 0 : done.calls() - last[0];
                sum.failed += last == null ? 0 : failed - last[1];
                sum.running += done.running();
                sum.waiting += done.waiting();
            });
        }
        return sums;
    }

    private static List<ObjectNode> rows(Map<String, Sum> now, long nanos) {
        List<ObjectNode> rows = new ArrayList<>();
        now.forEach((method, sum) -> rows.add(Output.object()
                .put("method", method)
                .put("nodes", sum.nodes)
                .put("callsPerSecond", perSecond(sum.calls, nanos))
                .put("failedPerSecond", perSecond(sum.failed, nanos))
                .put("running", sum.running)
                .put("waiting", sum.waiting)));
        rows.sort((one, other) -> Double.compare(
                other.path("callsPerSecond").asDouble(),
                one.path("callsPerSecond").asDouble()));
        return rows;
    }

    private static double perSecond(long count, long nanos) {
        return Math.round(count * 1e10 / nanos) / 10.0;
    }
}

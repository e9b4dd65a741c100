package dev.omnibus.tools.cli.measure;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.cli.base.RedisCommands;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures the round trip to Redis. */
@Command(
        name = "rtt",
        description = "Measures the round trip to Redis, by PING; no call can be faster than two of these.%n",
        footer = {"", "omnibus rtt", "omnibus rtt --count 100 --interval 10ms --json"})
public final class RttCommand extends Action {

    @Option(names = "--count", paramLabel = "N", description = "How many. Default: 10.")
    int count = 10;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Between two. Default: 100ms.")
    Duration interval = Duration.ofMillis(100);

    @Override
    public Integer call() throws Exception {
        if (count < 1) {
            throw new Failures.UsageException("--count must be at least 1");
        }
        long[] nanos = new long[count];
        try (RedisCommands redis = RedisCommands.open(omnibus().connection())) {
            Object unused = redis.run("PING"); // what is done once is not measured
            for (int i = 0; i < count; i++) {
                long began = System.nanoTime();
                Object unusedPong = redis.run("PING");
                nanos[i] = System.nanoTime() - began;
                if (i < count - 1) {
                    TimeUnit.NANOSECONDS.sleep(interval.toNanos());
                }
            }
        }
        Arrays.sort(nanos);
        ObjectNode result = Output.object().put("count", count);
        result.put("minMs", Durations.millis(Duration.ofNanos(nanos[0])))
                .put("medianMs", Durations.millis(Duration.ofNanos(nanos[count / 2])))
                .put("p99Ms", Durations.millis(Duration.ofNanos(nanos[(int) (0.99 * (count - 1))])))
                .put("maxMs", Durations.millis(Duration.ofNanos(nanos[count - 1])));
        out().properties(result);
        return ExitCode.OK;
    }
}

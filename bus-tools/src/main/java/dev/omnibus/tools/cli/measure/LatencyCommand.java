package dev.omnibus.tools.cli.measure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Measures latencies at a fixed rate. Each is counted from when its message was due, so a pause counts for all that
 * were due meanwhile: what is called coordinated omission does not happen.
 */
@Command(
        name = "latency",
        description = "Measures the latency of calls of a method, or of events, at a fixed rate.%n",
        footer = {
            "",
            "omnibus latency",
            "omnibus latency stock.left sku=sku-1 --rate 200 --duration 30s --hdr stock.hgrm"
        })
public final class LatencyCommand extends Action {

    private static final long MAX_MICROS = TimeUnit.HOURS.toMicros(1);
    private static final int DIGITS = 3;

    @Parameters(index = "0", arity = "0..1", paramLabel = "METHOD", description = "What to call. Default: events.")
    @Nullable
    String method;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "PARAMS", description = "As of omnibus call.")
    List<String> params = List.of();

    @Option(names = "--rate", paramLabel = "N", description = "How many a second. Default: 100.")
    double rate = 100;

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "For how long. Default: 5s.")
    Duration duration = Duration.ofSeconds(5);

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Print a line each time. Default: only at the end.")
    @Nullable
    Duration interval;

    @Option(names = "--hdr", paramLabel = "FILE", description = "Write the percentiles there, as HdrHistogram does.")
    @Nullable
    Path hdr;

    private final ConcurrentHistogram all = new ConcurrentHistogram(MAX_MICROS, DIGITS);
    private final ConcurrentHistogram recent = new ConcurrentHistogram(MAX_MICROS, DIGITS);
    private final LongAdder failed = new LongAdder();
    private final LongAdder ended = new LongAdder();
    private @Nullable Throwable failure; // the first one; guarded by this

    @Override
    public Integer call() throws Exception {
        if (rate <= 0 || duration.isZero()) {
            throw new Failures.UsageException("--rate and --duration must be positive");
        }
        Object[] arguments = Input.arguments(Input.params(params, omnibus().terminal()));
        try (Bus bus = connect()) {
            if (method == null) {
                events(bus);
            } else {
                RpcClient client = RpcClient.on(bus);
                String called = method;
                CallOptions options =
                        CallOptions.defaults().withTimeout(omnibus().timeout());
                JsonNode unused = await(client.call(called, JsonNode.class, arguments)); // fails at once if it must
                run(due -> client.call(called, JsonNode.class, options, arguments)
                        .whenComplete((value, e) -> took(due, e)));
            }
        }
        out().properties(summary(all).put("failed", failed.sum()));
        if (hdr != null) {
            write(hdr);
        }
        Throwable first = failure();
        if (first != null && all.getTotalCount() == 0) {
            throw first instanceof Exception e ? e : new IllegalStateException(first);
        }
        return ExitCode.OK;
    }

    private synchronized @Nullable Throwable failure() {
        return failure == null ? null : Failures.unwrapped(failure);
    }

    private void events(Bus bus) throws Exception {
        String topic = "omnibus.latency." + bus.node();
        Subscription subscription = bus.subscribe(topic, Long.class, event -> took(event.data(), null));
        await(subscription.ready());
        run(due -> bus.publish(topic, due).exceptionally(e -> {
            took(due, e);
            return 0L;
        }));
    }

    /** What is sent at the time when it is due. */
    private interface Sending {
        @Nullable
        CompletableFuture<?> send(long due);
    }

    private void run(Sending sending) throws Exception {
        long began = System.nanoTime();
        long total = Math.max(1, (long) (rate * duration.toNanos() / 1e9));
        long shown = began;
        for (long i = 0; i < total; i++) {
            long due = began + (long) (i / rate * 1e9);
            long wait = due - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            Object unused = sending.send(due);
            if (interval != null && System.nanoTime() - shown > interval.toNanos()) {
                shown = System.nanoTime();
                ObjectNode now = summary(recent);
                recent.reset();
                out().element(
                                now,
                                "p50 " + now.path("p50Ms") + " p99 " + now.path("p99Ms") + " max " + now.path("maxMs")
                                        + " ms");
            }
        }
        long end = System.nanoTime() + omnibus().timeout().toNanos();
        while (ended.sum() < total && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        failed.add(Math.max(0, total - ended.sum()));
    }

    private void took(long due, @Nullable Throwable e) {
        if (e == null) {
            long micros = Math.max(0, Math.min(MAX_MICROS, (System.nanoTime() - due) / 1000));
            all.recordValue(micros);
            recent.recordValue(micros);
        } else {
            failed.increment();
            synchronized (this) {
                failure = failure == null ? e : failure;
            }
        }
        ended.increment();
    }

    static ObjectNode summary(Histogram histogram) {
        boolean empty = histogram.getTotalCount() == 0;
        ObjectNode summary = Output.object().put("count", histogram.getTotalCount());
        return summary.put("minMs", empty ? 0 : histogram.getMinValue() / 1e3)
                .put("p50Ms", histogram.getValueAtPercentile(50) / 1e3)
                .put("p95Ms", histogram.getValueAtPercentile(95) / 1e3)
                .put("p99Ms", histogram.getValueAtPercentile(99) / 1e3)
                .put("p999Ms", histogram.getValueAtPercentile(99.9) / 1e3)
                .put("maxMs", histogram.getMaxValue() / 1e3);
    }

    private void write(Path file) throws IOException {
        try (PrintStream to = new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8)) {
            all.outputPercentileDistribution(to, 1000.0);
        }
        out().note("the percentiles, in ms, are in " + file);
    }
}

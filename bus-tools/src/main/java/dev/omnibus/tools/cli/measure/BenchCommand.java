package dev.omnibus.tools.cli.measure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures throughput. */
@Command(
        name = "bench",
        description = {
            "Measures throughput: of publishing, receiving, calling, or serves what is called.",
            "Start bench serve, or bench sub, in one terminal, and bench call, or bench pub, in another.%n"
        },
        footer = {
            "",
            "omnibus bench serve",
            "omnibus bench call --msgs 100000 --in-flight 256 --clients 2",
            "omnibus bench pub --msgs 100000 --size 128 --csv"
        })
public final class BenchCommand extends Action {

    private enum What {
        pub,
        sub,
        call,
        serve
    }

    @Parameters(index = "0", paramLabel = "WHAT", description = "pub, sub, call or serve.")
    What what = What.call;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NAME",
            description = "The topic or the method. Default: bench.events, bench.echo.")
    @Nullable
    String name;

    @Option(names = "--clients", paramLabel = "N", description = "How many connections. Default: 1.")
    int clients = 1;

    @Option(names = "--msgs", paramLabel = "N", description = "How many messages in all. Default: 10000.")
    int messages = 10_000;

    @Option(names = "--size", paramLabel = "N", description = "Characters of a message. Default: 16.")
    int size = 16;

    @Option(names = "--in-flight", paramLabel = "N", description = "How many at a time, per connection. Default: 64.")
    int inFlight = 64;

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long sub and serve stay. Default: until --msgs have come.")
    @Nullable
    Duration duration;

    @Option(names = "--csv", description = "Write a line of CSV, behind a line of headings.")
    boolean csv;

    private final ConcurrentHistogram latencies = new ConcurrentHistogram(TimeUnit.HOURS.toMicros(1), 3);
    private final LongAdder failed = new LongAdder();
    private final List<Bus> open = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        if (clients < 1 || messages < 1 || size < 0 || inFlight < 1) {
            throw new Failures.UsageException("--clients, --msgs and --in-flight must be at least 1");
        }
        try {
            for (int i = 0; i < clients; i++) {
                open.add(connect());
            }
            return switch (what) {
                case pub -> send(name == null ? "bench.events" : name);
                case call -> send(name == null ? "bench.echo" : name);
                case sub, serve -> receive();
            };
        } finally {
            open.forEach(Bus::close);
        }
    }

    private interface Sending {
        CompletableFuture<?> send(Bus bus);
    }

    private int send(String to) throws Exception {
        String text = "x".repeat(size);
        CallOptions options = CallOptions.defaults().withTimeout(omnibus().timeout());
        Sending sending = what == What.pub
                ? bus -> bus.publish(to, text)
                : bus -> RpcClient.on(bus).call(to, JsonNode.class, options, text);
        Object unused = await(sending.send(open.get(0))); // fails at once if it must
        List<Semaphore> room = new ArrayList<>();
        open.forEach(bus -> room.add(new Semaphore(inFlight)));
        long began = System.nanoTime();
        for (int i = 0; i < messages; i++) {
            int client = i % clients;
            room.get(client).acquire();
            long sent = System.nanoTime();
            sending.send(open.get(client)).whenComplete((value, e) -> {
                if (e == null) {
                    latencies.recordValue((System.nanoTime() - sent) / 1000);
                } else {
                    failed.increment();
                }
                room.get(client).release();
            });
        }
        for (Semaphore each : room) {
            each.acquire(inFlight);
        }
        report(messages - failed.sum(), System.nanoTime() - began);
        return failed.sum() == 0 ? ExitCode.OK : ExitCode.TOO_FEW;
    }

    private int receive() throws Exception {
        CountDownLatch left = new CountDownLatch(messages);
        AtomicLong first = new AtomicLong();
        for (Bus bus : open) {
            if (what == What.sub) {
                Subscription subscription =
                        bus.subscribe(name == null ? "bench.events" : name, JsonNode.class, event -> came(first, left));
                await(subscription.ready());
            } else {
                await(RpcServer.on(bus)
                        .serve(name == null ? "bench.echo" : name, params -> {
                            came(first, left);
                            return params.path(0);
                        })
                        .ready());
            }
        }
        out().note((what == What.sub ? "subscribed" : "serving") + " at "
                + omnibus().connection());
        boolean all = true;
        if (duration == null) {
            left.await();
        } else {
            all = left.await(duration.toMillis(), TimeUnit.MILLISECONDS);
        }
        report(messages - left.getCount(), first.get() == 0 ? 0 : System.nanoTime() - first.get());
        return all ? ExitCode.OK : ExitCode.TOO_FEW;
    }

    private static void came(AtomicLong first, CountDownLatch left) {
        first.compareAndSet(0, System.nanoTime());
        left.countDown();
    }

    private void report(long done, long nanos) {
        ObjectNode result = Output.object().put("what", what.name()).put("clients", clients);
        result.put("messages", done)
                .put("failed", failed.sum())
                .put("seconds", Math.round(nanos / 1e6) / 1e3)
                .put("perSecond", nanos == 0 ? 0 : Math.round(done * 1e9 / nanos));
        if (what == What.pub || what == What.call) {
            ObjectNode times = LatencyCommand.summary(latencies);
            times.remove("count");
            result.setAll(times);
        }
        if (csv) {
            List<String> names = new ArrayList<>();
            List<String> values = new ArrayList<>();
            result.properties().forEach(entry -> {
                names.add(entry.getKey().toLowerCase(Locale.ROOT));
                values.add(entry.getValue().asText());
            });
            out().line(String.join(",", names));
            out().line(String.join(",", values));
        } else {
            out().properties(result);
        }
    }
}

package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusException;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Subscription;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.tools.cli.admin.CheckResult.Level;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Contexts;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Shapes;
import dev.omnibus.transport.TransportException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks for monitoring. */
@Command(
        name = "check",
        description = {
            "Checks one thing, for monitoring.",
            "Exit code 0 is OK, 1 a warning, 2 critical, 3 unknown; with --format prometheus always 0.%n"
        },
        footer = {
            "",
            "omnibus check connection --warn 50ms --critical 500ms",
            "omnibus check service stock --expect 2",
            "omnibus check ask stock.left sku=sku-1 --expect 3",
            "omnibus check gaps 'orders.**' --for 30s --format json"
        })
public final class CheckCommand extends Action {

    private enum What {
        connection,
        node,
        service,
        call,
        ask,
        gaps
    }

    @Parameters(index = "0", paramLabel = "WHAT", description = "connection, node, service, call, ask or gaps.")
    What what = What.connection;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NAME",
            description = "Which: the name of a node or the beginning of its id, a service, a method, a topic pattern.")
    @Nullable
    String name;

    @Parameters(index = "2..*", arity = "0..*", paramLabel = "PARAMS", description = "Of call and ask, as there.")
    List<String> params = List.of();

    @Option(
            names = "--warn",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Longer than this is a warning.")
    @Nullable
    Duration warn;

    @Option(
            names = "--critical",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Longer than this is critical.")
    @Nullable
    Duration critical;

    @Option(names = "--expect", paramLabel = "N", description = "Fewer nodes than this are critical. Default: 1.")
    int expect = 1;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long gaps are looked for. Default: 10s.")
    Duration during = Duration.ofSeconds(10);

    @Option(names = "--format", paramLabel = "FORMAT", description = "text, nagios, json or prometheus. Default: text.")
    String format = "text";

    @Option(names = "--namespace", paramLabel = "WORD", description = "Of prometheus metrics. Default: omnibus.")
    String namespace = "omnibus";

    @Option(
            names = "--outfile",
            paramLabel = "FILE",
            description = "Write there, at once and only readable by you, instead of to stdout.")
    @Nullable
    Path outfile;

    @Override
    public Integer call() {
        if (!List.of("text", "nagios", "json", "prometheus").contains(format)) {
            throw new Failures.UsageException("--format is text, nagios, json or prometheus, and not '" + format + "'");
        }
        if (what != What.connection && name == null) {
            throw new Failures.UsageException("Which " + what + " is to be checked? Give its name");
        }
        String shown = out().isJson() && format.equals("text") ? "json" : format;
        String item = name == null ? what.name() : name;
        CheckResult result = new CheckResult(what.name(), item);
        fill(result, item);
        String text = result.text(shown, namespace);
        if (outfile == null) {
            out().line(text);
        } else {
            Contexts.write(outfile, text + "\n");
        }
        return shown.equals("prometheus") ? ExitCode.OK : result.level().code;
    }

    private void fill(CheckResult result, String item) {
        try (Bus bus = connect()) {
            switch (what) {
                case connection -> connection(bus, result);
                case node -> nodes(bus, item, result);
                case service -> service(bus, item, result);
                case call ->
                    timed(result, "call", () -> {
                        CallOptions options =
                                CallOptions.defaults().withTimeout(omnibus().timeout());
                        Object[] arguments =
                                Input.arguments(Input.params(params, omnibus().terminal()));
                        return await(RpcClient.on(bus).call(item, JsonNode.class, options, arguments));
                    });
                case ask -> ask(bus, item, result);
                case gaps -> gaps(bus, item, result);
            }
        } catch (Failures.UsageException e) {
            throw e;
        } catch (RpcException e) {
            result.add(Level.CRITICAL, e.reason() + ": " + e.getMessage());
        } catch (BusException | TransportException e) {
            result.add(Level.CRITICAL, String.valueOf(e.getMessage()));
        } catch (Exception e) {
            result.add(Level.UNKNOWN, String.valueOf(e));
        }
    }

    private void timed(CheckResult result, String what, Callable<?> work) throws Exception {
        long began = System.nanoTime();
        Object unused = work.call();
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        measured(result, what, took);
    }

    private void measured(CheckResult result, String what, Duration took) {
        double limit = critical == null ? 0 : critical.toNanos() / 1e9;
        double first = warn == null ? 0 : warn.toNanos() / 1e9;
        result.metric(what, took.toNanos() / 1e9, "s", first, limit);
        Level level = critical != null && took.compareTo(critical) > 0
                ? Level.CRITICAL
                : warn != null && took.compareTo(warn) > 0 ? Level.WARNING : Level.OK;
        result.add(level, what + " took " + Durations.text(took));
    }

    /** A message to the own inbox, which is the way of a reply. */
    private void connection(Bus bus, CheckResult result) throws Exception {
        String topic = "omnibus.check." + bus.node();
        CompletableFuture<Long> arrived = new CompletableFuture<>();
        Subscription subscription = bus.subscribe(topic, Integer.class, event -> arrived.complete(System.nanoTime()));
        await(subscription.ready());
        timed(result, "round trip", () -> {
            bus.publish(topic, 1);
            return arrived.get(omnibus().timeout().toMillis(), TimeUnit.MILLISECONDS);
        });
    }

    private void nodes(Bus bus, String item, CheckResult result) throws Exception {
        List<NodeInfo> found = await(Directory.on(bus).nodes()).stream()
                .filter(node -> node.node().equals(item)
                        || node.application().equals(item)
                        || node.node().startsWith(item + "-"))
                .toList();
        counted(result, item, found);
    }

    private void service(Bus bus, String item, CheckResult result) throws Exception {
        List<NodeInfo> found = await(Directory.on(bus).nodes()).stream()
                .filter(node -> node.services().containsKey(item))
                .toList();
        counted(result, item, found);
        List<String> drifting = found.stream()
                .flatMap(node -> node.services().getOrDefault(item, Map.of()).keySet().stream())
                .distinct()
                .filter(method -> Shapes.differ(item + "." + method, found))
                .sorted()
                .toList();
        if (!drifting.isEmpty()) {
            result.add(Level.WARNING, "nodes do not agree on " + String.join(", ", drifting));
        }
    }

    private void counted(CheckResult result, String item, List<NodeInfo> found) {
        long up = found.stream().filter(node -> !node.draining()).count();
        result.metric("nodes", (double) up, "", 0, expect);
        result.add(up < expect ? Level.CRITICAL : Level.OK, up + " nodes of " + item + " are up");
    }

    private void ask(Bus bus, String item, CheckResult result) throws Exception {
        Object[] arguments = Input.arguments(Input.params(params, omnibus().terminal()));
        Replies<JsonNode> replies = await(RpcClient.on(bus)
                .broadcast(item, JsonNode.class, arguments)
                .with(CallOptions.defaults().withTimeout(omnibus().timeout()))
                .askAsync());
        int values = replies.byNode().size();
        result.metric("values", values, "", 0, expect);
        measured(result, "ask", replies.elapsed());
        replies.faults().forEach((node, fault) -> result.add(Level.CRITICAL, node + " answered " + fault.reason()));
        replies.missing().forEach((node, why) -> result.add(Level.CRITICAL, node + " is missing, " + why));
        if (replies.missingUnnamed() > 0) {
            result.add(Level.CRITICAL, replies.missingUnnamed() + " that nobody knows by name are missing");
        }
        result.add(values < expect ? Level.CRITICAL : Level.OK, values + " nodes gave a value");
    }

    private void gaps(Bus bus, String item, CheckResult result) throws Exception {
        LongAdder lost = new LongAdder();
        LongAdder received = new LongAdder();
        bus.addListener(new BusListener() {
            @Override
            public void onGap(String topic, String source, long from, long to) {
                lost.add(to - from + 1);
                result.add(
                        Level.CRITICAL, (to - from + 1) + " events of " + topic + " from " + source + " are missing");
            }
        });
        Subscription subscription = bus.subscribe(item, JsonNode.class, event -> received.increment());
        await(subscription.ready());
        TimeUnit.NANOSECONDS.sleep(during.toNanos());
        result.metric("received", (double) received.sum(), "", 0, 0);
        result.metric("lost", (double) lost.sum(), "", 0, 0);
        result.add(Level.OK, received.sum() + " events came in " + Durations.text(during));
    }
}

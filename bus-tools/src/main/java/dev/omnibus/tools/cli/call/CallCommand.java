package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.Discovery;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Calls a method on one node. */
@Command(
        name = "call",
        description = "Calls a method on one node. A failure has the exit code of its reason, 65 to 75.%n",
        footer = {
            "",
            "omnibus call stock.left sku=sku-1",
            "omnibus call stock.left '[\"sku-1\"]' --raw",
            "omnibus call stock.add sku=sku-1 pieces:=3 --key order-17"
        })
public final class CallCommand extends Action {

    @Mixin
    final Request request = new Request();

    @Option(
            names = {"-H", "--header"},
            paramLabel = "NAME=VALUE",
            description = "A header for the server.")
    List<String> headers = List.of();

    @Option(names = "--node", paramLabel = "ID", description = "Which node, and no other.")
    @Nullable
    String node;

    @Option(names = "--key", paramLabel = "TEXT", description = "An idempotency key.")
    @Nullable
    String key;

    @Option(names = "--retries", paramLabel = "N", description = "How often to try again what was not executed.")
    int retries;

    @Option(names = "--one-way", description = "Do not wait for an answer.")
    boolean oneWay;

    @Option(
            names = "--dry-run",
            description = "Send nothing: compare the params with what the nodes say they take, and print them.")
    boolean dryRun;

    @Override
    public Integer call() throws Exception {
        JsonNode given = request.params(omnibus());
        CallOptions options = Request.options(omnibus(), headers).withRetries(retries);
        options = node == null ? options : options.onNode(node);
        options = key == null ? options : options.withIdempotencyKey(key);
        try (Bus bus = connect()) {
            return dryRun ? check(bus, given) : send(bus, given, options);
        }
    }

    private int send(Bus bus, JsonNode given, CallOptions options) throws Exception {
        RpcClient client = RpcClient.on(bus);
        AtomicReference<@Nullable CallOutcome> outcome = new AtomicReference<>();
        client.intercept((called, chosen, next) -> next.proceed(chosen).thenAccept(outcome::set));
        JsonNode result = NullNode.getInstance();
        if (oneWay) {
            await(client.send(request.method, options, Input.arguments(given)));
        } else {
            JsonNode answer = await(client.call(request.method, JsonNode.class, options, Input.arguments(given)));
            result = answer == null ? result : answer;
        }
        CallOutcome ended = outcome.get();
        ObjectNode whole = Output.object().put("ok", true).put("method", request.method);
        whole.put("node", ended == null ? "" : ended.node())
                .put("elapsedMs", ended == null ? 0 : Durations.millis(ended.elapsed()))
                .set("result", result);
        if (oneWay && !out().isJson()) {
            return ExitCode.OK;
        }
        out().value(whole, result);
        return ExitCode.OK;
    }

    private int check(Bus bus, JsonNode given) throws Exception {
        JsonNode known = null;
        for (JsonNode candidate : await(Discovery.of(bus)).document().path("methods")) {
            if (candidate.path("name").asText().equals(request.method)) {
                known = candidate;
            }
        }
        List<String> problems = known == null ? List.of("no node serves it") : problems(known, given);
        ObjectNode result = Output.object().put("ok", problems.isEmpty()).put("method", request.method);
        result.set("params", given);
        result.put("shape", known == null ? "" : known.path("x-shape").asText());
        result.set("problems", Output.array(problems));
        out().properties(result);
        return problems.isEmpty() ? ExitCode.OK : ExitCode.USAGE;
    }

    /** Names and numbers; whether the values fit only the server can say. */
    private static List<String> problems(JsonNode known, JsonNode given) {
        List<String> problems = new ArrayList<>();
        if (known.path("x-shape").asText().isEmpty()) {
            return problems; // served by name: anything may be right
        }
        List<String> names = new ArrayList<>();
        known.path("params").forEach(param -> names.add(param.path("name").asText()));
        if (given.isArray()) {
            if (given.size() != names.size()) {
                problems.add("it takes " + names.size() + " params, and not " + given.size());
            }
            return problems;
        }
        if (known.path("paramStructure").asText().equals("by-position")) {
            problems.add("it takes its params by position only");
        }
        for (String name : names) {
            if (!given.has(name)) {
                problems.add("the param " + name + " is missing");
            }
        }
        given.properties().stream()
                .map(Map.Entry::getKey)
                .filter(name -> !names.contains(name))
                .forEach(name -> problems.add("it has no param " + Objects.toString(name)));
        return problems;
    }
}

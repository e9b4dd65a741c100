package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.Reply;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.Until;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Asks all nodes. */
@Command(
        name = "ask",
        description = {
            "Calls a method on every node that serves it, and knows when all have answered.",
            "Exit code 76 if somebody is missing.%n"
        },
        footer = {"", "omnibus ask stock.left sku=sku-1", "omnibus ask cache.size --until majority"})
public final class AskCommand extends Action {

    @Mixin
    final Request request = new Request();

    @Option(
            names = {"-H", "--header"},
            paramLabel = "NAME=VALUE",
            description = "A header for the servers.")
    List<String> headers = List.of();

    @Option(
            names = "--until",
            paramLabel = "RULE",
            description = "When the answers are enough: all, first, majority, or a number of values. Default: all.")
    String until = "all";

    @Override
    public Integer call() throws Exception {
        JsonNode given = request.params(omnibus());
        Until<JsonNode> rule = rule();
        try (Bus bus = connect()) {
            Replies<JsonNode> replies = await(RpcClient.on(bus)
                    .broadcast(request.method, JsonNode.class, Input.arguments(given))
                    .with(Request.options(omnibus(), headers))
                    .until(rule)
                    .onReply(this::show)
                    .askAsync());
            return ended(replies);
        }
    }

    private Until<JsonNode> rule() {
        return switch (until) {
            case "all" -> Until.all();
            case "first" -> Until.first(1);
            case "majority" -> Until.quorum();
            default -> {
                if (!until.matches("[1-9]\\d{0,8}")) {
                    throw new Failures.UsageException(
                            "--until is all, first, majority or a number, and not '" + until + "'");
                }
                yield Until.first(Integer.parseInt(until));
            }
        };
    }

    private void show(Reply<JsonNode> reply) {
        if (out().isJson()) {
            return; // one object at the end
        }
        RpcException fault = reply.fault();
        JsonNode value = reply.value();
        String text = fault == null
                ? Output.compact(value == null ? NullNode.getInstance() : value)
                : out().alarming(fault.reason() + " " + fault.getMessage());
        out().line(
                        out().isRaw() && fault == null
                                ? text
                                : reply.node() + "  " + Durations.text(reply.latency()) + "  " + text);
    }

    private int ended(Replies<JsonNode> replies) {
        int answered = replies.replies().size();
        int missing = replies.missing().size() + replies.missingUnnamed();
        int code = code(replies);
        if (out().isJson()) {
            ObjectNode whole = Output.object()
                    .put("ok", code == ExitCode.OK)
                    .put("method", request.method)
                    .put("asked", answered + missing)
                    .put("answered", answered)
                    .put("complete", replies.isComplete())
                    .put("elapsedMs", Durations.millis(replies.elapsed()));
            ArrayNode list = whole.putArray("replies");
            replies.replies().forEach(reply -> list.add(object(reply)));
            ObjectNode names = whole.putObject("missing");
            replies.missing().forEach((node, reason) -> names.put(node, reason.name()));
            whole.put("missingUnnamed", replies.missingUnnamed());
            out().line(Output.compact(whole));
        }
        out().note(answered + " of " + (answered + missing) + " answered in " + Durations.text(replies.elapsed()));
        replies.missing().forEach((node, reason) -> out().problem(out().alarming("missing: " + node + " " + reason)));
        if (replies.missingUnnamed() > 0) {
            out().problem(out().alarming("missing: " + replies.missingUnnamed() + " that nobody knows by name"));
        }
        return code;
    }

    private static int code(Replies<JsonNode> replies) {
        if (replies.isSatisfied()) {
            return ExitCode.OK;
        }
        return replies.isComplete()
                ? replies.failure().map(ExitCode::of).orElse(ExitCode.INCOMPLETE)
                : ExitCode.INCOMPLETE;
    }

    private static ObjectNode object(Reply<JsonNode> reply) {
        ObjectNode object = Output.object().put("node", reply.node());
        object.put("latencyMs", Durations.millis(reply.latency()));
        RpcException fault = reply.fault();
        JsonNode value = reply.value();
        if (fault == null) {
            object.set("result", value == null ? NullNode.getInstance() : value);
        } else {
            object.put("reason", fault.reason().name()).put("message", fault.getMessage());
        }
        return object;
    }
}

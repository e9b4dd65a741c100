package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.console.Console;
import dev.omnibus.tools.console.ConsoleOptions;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A bus in a browser. */
@Command(
        name = "console",
        description = {
            "Shows the bus in a browser, until Ctrl-C.",
            "Who talks to whom, each message with its replies, nodes, services, durable topics, latencies.",
            "On this machine only; the address that it prints has the key. It only reads, unless told, and",
            "watches only while a page is open.%n"
        },
        footer = {
            "",
            "omnibus console",
            "omnibus console --allow-call 'stock.*' --mask /data/card",
            "ssh -L 7070:127.0.0.1:7070 server omnibus console --port 7070"
        })
public final class ConsoleCommand extends Action {

    @Option(names = "--port", paramLabel = "N", description = "Where on 127.0.0.1. Default: any that is free.")
    int port;

    @Option(
            names = "--allow-call",
            paramLabel = "PATTERN",
            description = "Methods that may be called from the page, as stock.*; may be repeated. Default: none.")
    List<String> calls = List.of();

    @Option(
            names = "--allow-publish",
            paramLabel = "PATTERN",
            description = "Topics that may be published to; may be repeated. Default: none.")
    List<String> topics = List.of();

    @Option(
            names = "--mask",
            paramLabel = "POINTER",
            description = "A value that is never shown, as /data/card; may be repeated.")
    List<String> masked = List.of();

    @Option(names = "--no-bodies", description = "Never show what is in messages.")
    boolean noBodies;

    @Mixin
    final Stay stay = new Stay();

    @Override
    public Integer call() throws Exception {
        ConsoleOptions options = options();
        try (Bus bus = connect();
                RedisView view = new RedisView(bus, omnibus().connection());
                Console console = Console.start(bus, options, view)) {
            out().element(object(console), console.address().toString());
            out().note("Open this address in a browser; whoever has it sees what this user may see. Ctrl-C ends it.");
            stay.waitForEnd();
            return ExitCode.OK;
        }
    }

    private ConsoleOptions options() {
        try {
            List<JsonPointer> pointers =
                    masked.stream().map(JsonPointer::compile).toList();
            return new ConsoleOptions(port, calls, topics, pointers, !noBodies);
        } catch (IllegalArgumentException e) {
            throw new Failures.UsageException(String.valueOf(e.getMessage()));
        }
    }

    static ObjectNode object(Console console) {
        return Output.object().put("console", console.address().toString());
    }
}

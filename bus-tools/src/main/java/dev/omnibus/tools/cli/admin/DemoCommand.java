package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.console.Console;
import dev.omnibus.tools.console.ConsoleOptions;
import dev.omnibus.tools.demo.SampleShop;
import dev.omnibus.transport.redisson.connection.RedisUri;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A bus to play with. */
@Command(
        name = "demo",
        description = {
            "Starts a Redis with a small shop, and a console to look at it, until Ctrl-C.",
            "All of it is reachable from this machine only. Try the other commands on it: set OMNIBUS_REDIS to",
            "the address that it prints.%n"
        },
        footer = {"", "omnibus demo", "omnibus demo --port 7070"})
public final class DemoCommand extends Action {

    @Option(names = "--port", paramLabel = "N", description = "Of the console. Default: any that is free.")
    int port;

    @Mixin
    final Stay stay = new Stay();

    @Override
    public Integer call() throws Exception {
        ConsoleOptions options = options();
        try (RedisServer redis = RedisServer.start();
                SampleShop shop = SampleShop.open(redis.url())) {
            Connection connection = new Connection(
                    RedisUri.parse(redis.url()), "bus", "console", Duration.ofSeconds(5), Optional.empty());
            try (Bus bus = connection.open();
                    RedisView view = new RedisView(bus, connection);
                    Console console = Console.start(bus, options, view)) {
                ObjectNode started = ConsoleCommand.object(console);
                started.put("redis", redis.url()).put("nodes", shop.nodes());
                out().element(started, redis.url());
                out().note("Open " + console.address() + " in a browser, or use the command line:\n"
                        + "export OMNIBUS_REDIS=" + redis.url() + "\nomnibus nodes\nomnibus watch\n"
                        + "omnibus call stock.left sku=sku-1\nomnibus ask stock.left sku=sku-1");
                stay.waitForEnd();
                return ExitCode.OK;
            }
        }
    }

    private ConsoleOptions options() {
        try {
            return ConsoleOptions.defaults().withPort(port).allowCalls("**");
        } catch (IllegalArgumentException e) {
            throw new Failures.UsageException(String.valueOf(e.getMessage()));
        }
    }
}

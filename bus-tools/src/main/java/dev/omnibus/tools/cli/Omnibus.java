package dev.omnibus.tools.cli;

import dev.omnibus.bus.Bus;
import dev.omnibus.tools.cli.admin.AclCommand;
import dev.omnibus.tools.cli.admin.CheckCommand;
import dev.omnibus.tools.cli.admin.ConsoleCommand;
import dev.omnibus.tools.cli.admin.ContextCommand;
import dev.omnibus.tools.cli.admin.DemoCommand;
import dev.omnibus.tools.cli.admin.DoctorCommand;
import dev.omnibus.tools.cli.admin.ErrorsCommand;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.OmnibusCommand;
import dev.omnibus.tools.cli.base.Terminal;
import dev.omnibus.tools.cli.call.AskCommand;
import dev.omnibus.tools.cli.call.CallCommand;
import dev.omnibus.tools.cli.call.DescribeCommand;
import dev.omnibus.tools.cli.call.NodesCommand;
import dev.omnibus.tools.cli.call.OpenRpcCommand;
import dev.omnibus.tools.cli.call.ReplyCommand;
import dev.omnibus.tools.cli.call.ServicesCommand;
import dev.omnibus.tools.cli.call.StatsCommand;
import dev.omnibus.tools.cli.call.TopCommand;
import dev.omnibus.tools.cli.durable.DeadCommand;
import dev.omnibus.tools.cli.durable.LagCommand;
import dev.omnibus.tools.cli.durable.LogCommand;
import dev.omnibus.tools.cli.durable.TopicsCommand;
import dev.omnibus.tools.cli.event.PubCommand;
import dev.omnibus.tools.cli.event.ReplayCommand;
import dev.omnibus.tools.cli.event.SubCommand;
import dev.omnibus.tools.cli.event.WatchCommand;
import dev.omnibus.tools.cli.measure.BenchCommand;
import dev.omnibus.tools.cli.measure.LatencyCommand;
import dev.omnibus.tools.cli.measure.RttCommand;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The entry point of the command line of Omnibus, which publishes, subscribes, calls, asks, watches and checks a bus
 * from a shell: it alone knows all commands, and runs the one that a line names.
 *
 * <p>Data goes to stdout, everything else to stderr; {@code --json} makes the data JSON; exit codes say what has
 * happened, and never change.
 */
final class Omnibus {

    private static final String GROUPS = "groups"; // another name of lag

    /** By name, in the order of the help. */
    private static final Map<String, Class<? extends Action>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("pub", PubCommand.class);
        COMMANDS.put("sub", SubCommand.class);
        COMMANDS.put("call", CallCommand.class);
        COMMANDS.put("ask", AskCommand.class);
        COMMANDS.put("nodes", NodesCommand.class);
        COMMANDS.put("services", ServicesCommand.class);
        COMMANDS.put("describe", DescribeCommand.class);
        COMMANDS.put("openrpc", OpenRpcCommand.class);
        COMMANDS.put("stats", StatsCommand.class);
        COMMANDS.put("top", TopCommand.class);
        COMMANDS.put("watch", WatchCommand.class);
        COMMANDS.put("replay", ReplayCommand.class);
        COMMANDS.put("errors", ErrorsCommand.class);
        COMMANDS.put("check", CheckCommand.class);
        COMMANDS.put("reply", ReplyCommand.class);
        COMMANDS.put("rtt", RttCommand.class);
        COMMANDS.put("latency", LatencyCommand.class);
        COMMANDS.put("bench", BenchCommand.class);
        COMMANDS.put("acl", AclCommand.class);
        COMMANDS.put("doctor", DoctorCommand.class);
        COMMANDS.put("topics", TopicsCommand.class);
        COMMANDS.put("lag", LagCommand.class);
        COMMANDS.put(GROUPS, LagCommand.class);
        COMMANDS.put("dead", DeadCommand.class);
        COMMANDS.put("log", LogCommand.class);
        COMMANDS.put("context", ContextCommand.class);
        COMMANDS.put("completion", CompletionCommand.class);
        COMMANDS.put("console", ConsoleCommand.class);
        COMMANDS.put("demo", DemoCommand.class);
    }

    private Omnibus() {}

    /**
     * Runs one command and ends the process with its exit code.
     *
     * @param args the words of the command line
     */
    public static void main(String... args) {
        int code = run(Terminal.ofProcess(), new Startup(args)::open, args);
        Runtime.getRuntime().halt(flushed(code)); // nothing is left to do, and threads of Netty need a second to end
    }

    private static int flushed(int code) {
        System.out.flush();
        System.err.flush();
        return code;
    }

    /** Runs one command in this process. */
    static int run(Terminal terminal, Function<Connection, Bus> connector, String... args) {
        List<String> words = Arrays.asList(args);
        if (words.equals(List.of("--version")) || words.equals(List.of("-V"))) {
            terminal.out().println(Version.line()); // at once: to build a parser takes longer
            return ExitCode.OK;
        }
        List<String> named = COMMANDS.keySet().stream().filter(words::contains).toList();
        return commandLine(terminal, connector, named.isEmpty() ? COMMANDS.keySet() : named)
                .execute(args);
    }

    /** With all commands. */
    static CommandLine commandLine(Terminal terminal, Function<Connection, Bus> connector) {
        return commandLine(terminal, connector, COMMANDS.keySet());
    }

    /** With some of them: each is built by reflection, and the line of a process names no more than one or two. */
    private static CommandLine commandLine(
            Terminal terminal, Function<Connection, Bus> connector, Collection<String> commands) {
        OmnibusCommand omnibus = new OmnibusCommand(terminal, connector);
        CommandLine line = new CommandLine(omnibus);
        COMMANDS.forEach((command, type) -> {
            if (commands.contains(command) && !line.getSubcommands().containsKey(command)) {
                line.addSubcommand(command.equals(GROUPS) ? "lag" : command, type);
            }
        });
        line.setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(
                terminal.colored() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
        line.setExpandAtFiles(false); // @FILE is data here, and no further words of the line
        line.setUsageHelpWidth(100);
        line.setExecutionExceptionHandler((e, at, parsed) -> omnibus.failed(e));
        line.setParameterExceptionHandler((e, words) -> omnibus.misread(e, words));
        line.setExecutionStrategy(Omnibus::runLast);
        line.getCommandSpec().versionProvider(new Version());
        shareOptions(line.getCommandSpec(), line.getCommandSpec());
        return line;
    }

    /** Lets the options of all commands stand behind each of them as well, without being listed there. */
    private static void shareOptions(CommandSpec root, CommandSpec parent) {
        for (CommandLine child : parent.subcommands().values()) {
            CommandSpec spec = child.getCommandSpec();
            for (OptionSpec option : root.options()) {
                boolean clashes = Arrays.stream(option.names()).anyMatch(spec.optionsMap()::containsKey);
                if (!clashes) {
                    spec.addOption(OptionSpec.builder(option).hidden(true).build());
                }
            }
            shareOptions(root, spec);
        }
    }

    private static int runLast(ParseResult parsed) {
        return new CommandLine.RunLast().execute(parsed);
    }
}

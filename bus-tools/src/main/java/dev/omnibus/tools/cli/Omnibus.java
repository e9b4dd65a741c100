package dev.omnibus.tools.cli;

import dev.omnibus.bus.Bus;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/**
 * The command line of Omnibus: publishes, subscribes, calls, asks, watches and checks a bus from a shell.
 *
 * <p>Data goes to stdout, everything else to stderr; {@code --json} makes the data JSON; exit codes say what has
 * happened, and never change.
 */
@Command(
        name = "omnibus",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisHeading = "",
        synopsisSubcommandLabel = "COMMAND",
        description = "Events, calls and broadcasts over Redis, from the command line.%n",
        optionListHeading = "Options, before or behind a command:%n",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "omnibus COMMAND --help says more. Passwords are never given as options: set OMNIBUS_PASSWORD,",
            "or keep them in a context (omnibus context --help)."
        })
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

    private final Terminal terminal;
    private final Function<Connection, Bus> connector;

    @Option(
            names = {"-r", "--redis"},
            paramLabel = "URL",
            description =
                    "Redis, as redis://host:6379, or rediss:// for TLS, without a password. Default: OMNIBUS_REDIS,"
                            + " the context, REDIS_URL, redis://127.0.0.1:6379.")
    @Nullable
    String redis;

    @Option(
            names = "--redisson",
            paramLabel = "FILE",
            description =
                    "A configuration of Redisson in YAML, for a cluster or Sentinels. The server of --redis is then"
                            + " only asked by commands that look at one server.")
    @Nullable
    Path redisson;

    @Option(
            names = {"-c", "--context"},
            paramLabel = "NAME",
            description = "Which context to use. Default: OMNIBUS_CONTEXT, or the selected one.")
    @Nullable
    String context;

    @Option(names = "--user", paramLabel = "NAME", description = "User of Redis; its password is OMNIBUS_PASSWORD.")
    @Nullable
    String user;

    @Option(names = "--prefix", paramLabel = "WORD", description = "Prefix of channels and keys. Default: bus.")
    @Nullable
    String prefix;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of this node; access control lists allow an inbox by it. Default: omnibus.")
    @Nullable
    String name;

    @Option(
            names = {"-t", "--timeout"},
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long to wait for an answer: 200ms, 5s, 2m. Default: 5s.")
    @Nullable
    Duration timeout;

    @Option(names = "--json", description = "Write JSON: an object, or one on each line of a stream.")
    boolean json;

    @Option(names = "--raw", description = "Write bare values: texts without quotes, tables without headings.")
    boolean raw;

    @Option(
            names = {"-q", "--quiet"},
            description = "Say nothing but data and failures.")
    boolean quiet;

    @Option(
            names = {"-v", "--verbose"},
            description = "Say where a failure comes from.")
    boolean verbose;

    @Option(names = "--color", paramLabel = "WHEN", description = "auto, always or never. Default: auto.")
    String color = "auto";

    Omnibus(Terminal terminal, Function<Connection, Bus> connector) {
        this.terminal = terminal;
        this.connector = connector;
    }

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
        Omnibus omnibus = new Omnibus(terminal, connector);
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
        line.setExecutionExceptionHandler((e, at, parsed) -> Failures.report(e, omnibus.out(), omnibus.verbose));
        line.setParameterExceptionHandler((e, words) -> wrong(omnibus, e, words));
        line.setExecutionStrategy(omnibus::runLast);
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

    private int runLast(ParseResult parsed) {
        return new CommandLine.RunLast().execute(parsed);
    }

    private static int wrong(Omnibus omnibus, CommandLine.ParameterException e, String... words) {
        omnibus.json |= Arrays.asList(words).contains("--json");
        int code = Failures.report(
                new Failures.UsageException(String.valueOf(e.getMessage())), omnibus.out(), omnibus.verbose);
        CommandSpec spec = e.getCommandLine().getCommandSpec();
        omnibus.out().problem("omnibus: " + spec.qualifiedName() + " --help says how it is written");
        return code;
    }

    Terminal terminal() {
        return terminal;
    }

    Output out() {
        boolean colored = color.equals("always") || (color.equals("auto") && terminal.colored());
        return new Output(terminal, json, raw, quiet, colored);
    }

    Contexts contexts() {
        return new Contexts(terminal);
    }

    /** Where to connect, as the options, the environment and the context say. */
    Connection connection() {
        Optional<Context> chosen =
                contexts().chosen(Optional.ofNullable(context).or(() -> terminal.variable("OMNIBUS_CONTEXT")));
        return Connection.of(this, chosen);
    }

    Bus connect() {
        return connector.apply(connection());
    }

    /** How long to wait for an answer. */
    Duration timeout() {
        return Objects.requireNonNullElseGet(timeout, () -> connection().timeout());
    }
}

package dev.omnibus.tools.cli.base;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The root of all commands: the options that each of them has, and what these lead to. It knows none of the commands,
 * so that all of them may know it.
 */
@Command(
        name = "omnibus",
        mixinStandardHelpOptions = true,
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
public final class OmnibusCommand {

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

    public OmnibusCommand(Terminal terminal, Function<Connection, Bus> connector) {
        this.terminal = terminal;
        this.connector = connector;
    }

    public Terminal terminal() {
        return terminal;
    }

    Output out() {
        boolean colored = color.equals("always") || (color.equals("auto") && terminal.colored());
        return new Output(terminal, json, raw, quiet, colored);
    }

    public Contexts contexts() {
        return new Contexts(terminal);
    }

    /** The entries of a context that stand on the line. */
    public ObjectNode given() {
        ObjectNode values = Output.object();
        put(values, "user", user);
        put(values, "prefix", prefix);
        put(values, "node", name);
        put(values, "timeout", timeout);
        put(values, "redisson", redisson == null ? null : redisson.toAbsolutePath());
        return values;
    }

    private static void put(ObjectNode values, String key, @Nullable Object value) {
        if (value != null) {
            values.put(key, value.toString());
        }
    }

    /** Where to connect, as the options, the environment and the context say. */
    public Connection connection() {
        return connection(Optional.ofNullable(context).or(() -> terminal.variable("OMNIBUS_CONTEXT")));
    }

    private Connection connection(Optional<String> wanted) {
        return Connection.of(this, contexts().chosen(wanted));
    }

    /** A bus of its own; to be closed. */
    public Bus connect() {
        return connector.apply(connection());
    }

    /** A bus of a context, whichever else is chosen; to be closed. */
    public Bus connect(String context) {
        return connector.apply(connection(Optional.of(context)));
    }

    /** How long to wait for an answer. */
    public Duration timeout() {
        return Objects.requireNonNullElseGet(timeout, () -> connection().timeout());
    }

    /** Says why a command has failed, and returns the exit code. */
    public int failed(Throwable thrown) {
        return Failures.report(thrown, out(), verbose);
    }

    /** The same of a line that cannot be read: so far, not all of its options may have been. */
    public int misread(CommandLine.ParameterException e, String... words) {
        json |= Arrays.asList(words).contains("--json");
        int code = failed(new Failures.UsageException(String.valueOf(e.getMessage())));
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        out().problem("omnibus: " + command + " --help says how it is written");
        return code;
    }
}

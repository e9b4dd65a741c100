package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Context;
import dev.omnibus.tools.cli.base.Contexts;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.OmnibusCommand;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.cli.base.Terminal;
import dev.omnibus.transport.redisson.connection.RedisUri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Keeps names for places to connect to. */
@Command(
        name = "context",
        description = "Keeps names for places to connect to, in files that only their owner can read.%n",
        footer = {
            "",
            "omnibus context add test --url redis://redis.test:6379 --user ops --password-stdin < secret",
            "omnibus context add prod --url rediss://redis.prod:6379 --user ops --password-command 'pass show redis'",
            "omnibus context select test",
            "EDITOR=nano omnibus context edit test"
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ContextCommand.Add.class,
            ContextCommand.Ls.class,
            ContextCommand.Select.class,
            ContextCommand.Show.class,
            ContextCommand.Edit.class,
            ContextCommand.Validate.class,
            ContextCommand.Rm.class
        })
public final class ContextCommand extends Action {

    @Override
    public Integer call() {
        throw new Failures.UsageException(
                "What is to be done with contexts? add, ls, select, show, edit, validate or rm");
    }

    /** Writes one. */
    @Command(name = "add", description = "Keeps a context, or replaces it.%n")
    static final class Add extends Action {

        @Parameters(paramLabel = "NAME", description = "What it is called.")
        String name = "";

        @Option(names = "--url", required = true, paramLabel = "URL", description = "Redis, without a password.")
        String url = "";

        @Option(names = "--password-stdin", description = "Read the password from the first line of stdin.")
        boolean passwordStdin;

        @Option(
                names = "--password-command",
                paramLabel = "COMMAND",
                description = "Run this by a shell at each connect; the first line of its output is the password.")
        @Nullable
        String passwordCommand;

        @Option(names = "--description", paramLabel = "TEXT", description = "What it is.")
        @Nullable
        String description;

        @Option(names = "--select", description = "Select it as well.")
        boolean select;

        @Override
        public Integer call() throws IOException {
            if (RedisUri.parse(url).password() != null) {
                throw new Failures.UsageException("A password on the command line can be read by everybody on this"
                        + " machine; use --password-stdin or --password-command");
            }
            OmnibusCommand omnibus = omnibus();
            ObjectNode values = Output.object().put("url", url);
            values.setAll(omnibus.given());
            put(values, "passwordCommand", passwordCommand);
            put(values, "description", description);
            if (passwordStdin) {
                put(values, "password", Input.lines("-", omnibus.terminal()).readLine());
            }
            Contexts contexts = omnibus.contexts();
            contexts.save(new Context(name, values).checked());
            if (select) {
                contexts.select(name);
            }
            out().note("kept in " + contexts.file(name));
            return ExitCode.OK;
        }

        private static void put(ObjectNode values, String key, @Nullable String value) {
            if (value != null) {
                values.put(key, value);
            }
        }
    }

    /** Lists them. */
    @Command(name = "ls", description = "Lists the contexts.%n")
    static final class Ls extends Action {

        @Override
        public Integer call() {
            Contexts contexts = omnibus().contexts();
            Optional<String> selected = contexts.selected();
            List<ObjectNode> rows = new ArrayList<>();
            for (String name : contexts.names()) {
                Context context = contexts.read(name);
                rows.add(Output.object()
                        .put("name", name)
                        .put("selected", selected.filter(name::equals).isPresent() ? "*" : "")
                        .put("url", context.text("url"))
                        .put("user", context.text("user"))
                        .put("description", context.text("description")));
            }
            out().table("contexts", rows);
            return ExitCode.OK;
        }
    }

    /** Chooses the one that holds if none is named. */
    @Command(name = "select", description = "Chooses the context that holds if none is named.%n")
    static final class Select extends Action {

        @Parameters(paramLabel = "NAME", description = "Which.")
        String name = "";

        @Override
        public Integer call() {
            omnibus().contexts().select(name);
            return ExitCode.OK;
        }
    }

    /** Shows one. */
    @Command(name = "show", description = "Shows a context, without its password.%n")
    static final class Show extends Action {

        @Parameters(arity = "0..1", paramLabel = "NAME", description = "Which. Default: the selected one.")
        @Nullable
        String name;

        @Override
        public Integer call() {
            Contexts contexts = omnibus().contexts();
            Context context = contexts.chosen(Optional.ofNullable(name))
                    .orElseThrow(() -> new Failures.UsageException("No context is selected; name one"));
            out().properties(context.shown());
            return ExitCode.OK;
        }
    }

    /** Has one edited. */
    @Command(name = "edit", description = "Opens a context in the editor of VISUAL or EDITOR, else in vi.%n")
    static final class Edit extends Action {

        @Parameters(arity = "0..1", paramLabel = "NAME", description = "Which. Default: the selected one.")
        @Nullable
        String name;

        @Override
        public Integer call() throws IOException, InterruptedException {
            Contexts contexts = omnibus().contexts();
            String which = Optional.ofNullable(name)
                    .or(contexts::selected)
                    .orElseThrow(() -> new Failures.UsageException("No context is selected; name one"));
            Path draft = contexts.draft(which);
            String before = Files.readString(draft);
            edit(draft);
            String after = Files.readString(draft);
            try {
                if (!after.equals(before)) {
                    contexts.save(Context.parse(which, after));
                }
            } catch (Failures.UsageException e) {
                throw new Failures.UsageException(
                        "The context " + which + " is as it was: " + e.getMessage() + "; what you wrote is in " + draft,
                        e);
            }
            Files.delete(draft);
            out().note(after.equals(before) ? "nothing was changed" : "kept in " + contexts.file(which));
            return ExitCode.OK;
        }

        /** By a shell, because an editor may have options of its own. */
        private void edit(Path file) throws IOException, InterruptedException {
            Terminal terminal = omnibus().terminal();
            String editor = terminal.variable("VISUAL")
                    .or(() -> terminal.variable("EDITOR"))
                    .orElse("vi");
            int code = new ProcessBuilder("/bin/sh", "-c", editor + " \"$1\"", "sh", file.toString())
                    .inheritIO()
                    .start()
                    .waitFor();
            if (code != 0) {
                Files.delete(file);
                throw new Failures.UsageException(
                        "The editor, '" + editor + "', has ended with exit code " + code + "; nothing was changed");
            }
        }
    }

    /** Tries them. */
    @Command(name = "validate", description = "Connects to each context, or to one.%n")
    static final class Validate extends Action {

        @Parameters(arity = "0..1", paramLabel = "NAME", description = "Which. Default: all.")
        @Nullable
        String name;

        @Override
        public Integer call() throws IOException {
            Contexts contexts = omnibus().contexts();
            List<ObjectNode> rows = new ArrayList<>();
            boolean ok = true;
            for (String one : name == null ? contexts.names() : List.of(name)) {
                String problem = problem(one);
                boolean exposed = Contexts.isExposed(contexts.file(one));
                ok &= problem.isEmpty() && !exposed;
                rows.add(Output.object()
                        .put("name", one)
                        .put("state", problem.isEmpty() ? "ok" : "failed")
                        .put("problem", exposed ? "others can read its file; chmod 600 it" : problem));
            }
            out().table("contexts", rows);
            return ok ? ExitCode.OK : ExitCode.UNREACHABLE;
        }

        private String problem(String one) {
            try {
                omnibus().connect(one).close();
                return "";
            } catch (RuntimeException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }

    /** Removes one. */
    @Command(name = "rm", description = "Removes a context.%n")
    static final class Rm extends Action {

        @Parameters(paramLabel = "NAME", description = "Which.")
        String name = "";

        @Override
        public Integer call() {
            if (!omnibus().contexts().remove(name)) {
                throw new Failures.UsageException("There is no context " + name + "; omnibus context ls lists them");
            }
            return ExitCode.OK;
        }
    }
}

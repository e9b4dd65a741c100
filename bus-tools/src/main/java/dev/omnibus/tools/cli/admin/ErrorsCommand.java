package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Errors;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Explains failures and exit codes. */
@Command(
        name = "errors",
        description = "Says what a failure or an exit code means, and what to do.%n",
        footer = {"", "omnibus errors", "omnibus errors NO_SERVER", "omnibus errors 76"})
public final class ErrorsCommand extends Action {

    @Parameters(arity = "0..1", paramLabel = "NAME|CODE", description = "Which. Default: all.")
    @Nullable
    String which;

    @Override
    public Integer call() {
        List<ObjectNode> rows = Errors.all().stream()
                .filter(one -> which == null
                        || one.name().equals(which.toUpperCase(Locale.ROOT))
                        || Integer.toString(one.exit()).equals(which))
                .map(one -> Output.object()
                        .put("exit", one.exit())
                        .put("name", one.name())
                        .put("executed", one.executed())
                        .put("meaning", one.meaning())
                        .put("remedy", one.remedy()))
                .toList();
        if (rows.isEmpty()) {
            throw new Failures.UsageException("There is no failure " + which + "; omnibus errors lists them");
        }
        if (which == null) {
            out().table("errors", rows);
        } else {
            rows.forEach(out()::properties);
        }
        return ExitCode.OK;
    }
}

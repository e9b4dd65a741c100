package dev.omnibus.tools.cli;

import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Writes a script for a shell. */
@Command(
        name = "completion",
        description = "Prints a script that completes commands and options in bash or zsh.%n",
        footer = {"", "source <(omnibus completion bash)"})
final class CompletionCommand extends Action {

    private enum Kind {
        bash,
        zsh
    }

    @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
    Kind kind = Kind.bash;

    @Override
    public Integer call() {
        CommandLine all = Omnibus.commandLine(omnibus().terminal(), Connection::open); // this one may lack the others
        String script = AutoComplete.bash("omnibus", all);
        String text = kind == Kind.zsh ? "autoload -U +X bashcompinit && bashcompinit\n" + script : script;
        out().element(Output.object().put("shell", kind.name()).put("script", text), text);
        return ExitCode.OK;
    }
}

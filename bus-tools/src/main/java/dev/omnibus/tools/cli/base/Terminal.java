package dev.omnibus.tools.cli.base;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a command has around it: its streams and its environment. Tests have one of their own, so that many commands run
 * in one process.
 *
 * @param in what is read for {@code -}
 * @param out for data alone
 * @param err for all that is said to people
 * @param environment the variables
 * @param colored whether somebody looks at it, and can see colors
 */
public record Terminal(
        InputStream in, PrintStream out, PrintStream err, Map<String, String> environment, boolean colored) {

    /** That of this process. The launcher knows whether it is a terminal; Java does not on all versions. */
    public static Terminal ofProcess() {
        Map<String, String> environment = System.getenv();
        boolean colored = environment.containsKey("OMNIBUS_TTY")
                && !environment.containsKey("NO_COLOR")
                && !"dumb".equals(environment.get("TERM"));
        return new Terminal(System.in, System.out, System.err, environment, colored);
    }

    public Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    /** The folder for contexts, by the rules of XDG. */
    Path configuration() {
        return variable("XDG_CONFIG_HOME")
                .map(Path::of)
                .orElseGet(() -> Path.of(variable("HOME").orElse(System.getProperty("user.home")), ".config"))
                .resolve("omnibus");
    }
}

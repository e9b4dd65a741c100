package dev.omnibus.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.Errors;
import dev.omnibus.tools.cli.base.Terminal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The reference of the command line is what the commands say of themselves; {@code -Dcli.accept=true} writes it. */
class CliPageTest {

    private static final Path PAGE = Path.of("../docs/reference/cli.md");
    private static final String BEGIN = "## Exit codes\n";

    private static CommandLine commandLine() {
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(PrintStream.nullOutputStream()),
                new PrintStream(PrintStream.nullOutputStream()),
                Map.of(),
                false);
        return Omnibus.commandLine(terminal, connection -> {
            throw new AssertionError("No " + Bus.class + " is needed here");
        });
    }

    @Test
    void thePageIsWhatTheCommandsSay() throws Exception {
        String page = Files.readString(PAGE);
        String expected = page.substring(0, page.indexOf(BEGIN)) + made();
        if (Boolean.getBoolean("cli.accept")) {
            Files.writeString(PAGE, expected);
        }
        assertEquals(expected, page);
    }

    private static String made() {
        StringBuilder page = new StringBuilder(BEGIN)
                .append(
                        "\n`omnibus errors` prints these as well. `omnibus check` has codes of its own, those of Nagios:")
                .append(" 0 is OK, 1 a warning, 2 critical, 3 unknown.\n")
                .append(
                        "\n| code | name | executed or published? | what has happened | what to do |\n|---|---|---|---|---|\n");
        page.append("| 0 | | yes | all is well | |\n");
        for (Errors.Meaning meaning : Errors.all()) {
            page.append("| ")
                    .append(meaning.exit())
                    .append(" | `")
                    .append(meaning.name())
                    .append("` | ")
                    .append(meaning.executed())
                    .append(" | ")
                    .append(meaning.meaning())
                    .append(" | ")
                    .append(meaning.remedy())
                    .append(" |\n");
        }
        CommandLine root = commandLine();
        page.append("\n## Options of all commands\n\n```text\n")
                .append(usage(root))
                .append("```\n\n## Commands\n");
        for (CommandLine command : root.getSubcommands().values()) {
            add(page, command);
        }
        return page.toString();
    }

    private static void add(StringBuilder page, CommandLine command) {
        String name = command.getCommandSpec().qualifiedName();
        if (!page.toString().contains("\n### " + name + "\n")) {
            page.append("\n### ")
                    .append(name)
                    .append("\n\n```text\n")
                    .append(usage(command))
                    .append("```\n");
            command.getSubcommands().values().forEach(child -> add(page, child));
        }
    }

    private static String usage(CommandLine command) {
        return command.getUsageMessage(CommandLine.Help.Ansi.OFF)
                .lines()
                .map(String::stripTrailing)
                .reduce("", (text, line) -> text + line + "\n");
    }

    @Test
    void everyCommandSaysWhatItIsForAndHowItIsWritten() {
        commandLine().getSubcommands().forEach((name, command) -> {
            String usage = usage(command);
            assertTrue(usage.contains("omnibus " + name) || usage.contains("omnibus lag"), usage);
            assertFalse(
                    String.join("", command.getCommandSpec().usageMessage().description())
                            .isBlank(),
                    name);
            assertTrue(
                    String.join("", command.getCommandSpec().usageMessage().footer())
                            .contains("omnibus"),
                    name);
        });
    }

    private static final Pattern LINE = Pattern.compile("(?:^|[$(|] ?|\\bserver |[A-Z_]+=\\S* )omnibus ([^|<>)]+)");

    /** Those that a page shows with what comes of them run as well, in SessionsIT. */
    @TestFactory
    Stream<DynamicTest> everyLineOfTheDocumentationIsOneThatTheProgramTakes() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("../docs"))) {
            List<String> lines = files.filter(file -> file.toString().endsWith(".md"))
                    .flatMap(file -> blocks(file).lines())
                    .filter(line -> !line.startsWith("Usage:") && !line.matches("omnibus (COMMAND|\\[).*"))
                    .flatMap(line -> LINE.matcher(line).results().map(found -> found.group(1)))
                    .distinct()
                    .toList();
            assertTrue(lines.size() > 80, lines::toString);
            return lines.stream()
                    .map(line -> DynamicTest.dynamicTest(
                            line,
                            () -> commandLine().parseArgs(Shell.words(line).toArray(String[]::new))));
        }
    }

    private static String blocks(Path page) {
        try {
            return Pattern.compile("(?ms)^```\\w*\n(.*?)^```")
                    .matcher(Files.readString(page))
                    .results()
                    .map(block -> block.group(1))
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theScriptThatCompletesIsOneForBash(@TempDir Path folder) throws Exception {
        Shell.Result result = new Shell(Map.of(), Connection::open).run("omnibus completion bash");
        assertTrue(result.out().contains("redeliver"), result::toString); // of all commands
        Path script = Files.writeString(folder.resolve("completion"), result.out());
        Process bash = new ProcessBuilder("bash", "-n", script.toString()).start();
        assertEquals("", new String(bash.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(0, bash.waitFor());
    }

    @Test
    void theOptionsOfAllCommandsMayStandBehindEachOfThem() {
        commandLine().getSubcommands().forEach((name, command) -> {
            for (String option : new String[] {"--redis", "--json", "--timeout", "--quiet", "--verbose"}) {
                assertTrue(command.getCommandSpec().optionsMap().containsKey(option), name + " " + option);
            }
        });
    }
}

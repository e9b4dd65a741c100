package dev.omnibus.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PairsIT {

    private static final Pattern LINE =
            Pattern.compile("pair (\\S+) (\\S+) (\\S+) ([\\d.]+) of launches ([\\d.]+) ([\\d.]+)");

    @Test
    void twoBuildsTakeTurnsAndEachLaunchGivesARatio() throws Exception {
        String here = System.getProperty("java.class.path");
        List<String> arguments =
                List.of(("--jobs calls-64 --rounds 2 --seconds 0.2 --warm-ups 1 --launches 2 --builds before=" + here
                                + ",after=" + here)
                        .split(" "));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream progress = new ByteArrayOutputStream();
        try (PrintStream printed = new PrintStream(out, true, UTF_8);
                PrintStream told = new PrintStream(progress, true, UTF_8)) {
            Pairs.run(Pairs.Plan.parse(arguments), printed, told);
        }

        List<Matcher> lines = out.toString(UTF_8)
                .lines()
                .map(LINE::matcher)
                .filter(Matcher::matches)
                .toList();
        assertEquals(
                List.of("rate", "cpu", "allocated"),
                lines.stream().map(line -> line.group(2)).toList(),
                out.toString(UTF_8));
        for (Matcher line : lines) {
            assertEquals("calls-64 after/before", line.group(1) + " " + line.group(3));
            double mean = (Double.parseDouble(line.group(5)) + Double.parseDouble(line.group(6))) / 2;
            assertEquals(mean, Double.parseDouble(line.group(4)), 0.002, line.group());
            assertTrue(mean > 0.05 && mean < 20, line.group()); // the same code
        }
        List<String> turns = progress.toString(UTF_8)
                .lines()
                .filter(line -> line.startsWith("launch 1"))
                .map(line -> line.contains("before") ? "before" : "after")
                .toList();
        assertEquals(List.of("before", "after", "after", "before", "before", "after"), turns);
    }

    @Test
    void aBuildHasNothingButItsOwnClassPath() throws Exception {
        String here = System.getProperty("java.class.path");
        List<String> arguments =
                List.of("--warm-ups", "0", "--seconds", "0.1", "--builds", "good=" + here + ",bad=/nonexistent.jar");
        try (PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, UTF_8)) {
            IllegalStateException e = assertThrows(
                    IllegalStateException.class, () -> Pairs.run(Pairs.Plan.parse(arguments), nowhere, nowhere));
            assertEquals("The build \"bad\" did not measure calls-256", e.getMessage());
        }
    }

    @Test
    void numbersThatMeasureNothingAreRefused() {
        for (String wrong : List.of(
                "--rounds 0", "--launches 0", "--warm-ups -1", "--seconds 0", "--seconds NaN", "--seconds 61")) {
            List<String> arguments = new ArrayList<>(List.of("--builds", "z=1.jar,a=2.jar"));
            arguments.addAll(List.of(wrong.split(" ")));
            assertThrows(IllegalArgumentException.class, () -> Pairs.Plan.parse(arguments), wrong);
        }
    }

    @Test
    void buildsNeedNamesOfTheirOwn() {
        for (String builds : List.of("one=a.jar", "a.jar,b.jar", "same=a.jar,same=b.jar")) {
            assertThrows(IllegalArgumentException.class, () -> Pairs.Plan.parse(List.of("--builds", builds)), builds);
        }
        assertEquals(
                List.of("z", "a"),
                List.copyOf(Pairs.Plan.parse(List.of("--builds", "z=1.jar,a=2.jar"))
                        .builds()
                        .keySet()));
    }
}

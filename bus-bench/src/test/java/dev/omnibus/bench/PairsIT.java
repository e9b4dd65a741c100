package dev.omnibus.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
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
            Pairs.run(Pairs.Options.parse(arguments), printed, told);
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
    void buildsNeedNamesOfTheirOwn() {
        for (String builds : List.of("one=a.jar", "a.jar,b.jar", "same=a.jar,same=b.jar")) {
            assertThrows(
                    IllegalArgumentException.class, () -> Pairs.Options.parse(List.of("--builds", builds)), builds);
        }
        assertEquals(
                List.of("z", "a"),
                List.copyOf(Pairs.Options.parse(List.of("--builds", "z=1.jar,a=2.jar"))
                        .builds()
                        .keySet()));
    }
}

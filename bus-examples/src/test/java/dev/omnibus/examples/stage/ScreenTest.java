package dev.omnibus.examples.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ScreenTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void aPipeGetsALineAtEachQuarter() {
        Screen screen = new Screen(out, false, false);
        for (int done = 1; done <= 8; done++) {
            screen.progress(done, 8, "done");
        }
        assertEquals(
                "  2 of 8 done\n  4 of 8 done\n  6 of 8 done\n  8 of 8 done\n",
                printed().replace(System.lineSeparator(), "\n"));
    }

    @Test
    void aTerminalGetsABarThatStaysBelowTheLines() {
        Screen screen = new Screen(out, true, false);
        screen.progress(1, 2, "done");
        screen.say("hello");
        String bar = "  [####################....................] 50 % of 2 done";
        assertEquals(bar + "\r" + " ".repeat(79) + "\rhello\n" + bar, printed().replace(System.lineSeparator(), "\n"));
    }

    @Test
    void coloursAreUsedOnlyWhereTheyAreWanted() {
        new Screen(out, true, false).alarm("plain");
        assertFalse(printed().contains("\033"));
        new Screen(out, true, true).alarm("coloured");
        assertTrue(printed().contains("\033[31mcoloured"));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}

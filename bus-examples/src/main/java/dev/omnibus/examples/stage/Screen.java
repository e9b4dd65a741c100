package dev.omnibus.examples.stage;

import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;

/**
 * Where the desk speaks: lines, and on a terminal a progress bar below them. Colours only on a terminal, and not when
 * {@code NO_COLOR} is set. Thread-safe.
 */
public final class Screen {

    private static final int BAR = 40;
    private static final int WIDTH = 79;

    private final PrintStream out;
    private final boolean terminal;
    private final boolean colours;
    private String bar = ""; // guarded by this

    Screen(PrintStream out, boolean terminal, boolean colours) {
        this.out = out;
        this.terminal = terminal;
        this.colours = colours;
    }

    /**
     * The screen of this process.
     *
     * @return one that writes to standard output
     */
    public static Screen standard() {
        boolean terminal = isTerminal() && !"dumb".equals(System.getenv("TERM"));
        String noColor = System.getenv("NO_COLOR");
        return new Screen(System.out, terminal, terminal && (noColor == null || noColor.isEmpty()));
    }

    /** Up to Java 21 there is a console only on a terminal; later ones may have one always, which can be asked. */
    @SuppressWarnings("SystemConsoleNull") // null still means that there is none
    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }

    /**
     * A line; with arguments as in {@link String#format}.
     *
     * @param format the line
     * @param arguments what it shows
     */
    public synchronized void say(String format, Object... arguments) {
        String line = arguments.length == 0 ? format : String.format(Locale.ROOT, format, arguments);
        String shown = bar;
        drawBar("");
        out.println(line);
        drawBar(shown);
        out.flush();
    }

    /**
     * The headline of a step of the story.
     *
     * @param headline one line
     */
    public void step(String headline) {
        say("");
        say(colours ? "\033[1m" + headline + "\033[0m" : headline);
    }

    /**
     * A line that needs attention.
     *
     * @param line the line
     */
    public void alarm(String line) {
        say(colours ? "\033[31m" + line + "\033[0m" : line);
    }

    /**
     * How far something is. On anything but a terminal, a line at each quarter.
     *
     * @param done how many
     * @param total of how many
     * @param what of what
     */
    public synchronized void progress(int done, int total, String what) {
        if (!terminal) {
            if (done * 4 / total != (done - 1) * 4 / total) {
                say("  %,d of %,d %s", done, total, what);
            }
        } else if (done == total) {
            drawBar("");
            say("  %,d of %,d %s", done, total, what);
        } else {
            int full = BAR * done / total;
            drawBar(String.format(
                    Locale.ROOT,
                    "  [%s%s] %2d %% of %,d %s",
                    "#".repeat(full),
                    ".".repeat(BAR - full),
                    100 * done / total,
                    total,
                    what));
            out.flush();
        }
    }

    private void drawBar(String next) {
        if (next.equals(bar)) {
            return;
        }
        if (!bar.isEmpty()) {
            out.print("\r" + " ".repeat(WIDTH) + "\r");
        }
        out.print(next);
        bar = next;
    }
}

package dev.omnibus.examples.stage;

import java.io.IOException;
import java.io.OutputStream;

/** The frame of the main program of a {@link ChildProcess}. */
public final class ChildMain {

    /** Begins the line that says why the program does not start. */
    static final String FAILED = "failed ";

    private ChildMain() {}

    /**
     * Starts a program; ends the JVM when the parent closes the pipe or is gone, or when the program does not start.
     *
     * @param program starts what goes on by itself
     */
    public static void run(Runnable program) {
        try {
            program.run();
            System.in.transferTo(OutputStream.nullOutputStream());
            System.exit(0);
        } catch (RuntimeException | IOException e) {
            System.out.println(FAILED + String.valueOf(e.getMessage()).replace('\n', ' ')); // to the parent, if any
            System.exit(1);
        }
    }
}

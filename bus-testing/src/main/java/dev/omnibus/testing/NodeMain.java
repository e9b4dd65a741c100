package dev.omnibus.testing;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;

/** The main class of a {@link NodeProcess}: runs a program as long as the process that started it is alive. */
final class NodeMain {

    private static final int ORPHANED = 3;

    private NodeMain() {}

    public static void main(String[] arguments) throws Exception {
        Thread watch = new Thread(NodeMain::endWithParent, "node-process-watch");
        watch.setDaemon(true);
        watch.start();
        Method main = Class.forName(arguments[0]).getDeclaredMethod("main", String[].class);
        main.setAccessible(true); // a nested class of a test is rarely public
        try {
            main.invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            e.getTargetException().printStackTrace();
            System.exit(1);
        }
    }

    /** Waits for the end of the pipe, which closes when the parent process ends, even if it is killed. */
    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {}
        } catch (IOException e) {
            // the pipe is closed, too
        }
        Runtime.getRuntime().halt(ORPHANED);
    }
}

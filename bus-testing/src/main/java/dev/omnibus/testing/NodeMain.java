package dev.omnibus.testing;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;

/** What a {@link NodeProcess} runs: the program that it is told, for as long as whoever started it is there. */
final class NodeMain {

    private static final int ORPHANED = 3;

    private NodeMain() {}

    public static void main(String[] arguments) throws Exception {
        Thread watch = new Thread(NodeMain::endWithTheStarter, "node-process-watch");
        watch.setDaemon(true);
        watch.start();
        Method main = Class.forName(arguments[0]).getDeclaredMethod("main", String[].class);
        main.setAccessible(true); // a test's nested class is seldom public
        try {
            main.invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            e.getTargetException().printStackTrace();
            System.exit(1);
        }
    }

    /** The pipe ends with the process at its other end, also when that is killed. */
    private static void endWithTheStarter() {
        try {
            while (System.in.read() >= 0) {}
        } catch (IOException e) {
            // ended as well
        }
        Runtime.getRuntime().halt(ORPHANED);
    }
}

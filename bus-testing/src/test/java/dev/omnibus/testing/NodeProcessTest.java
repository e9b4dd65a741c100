package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class NodeProcessTest {

    /** Counts until it is killed. */
    static final class Counting {

        private Counting() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.println("ready " + arguments[0]);
            for (int i = 0; ; i++) {
                System.out.println(i);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    static final class Failing {

        private Failing() {}

        public static void main(String[] arguments) {
            Objects.requireNonNull(null, "no " + arguments.length);
        }
    }

    /** Starts another one, and is killed before it can end it. */
    static final class Starting {

        private Starting() {}

        public static void main(String[] arguments) throws InterruptedException {
            NodeProcess child = NodeProcess.start(Counting.class, "child");
            String unused = child.awaitLine("5"::equals);
            System.out.println("child " + child.pid());
            TimeUnit.HOURS.sleep(1);
        }
    }

    @Test
    void whatItPrintedBeforeItWasKilledIsKept() {
        try (NodeProcess node = NodeProcess.start(Counting.class, "a b")) {
            assertEquals("ready a b", node.awaitLine(line -> line.startsWith("ready")));
            assertEquals("3", node.awaitLine("3"::equals));
            assertTrue(node.isAlive());
            node.kill();
            assertFalse(node.isAlive());
            assertTrue(node.lines().anyMatch("2"::equals));
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aPausedOneSaysNothingUntilItIsResumed() {
        try (NodeProcess node = NodeProcess.start(Counting.class, "x")) {
            String unused = node.awaitLine("1"::equals);
            node.pause();
            assertTrue(node.isAlive());
            Patience.until("it stands still", Duration.ofSeconds(20), () -> isStopped(node));
            node.resume();
            Patience.until("it goes on", Duration.ofSeconds(20), () -> !isStopped(node));
            long said = node.lines().count();
            String next = Long.toString(said + 20);
            assertEquals(next, node.awaitLine(next::equals));
        }
    }

    @Test
    void oneThatFailsSaysWhy() {
        try (NodeProcess node = NodeProcess.start(Failing.class)) {
            RedisServerException e = assertThrows(RedisServerException.class, () -> node.awaitLine("ready"::equals));
            assertTrue(String.valueOf(e.getMessage()).contains("NullPointerException: no 0"), e.getMessage());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void oneWhoseStarterWasKilledEnds() throws Exception {
        long child;
        try (NodeProcess starter = NodeProcess.start(Starting.class)) {
            child = Long.parseLong(
                    starter.awaitLine(line -> line.startsWith("child ")).substring(6));
            starter.kill();
        }
        Patience.until("the orphan ends", Duration.ofSeconds(20), () -> hasEnded(child));
    }

    private static boolean isStopped(NodeProcess node) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(node.pid()), "stat"))
                    .contains(") T ");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Or is a zombie, where the first process of a container collects no children. */
    private static boolean hasEnded(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z ");
        } catch (IOException e) {
            return true;
        }
    }
}

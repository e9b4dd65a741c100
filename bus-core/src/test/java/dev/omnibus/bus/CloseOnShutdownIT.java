package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.NodeProcess;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a bus ends with its process. */
class CloseOnShutdownIT {

    static final class Node {

        private static Bus bus = open();
        private static final CountDownLatch HANDLING = new CountDownLatch(1);

        private Node() {}

        private static Bus open() {
            return Bus.builder(new InMemoryNetwork().open())
                    .closeOnShutdown()
                    .drainTimeout(Duration.ofSeconds(2))
                    .build();
        }

        /** How it ends. */
        public static void main(String[] arguments) throws InterruptedException {
            bus.subscribe("t", String.class, event -> handle(arguments[0]))
                    .ready()
                    .join();
            bus.publish("t", "work").join();
            HANDLING.await();
            switch (arguments[0]) {
                case "exit" -> System.exit(0);
                case "another hook" -> {
                    Runtime.getRuntime().addShutdownHook(new Thread(bus::close));
                    System.exit(0);
                }
                case "after close" -> {
                    Bus before = bus;
                    before.close();
                    bus = open();
                    System.exit(0);
                }
                default -> System.out.println("running");
            }
        }

        private static void handle(String how) throws InterruptedException {
            HANDLING.countDown();
            if (how.equals("exit in a handler")) {
                System.out.println("finished");
                System.exit(0);
            }
            while (bus.state() != BusState.DRAINING) {
                Thread.onSpinWait();
            }
            System.out.println("finished");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit", "another hook", "after close", "exit in a handler"})
    void whatRunsIsFinishedAndTheProcessEnds(String how) {
        try (NodeProcess node = NodeProcess.start(Node.class, how)) {
            node.awaitLine("finished"::equals);
            await().atMost(20, SECONDS).until(() -> !node.isAlive());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = "SIGTERM")
    void soItDoesWhenItIsToldToStop(String how) {
        try (NodeProcess node = NodeProcess.start(Node.class, how)) {
            node.awaitLine("running"::equals);
            assertTrue(ProcessHandle.of(node.pid()).orElseThrow().destroy());
            node.awaitLine("finished"::equals);
            await().atMost(20, SECONDS).until(() -> !node.isAlive());
        }
    }
}

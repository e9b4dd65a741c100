package dev.omnibus.rpc.internal.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Who passes when, on an executor whose tasks the test runs. */
class ReadyGateTest {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final List<String> passed = new ArrayList<>();
    private CompletableFuture<Void> ready = new CompletableFuture<>();
    private final ReadyGate gate = new ReadyGate(() -> ready, tasks::add);

    private CompletableFuture<Void> come(String name) {
        CompletableFuture<Void> turn = gate.turn();
        turn.whenComplete((done, failure) -> passed.add(failure == null ? name : name + " failed"));
        return turn;
    }

    private void run() {
        Runnable task;
        while ((task = tasks.poll()) != null) {
            task.run();
        }
    }

    @Test
    void theyPassInTheOrderInWhichTheyCame() {
        come("a");
        come("b");
        come("c");
        ready.complete(null);
        run();
        assertEquals(List.of("a", "b", "c"), passed);
        assertTrue(gate.isOpen());
        come("d");
        assertEquals("d", passed.get(3));
    }

    @Test
    void whoeverComesWhenItIsReadyWaitsForThoseBefore() {
        come("a");
        ready.complete(null);
        come("b");
        assertEquals(List.of(), passed);
        assertFalse(gate.isOpen());
        run();
        assertEquals(List.of("a", "b"), passed);
    }

    @Test
    void whoeverComesWhileOthersPassFollowsThem() {
        gate.turn().whenComplete((done, failure) -> {
            come("late");
            passed.add("a");
        });
        come("b");
        ready.complete(null);
        run();
        assertEquals(List.of("a", "b", "late"), passed);
    }

    @Test
    void ifItIsReadyNobodyWaits() {
        ready.complete(null);
        come("a");
        assertEquals(List.of("a"), passed);
        assertTrue(gate.isOpen());
    }

    @Test
    void aFailureIsTheEndForThoseBeforeItOnly() {
        come("a");
        CompletableFuture<Void> first = ready;
        ready = new CompletableFuture<>();
        come("b");
        first.completeExceptionally(new IllegalStateException("on purpose"));
        run();
        assertEquals(List.of("a failed"), passed);
        ready.complete(null);
        run();
        assertEquals(List.of("a failed", "b"), passed);
    }

    @Test
    void whoeverHasGivenUpHoldsUpNobody() {
        CompletableFuture<Void> a = come("a");
        come("b");
        a.completeExceptionally(new TimeoutException());
        ready.complete(null);
        run();
        assertEquals(List.of("a failed", "b"), passed);
    }
}

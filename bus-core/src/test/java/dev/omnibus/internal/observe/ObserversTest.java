package dev.omnibus.internal.observe;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.BusObserver.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class ObserversTest {

    private static final BusObserver NOBODY = operation -> null;

    private final Observers observers = Objects.requireNonNull(Observers.of(List.of(NOBODY)));

    private Observed lend(String name) {
        return observers.lend(Kind.CALL, name, Map.of(), 0);
    }

    @Test
    void anObserverThatCallsGetsAnotherViewThanTheOneItLooksAt() {
        observers.giveBack(lend("before"));
        Observed outer = lend("outer");
        Observed inner = lend("inner");
        assertNotSame(outer, inner);
        observers.giveBack(inner);
        Observed second = lend("second");
        assertNotSame(outer, second);
        observers.giveBack(second);
        assertEquals("outer", outer.name());
        observers.giveBack(outer);
    }

    @Test
    void whatIsGivenBackIsLentAgainAndShowsNothingOfBefore() {
        Observed first = observers
                .lend(Kind.SERVE, "first", Map.of("trace", "1"), System.nanoTime())
                .known(any -> false)
                .call("id", "caller")
                .attempts(7);
        first.end(outcome -> {}, "TIMEOUT", new IllegalStateException("late"), 5, true);
        observers.giveBack(first);

        long began = System.nanoTime();
        Observed second = observers.lend(Kind.CALL, "second", Map.of(), began);
        assertSame(first, second);
        assertEquals(Kind.CALL, second.kind());
        assertEquals("second", second.name());
        assertEquals(Map.of(), second.headers());
        assertEquals("", second.id() + second.peer() + second.reason());
        assertTrue(second.isKnown());
        assertNull(second.failure());
        assertEquals(0, second.code());
        assertEquals(1, second.attempts());
        assertFalse(second.isNotExecuted());
        long elapsed = second.elapsedNanos();
        await().until(() -> second.elapsedNanos() > elapsed);
    }

    @Test
    void aViewThatIsNeverGivenBackIsReplacedByAnother() {
        Observed lost = lend("lost");
        observers.giveBack(lend("in vain"));
        Observed next = lend("next");
        assertNotSame(lost, next);
        observers.giveBack(next);
        assertSame(next, lend("again"));
    }

    @Test
    void aViewIsReplacedNowAndThenSoThatItDoesNotGrowOld() {
        Set<Observed> views = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < 100_000; i++) {
            Observed lent = lend("often");
            views.add(lent);
            observers.giveBack(lent);
        }
        assertTrue(views.size() > 10 && views.size() < 1_000, () -> views.size() + " views");
    }

    @Test
    void noTwoThreadsHaveTheSameViewHoweverManyThereAre() {
        int many = 100; // more than there are places
        CyclicBarrier met = new CyclicBarrier(many);
        Set<Observed> held = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        ExecutorService threads = Executors.newFixedThreadPool(many);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                String name = "thread " + i;
                all.add(threads.submit(() -> {
                    for (int round = 0; round < 100; round++) {
                        Observed lent = lend(name);
                        assertTrue(held.add(lent), "another thread has it");
                        met.await(20, SECONDS); // all have one
                        assertSame(name, lent.name());
                        held.remove(lent);
                        observers.giveBack(lent);
                        met.await(20, SECONDS);
                    }
                    return null;
                }));
            }
            all.forEach(thread -> assertDoesNotThrow(() -> thread.get(60, SECONDS)));
        } finally {
            threads.shutdownNow();
        }
    }
}

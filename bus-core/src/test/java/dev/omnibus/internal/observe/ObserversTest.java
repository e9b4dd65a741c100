package dev.omnibus.internal.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class ObserversTest {

    private static final BusObserver NOBODY = operation -> null;

    private final Observers observers = Objects.requireNonNull(Observers.of(List.of(NOBODY)));

    private Observed lend(String name) {
        return observers.lend(Kind.CALL, name, Map.of(), 0);
    }

    @Test
    void anObserverThatCallsGetsAnotherViewThanTheOneItLooksAt() {
        Observed outer = lend("outer");
        Observed inner = lend("inner");
        assertNotSame(outer, inner);
        observers.giveBack(inner);
        assertEquals("outer", outer.name());
        observers.giveBack(outer);
    }

    @Test
    void whatIsGivenBackIsLentAgainAndShowsNothingOfBefore() {
        Observed first = lend("first").call("id", "caller").attempts(7);
        first.end(outcome -> {}, "TIMEOUT", new IllegalStateException("late"), 5, true);
        observers.giveBack(first);

        Observed second = lend("second");
        assertSame(first, second);
        assertEquals("second", second.name());
        assertEquals("", second.id() + second.peer() + second.reason());
        assertEquals(null, second.failure());
        assertEquals(0, second.code());
        assertEquals(1, second.attempts());
        assertEquals(false, second.isNotExecuted());
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
        ExecutorService threads = Executors.newFixedThreadPool(100); // more than there are places
        try {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                String name = "thread " + i;
                all.add(CompletableFuture.runAsync(
                        () -> {
                            for (int round = 0; round < 20_000; round++) {
                                Observed lent = lend(name);
                                assertSame(name, lent.name());
                                observers.giveBack(lent);
                            }
                        },
                        threads));
            }
            all.forEach(CompletableFuture::join);
        } finally {
            threads.shutdownNow();
        }
    }
}

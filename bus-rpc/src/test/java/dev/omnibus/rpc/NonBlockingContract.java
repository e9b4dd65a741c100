package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A method that promises not to wait, and then does: it fails at once, and nobody else is hurt. */
abstract class NonBlockingContract extends CallFixture {

    interface Hasty {
        @NonBlocking
        int run(String what);

        @NonBlocking
        int quick();
    }

    private final Map<String, Executable> waits = new ConcurrentHashMap<>();
    private final AtomicReference<Throwable> thrown = new AtomicReference<>();
    private final List<BusState> states = new CopyOnWriteArrayList<>();

    private final class Waiting implements Hasty {

        @Override
        public int run(String what) {
            try {
                Objects.requireNonNull(waits.get(what)).execute();
            } catch (Throwable t) {
                thrown.set(t);
                throw new RpcFault(1, "it threw");
            }
            return 1;
        }

        @Override
        public int quick() {
            return 42;
        }
    }

    private Bus hasty() {
        BusListener listener = new BusListener() {
            @Override
            public void onState(BusState state) {
                states.add(state);
            }
        };
        Bus bus = Bus.builder(connect())
                .name("hasty")
                .prefix(prefix)
                .listener(listener)
                .outboxBytes(64 * 1024)
                .outboxWait(Duration.ofSeconds(20))
                .build();
        closeLater(bus);
        RpcServer.on(bus).serve(Hasty.class, new Waiting()).ready().join();
        return bus;
    }

    /** It fails with a sentence that says what to do, and a call to the same node beside it does not notice. */
    private String refused(Executable waiting) {
        waits.put("it", waiting);
        Bus caller = bus("caller");
        Hasty hasty = RpcClient.on(caller).proxy(Hasty.class);
        CompletableFuture<Integer> bad = RpcClient.on(caller).call("hasty.run", Integer.class, "it");
        assertEquals(42, hasty.quick());
        assertInstanceOf(RpcFault.class, failure(bad));
        assertEquals(42, hasty.quick());
        String sentence = String.valueOf(
                assertInstanceOf(IllegalStateException.class, thrown.get()).getMessage());
        assertTrue(sentence.contains("@NonBlocking"), sentence);
        await().until(() -> states.equals(List.of(BusState.CONNECTING, BusState.UP)));
        return sentence;
    }

    @Test
    void aBlockingCallThroughAProxyIsRefusedBeforeItIsSent() {
        serving("shelf", 3);
        Bus bus = hasty();
        Stock stock = RpcClient.on(bus).proxy(Stock.class);
        assertEquals(3, stock.left("ordinary"));
        String sentence = refused(() -> stock.note("never"));
        assertTrue(sentence.startsWith("Waiting for the answer of stock.note would block omnibus-"), sentence);
        assertEquals(List.of(), notes);
    }

    @Test
    void askingEverybodyIsRefused() {
        serving("shelf", 3);
        Bus bus = hasty();
        Broadcast<Integer> all = RpcClient.on(bus).broadcast(Stock.class, stock -> stock.left("any"));
        assertTrue(refused(all::ask).contains("stock.left"));
    }

    @Test
    void waitingForACallThatWasMadeWithoutWaitingIsRefused() {
        serving("shelf", 3);
        Bus bus = hasty();
        refused(() -> RpcClient.on(bus)
                .call("stock.left", Integer.class, "x")
                .thenApply(left -> 2 * left)
                .get(30, SECONDS));
    }

    @Test
    void waitingForAnEventThatIsPublishedIsRefused() {
        Bus bus = hasty();
        refused(() -> bus.publish("t", "x").join());
    }

    @Test
    void waitingForTheEndOfASubscriptionIsRefused() {
        Bus bus = hasty();
        refused(() -> bus.subscribe("t", String.class, event -> {}).closed().join());
    }

    @Test
    void waitingForAServiceIsRefused() {
        Bus bus = hasty();
        refused(() -> {
            for (int i = 0; i < 1_000; i++) { // for one that stands already nobody would wait
                RpcServer.on(bus)
                        .serve("late" + i + ".run", params -> params)
                        .ready()
                        .join();
            }
        });
    }

    @Test
    void waitingForRoomInTheOutboxIsRefusedAndWhatFoundRoomIsPublished() {
        Bus bus = hasty();
        List<CompletableFuture<Long>> published = new CopyOnWriteArrayList<>();
        String sentence = refused(() -> {
            for (int i = 1; i < 2_000; i++) { // what is refused leaves room for the reply
                published.add(bus.publish("flood", "x".repeat(i % 30 == 0 ? 40_000 : 1_000)));
            }
        });
        assertTrue(sentence.contains("waits for room"), sentence);
        assertTrue(published.size() >= 16 && published.size() < 2_000, () -> "accepted " + published.size());
        published.forEach(CompletableFuture::join);
    }

    @Test
    void connectingIsRefused() {
        hasty();
        refused(() -> bus("another"));
    }

    @Test
    void closingAnotherBusReturnsAtOnceAndEndsItBehind() {
        Bus other = bus("other");
        hasty();
        waits.put("it", other::close);
        assertEquals(1, RpcClient.on(bus("caller")).proxy(Hasty.class).run("it"));
        await().until(() -> other.state() == BusState.CLOSED);
    }

    @Test
    void aCallThatWaitsForTheEndOfItsOwnServiceIsTold() {
        Bus bus = bus("server");
        CompletableFuture<Registration> registration = new CompletableFuture<>();
        CompletableFuture<String> told = new CompletableFuture<>();
        registration.complete(RpcServer.on(bus).serve("own.end", params -> {
            IllegalStateException refused = assertThrows(
                    IllegalStateException.class,
                    () -> registration.join().closed().join());
            told.complete(refused.getMessage());
            return 5;
        }));
        registration.join().ready().join();
        assertEquals(
                5, RpcClient.on(bus("caller")).call("own.end", Integer.class).join());
        assertEquals(
                "A call of service own would wait for the service's own end, which comes when it returns. End the service"
                        + " without waiting, or wait on another thread",
                told.join());
        registration.join().close();
        registration.join().closed().join();
    }
}

package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

/** What becomes of calls for which a node that closes has no more time. */
class AbandonedCallsTest extends CallFixture {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    interface Till {
        String pay(String bill);
    }

    private Bus leavingSoon(Runnable whenItSendsACallElsewhere) {
        Bus leaving = Bus.builder(new PassingOn(connect()) {
                    @Override
                    public void publish(List<Publication> publications) {
                        if (publications.stream().anyMatch(AbandonedCallsTest::sendsElsewhere)) {
                            whenItSendsACallElsewhere.run();
                        }
                        super.publish(publications);
                    }
                })
                .name("leaving")
                .prefix(prefix)
                .drainTimeout(Duration.ofMillis(50))
                .build();
        closeLater(leaving);
        return leaving;
    }

    private static boolean sendsElsewhere(Publication publication) {
        return new String(publication.frame(), UTF_8).contains("\"code\":" + RpcCodec.DRAINING);
    }

    @Test
    void whatIsStartedJustThenIsNotSaidToBeUntouched() {
        Set<String> executed = ConcurrentHashMap.newKeySet();
        Semaphore turns = new Semaphore(0);
        CountDownLatch twoStarted = new CountDownLatch(2);
        Bus leaving = leavingSoon(
                () -> { // while the first is sent elsewhere, another one has its turn
                    turns.release();
                    try {
                        assertTrue(twoStarted.await(20, SECONDS));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
        RpcServer server = RpcServer.on(leaving);
        Till till = bill -> {
            executed.add(bill);
            twoStarted.countDown();
            turns.acquireUninterruptibly();
            return bill;
        };
        server.serve(Till.class, till, ServiceOptions.defaults().withConcurrency(1))
                .ready()
                .join();
        RpcClient client = RpcClient.on(bus("caller"));
        Map<String, CompletableFuture<String>> calls = new HashMap<>();
        for (String bill : List.of("first", "second", "third")) {
            calls.put(bill, client.call("till.pay", String.class, bill));
            await().until(() -> executed.contains("first"));
        }
        await().until(() -> client.runtime().pending().size() == 3);

        leaving.close();
        turns.release(2);

        Objects.requireNonNull(calls.remove("first")).orTimeout(20, SECONDS).join();
        assertEquals(2, executed.size(), executed::toString);
        calls.forEach((bill, call) ->
                assertEquals(!executed.contains(bill), failure(call).notExecuted(), bill));
    }
}

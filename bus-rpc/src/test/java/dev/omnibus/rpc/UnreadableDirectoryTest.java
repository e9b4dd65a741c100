package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who cannot read the directory, from the first moment on or later, gets the reason from whatever needs it. */
class UnreadableDirectoryTest {

    private volatile Kind unreadable = Kind.REFUSED;
    private volatile boolean readable;

    private final Bus bus = Bus.builder(new PassingOn(new InMemoryNetwork().open()) {
                @Override
                public CompletableFuture<LeaseUpdate> leases(String index, long since) {
                    return readable
                            ? super.leases(index, since)
                            : CompletableFuture.failedFuture(
                                    new TransportException(unreadable, true, "on purpose", null));
                }
            })
            .announce(false)
            .build();
    private final RpcClient client = RpcClient.on(bus);

    @AfterEach
    void close() {
        bus.close();
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, REFUSED", "CONNECTION_LOST, CONNECTION_LOST", "NOT_READY, CONNECTION_LOST"})
    void theReasonIsThatOfTheTransport(Kind kind, Reason reason) {
        unreadable = kind;
        assertFails(reason, () -> Directory.on(bus).nodes());
        assertFails(reason, this::call);
        assertFails(reason, this::broadcast);

        readable = true;
        Directory.on(bus).nodes().join();
        assertFails(Reason.NO_SERVER, this::call);
        readable = false;
        assertFails(reason, this::call);
        assertFails(reason, this::broadcast);
    }

    private CompletableFuture<?> call() {
        return client.call("echo.say", String.class, "x");
    }

    private CompletableFuture<?> broadcast() {
        return client.broadcast("echo.say", String.class, "x").askAsync();
    }

    private static void assertFails(Reason reason, Supplier<CompletableFuture<?>> question) {
        CompletionException e =
                assertThrows(CompletionException.class, () -> question.get().join());
        RpcException failure = assertInstanceOf(RpcException.class, e.getCause());
        assertEquals(reason, failure.reason(), failure::getMessage);
        assertTrue(failure.notExecuted());
        assertEquals(
                reason != Reason.NO_SERVER,
                String.valueOf(failure.getMessage()).endsWith("directory of nodes cannot be read: on purpose"),
                failure::getMessage);
    }
}

package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class InMemoryCallTest extends CallContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    @Test
    void aRequestThatIsDoubledOnItsWayIsExecutedOnce() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        network.tamper((channel, frame) -> channel.contains(":rpc:") ? List.of(frame, frame) : List.of(frame));

        for (int i = 0; i < 50; i++) {
            client.call("stock.note", Void.class, "note " + i).join();
        }
        client.broadcast("stock.note", Void.class, "to all").ask();

        assertEquals(51, notes.size(), notes::toString);
    }

    @Test
    void aLinkThatIsDownFailsWhatIsPendingBeforeItIsBack() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofMinutes(1));
        CompletableFuture<String> call = client.call("stock.slow", String.class, patient, 60_000);
        await().until(() -> client.runtime().pending().size() == 1);

        network.down();

        RpcException e = failure(call);
        assertEquals(Reason.CONNECTION_LOST, e.reason());
        assertFalse(e.notExecuted());
        network.up();
    }
}

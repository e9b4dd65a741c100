package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A reply for whoever has gone. */
abstract class ReplyAfterCloseContract extends CallFixture {

    @Test
    void aReplyThatComesAfterItsCallerHasClosedDisturbsNobody() throws Exception {
        Bus server = serving("server", 5);
        Bus closing = bus("closing");
        RpcClient gone = RpcClient.on(closing);
        CompletableFuture<String> call = gone.call("stock.never", String.class);
        assertTrue(started.await(20, SECONDS));

        closing.close();
        RpcException e = failure(call);
        never.complete("too late");

        assertEquals(Reason.CLOSED, e.reason());
        assertEquals(0, gone.runtime().pending().size());
        RpcClient other = RpcClient.on(bus("other"));
        assertEquals(5, other.call("stock.left", Integer.class, "sku").get(20, SECONDS));
        assertTrue(BusRuntime.of(server).channels().flush(Duration.ofSeconds(20)));
        assertEquals(
                "too late", other.call("stock.never", String.class).get(20, SECONDS)); // the server goes on as before
    }
}

package dev.omnibus.rpc.internal.broadcast;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.PlayedNodes;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import org.junit.jupiter.api.Test;

/** What is kept of nodes that are not known yet. */
class LateRespondersTest extends PlayedNodes {

    private static final int LARGE = 1024 * 1024;

    private static RpcCodec.Response reply(String from, Message result) {
        return RpcCodec.Response.ofResult(1, from, result, result.length() + 100);
    }

    @Test
    void theAnswersOfStrangersDoNotFillTheMemory() {
        LateResponders lateResponders =
                new LateResponders(ClientRuntime.of(BusRuntime.of(bus("caller"))), "echo.say", id -> {});
        Message large = new Message(new byte[LARGE], 0, LARGE);
        for (String stranger : new String[] {"a", "b", "c"}) {
            assertTrue(lateResponders.hold(reply(stranger, large)));
        }
        assertFalse(lateResponders.hold(reply("d", large)));
        assertFalse(lateResponders.hold(reply("a", new Message(new byte[] {1}, 0, 1))), "it has answered");

        assertNotNull(lateResponders.release("a"));
        assertTrue(lateResponders.hold(reply("d", large)));
        lateResponders.forget();
        assertEquals(0, lateResponders.held());
        assertTrue(lateResponders.hold(reply("e", large)));
    }

    @Test
    void anAnswerIsKeptWithoutTheFrameInWhichItCame() {
        LateResponders lateResponders =
                new LateResponders(ClientRuntime.of(BusRuntime.of(bus("caller"))), "echo.say", id -> {});
        byte[] frame = new byte[LARGE];
        frame[7] = '1';
        assertTrue(lateResponders.hold(reply("a", new Message(frame, 7, 1))));

        RpcCodec.Response held = lateResponders.release("a");
        assertNotNull(held);
        Message result = held.result();
        assertNotNull(result);
        assertArrayEquals(new byte[] {'1'}, result.bytes());
    }
}

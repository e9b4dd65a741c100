package dev.omnibus.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ChannelNamesTest {

    private final ChannelNames names = new ChannelNames("shop.bus");

    @Test
    void namesAreThoseOfTheWireFormat() {
        assertEquals("shop.bus:evt:orders.placed", names.event("orders.placed"));
        assertEquals("orders.placed", names.topic("shop.bus:evt:orders.placed"));
        assertEquals("shop.bus:rpc:stock.left", names.method("stock.left"));
        assertEquals("shop.bus:rpc:stock.left@node-1", names.method("stock.left", "node-1"));
        assertEquals("shop.bus:inbox:node-1", names.inbox("node-1"));
        assertEquals("shop.bus:presence", names.presence());
        assertEquals("shop.bus:nodes", names.nodes());
        assertEquals("shop.bus:node:{shop.bus:nodes}:node-1", names.node("node-1"));
    }

    @Test
    void whatNobodySubscribesToByAPatternMayBeSharded() {
        for (ChannelNames all : List.of(names, new ChannelNames("shop.bus", true))) {
            assertTrue(all.isSharded(all.method("stock.left")));
            assertTrue(all.isSharded(all.method("stock.left", "node-1")));
            assertTrue(all.isSharded(all.inbox("node-1")));
            assertFalse(all.isSharded(all.presence()));
            assertFalse(all.isSharded("other.bus:rpc:stock.left"));
            assertEquals(all.shardedEvents(), all.isSharded(all.event("orders")));
        }
    }

    @Test
    void onlyTheInboxOfANodeOnThisBusIsAnInbox() {
        assertTrue(names.isInbox(names.inbox("node-abc123")));
        for (String channel : List.of(
                "shop.bus:inbox:",
                "bus:inbox:node",
                "shop.bus:evt:orders",
                "shop.bus:inbox:a b",
                "shop.bus:inbox:*",
                "shop.bus:inbox:" + "a.".repeat(200_000) + "a")) { // what another one sends overflows no stack
            assertFalse(names.isInbox(channel));
        }
    }

    @Test
    void aPrefixThatCouldBeAPatternIsRefused() {
        for (String prefix : List.of("", "a:b", "a*", ".a", "a b")) {
            assertThrows(IllegalArgumentException.class, () -> new ChannelNames(prefix));
        }
    }
}

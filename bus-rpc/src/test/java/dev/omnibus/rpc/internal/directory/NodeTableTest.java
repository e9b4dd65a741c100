package dev.omnibus.rpc.internal.directory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What calls read of the directory without a lock. */
class NodeTableTest {

    private final NodeTable table = new NodeTable(node -> {});

    private void take(String node, boolean draining, String... methods) {
        Map<String, String> shapes = new HashMap<>();
        for (String method : methods) {
            shapes.put(method, "");
        }
        assertTrue(table.take(
                new NodeInfo(node, "", "", 0, "", Instant.EPOCH, draining, 1, Map.of("stock", shapes)), new byte[0]));
    }

    private List<String> serving(String method) {
        return table.serving(method).stream().map(Node::id).sorted().toList();
    }

    @Test
    void aSnapshotStandsUntilOneOfItsNodesChanges() {
        take("a", false, "left", "take");
        take("b", false, "left");
        List<Node> left = table.serving("stock.left");
        List<Node> taking = table.serving("stock.take");
        assertSame(left, table.serving("stock.left"));

        take("b", true, "left");
        assertSame(taking, table.serving("stock.take"), "none of its nodes has changed");
        assertEquals(List.of("a"), serving("stock.left"));
        assertEquals(2, left.size(), "who has an older one may go on with it");

        take("a", false, "take");
        assertNotSame(taking, table.serving("stock.take"));
        assertEquals(List.of(), serving("stock.left"), "it is served no more");
        take("b", false, "left");
        assertEquals(List.of("b"), serving("stock.left"));
    }

    @Test
    void aDoubtLeavesANodeOutOfOneMethodUntilItIsCleared() {
        take("a", false, "left", "take");
        Node node = table.serving("stock.left").get(0);
        List<Node> taking = table.serving("stock.take");

        table.suspect(node, "stock.left");
        assertEquals(List.of(), serving("stock.left"));
        assertNull(table.serving("stock.left", "a"));
        assertSame(taking, table.serving("stock.take"));

        table.trust("a");
        assertEquals(List.of("a"), serving("stock.left"));
        assertSame(node, table.serving("stock.left", "a"));

        table.suspect(node, "stock.left");
        take("a", false, "left", "take");
        assertEquals(List.of("a"), serving("stock.left"), "its lease was read again");
    }

    @Test
    void aNodeIsFoundByItsIdIfItServesTheMethod() {
        take("a", false, "left");
        take("b", true, "left");
        assertNotNull(table.serving("stock.left", "a"));
        assertNull(table.serving("stock.take", "a"), "another method");
        assertNull(table.serving("stock.left", "b"), "about to leave");
        assertNull(table.serving("stock.left", "c"), "not listed");

        table.markMissing("a", Duration.ZERO);
        assertTrue(table.leaves("a"));
        assertNull(table.serving("stock.left", "a"));
        assertEquals(List.of(), serving("stock.left"));
        assertTrue(table.knows("a"), "until a moment ago");
    }

    @Test
    void aManifestThatIsKnownNeedNotBeReadAndClearsDoubtsAllTheSame() {
        take("a", false, "left");
        assertFalse(table.takeAgain("b", new byte[0]), "not listed");
        assertFalse(table.takeAgain("a", new byte[] {1}), "another one");
        table.suspect(table.serving("stock.left").get(0), "stock.left");
        assertEquals(List.of(), serving("stock.left"));
        table.markMissing("a", NodeTable.CONFIRM_AFTER);
        assertTrue(table.takeAgain("a", new byte[0]));
        assertEquals(List.of("a"), serving("stock.left"));
        assertEquals(List.of(), table.removeLost());
    }

    @Test
    void aNodeIsLostWhenItHasBeenMissingForLongEnoughWhoeverNoticedIt() {
        take("a", false, "left");
        take("b", false, "left");
        assertEquals(Optional.empty(), table.firstLostAfter());
        table.markMissing("a", Duration.ZERO);
        assertEquals(List.of(), table.removeLost());
        Duration ofA = table.firstLostAfter().orElseThrow();
        table.markMissing("b", NodeTable.CONFIRM_AFTER);
        assertTrue(ofA.compareTo(table.firstLostAfter().orElseThrow()) > 0);
        assertEquals(List.of("b"), table.removeLost());
    }

    @Test
    void aNodeRemembersTheChannelsOfItsMethods() {
        take("a", false, "left");
        Node node = table.serving("stock.left").get(0);
        String channel = node.channel("stock.left", new ChannelNames("bus"));
        assertEquals("bus:rpc:stock.left@a", channel);
        assertSame(channel, node.channel("stock.left", new ChannelNames("bus")));
    }

    /** A snapshot that is made while a node changes must not stand after the change. */
    @Test
    void whoReadsAfterAChangeNeverGetsWhatWasBefore() {
        IntStream.range(0, 50).forEach(i -> take("n" + i, false, "left"));
        AtomicBoolean ended = new AtomicBoolean();
        AtomicLong reads = new AtomicLong();
        List<CompletableFuture<Void>> readers = IntStream.range(0, 2)
                .mapToObj(i -> CompletableFuture.runAsync(() -> {
                    while (!ended.get()) {
                        int size = table.serving("stock.left").size();
                        assertTrue(size == 50 || size == 49, () -> size + " nodes");
                        reads.incrementAndGet();
                    }
                }))
                .toList();
        try {
            for (int round = 0;
                    (round < 20_000 || reads.get() < 1_000) && !readers.get(0).isDone();
                    round++) {
                take("n7", round % 2 == 0, "left");
                assertEquals(
                        round % 2 == 0 ? 49 : 50, table.serving("stock.left").size());
            }
        } finally {
            ended.set(true);
        }
        readers.forEach(CompletableFuture::join);
    }
}

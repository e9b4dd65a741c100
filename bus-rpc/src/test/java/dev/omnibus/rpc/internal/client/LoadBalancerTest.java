package dev.omnibus.rpc.internal.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.rpc.internal.directory.NodeTable.Serving;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which node calls with an affinity go to. */
class LoadBalancerTest {

    private final List<Node> nodes = IntStream.range(0, 100)
            .mapToObj(i -> new Node(
                    new NodeInfo("shop-" + i * 7_919, "", "", 0, "", Instant.EPOCH, false, 1, Map.of()), new byte[0]))
            .toList();

    private static @Nullable String chosen(List<Node> nodes, String key, Set<String> excluded) {
        Node node = LoadBalancer.choose(new Serving(nodes), CallSettings.DEFAULTS.withAffinity(key), excluded, "");
        return node == null ? null : node.id();
    }

    @Test
    void everyCallerChoosesTheSameNodeForAKeyInWhateverOrderItKnowsThem() {
        List<Node> shuffled = new ArrayList<>(nodes);
        Collections.shuffle(shuffled, new Random(20261129));
        Map<String, Integer> keys = IntStream.range(0, 10_000)
                .mapToObj(i -> {
                    String chosen = chosen(nodes, "customer-" + i, Set.of());
                    assertEquals(chosen, chosen(shuffled, "customer-" + i, Set.of()));
                    return String.valueOf(chosen);
                })
                .collect(Collectors.toMap(id -> id, id -> 1, Integer::sum));
        assertEquals(100, keys.size());
        assertTrue(Collections.max(keys.values()) < 200, keys::toString); // 100 on average
    }

    /** Programs of other versions compute the same. */
    @Test
    void whichNodeItIsStaysAsItWasInEarlierVersions() {
        assertEquals(
                List.of("shop-681034", "shop-435545", "shop-633520", "shop-578087", "shop-39595"),
                IntStream.range(0, 5)
                        .mapToObj(i -> chosen(nodes, "key-" + i, Set.of()))
                        .toList());
    }

    @Test
    void onlyTheKeysOfANodeThatIsExcludedMoveAndTheyMoveAsIfItWereGone() {
        for (int i = 0; i < 1_000; i++) {
            String key = "customer-" + i;
            String before = chosen(nodes, key, Set.of());
            String gone = nodes.get(i % 100).id();
            List<Node> rest =
                    nodes.stream().filter(node -> !node.id().equals(gone)).toList();
            String after = chosen(nodes, key, Set.of(gone));
            assertEquals(chosen(rest, key, Set.of()), after);
            assertTrue(gone.equals(before) || String.valueOf(after).equals(before));
        }
        assertNull(chosen(nodes, "a", nodes.stream().map(Node::id).collect(Collectors.toSet())));
    }
}

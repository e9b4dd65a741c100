package dev.omnibus.internal.durable.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Partitions;
import dev.omnibus.durable.Retention;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How keys are spread over partitions, and partitions over nodes. */
class PartitionTest {

    private static List<String> owners(int partitions, List<String> nodes) {
        return IntStream.range(0, partitions)
                .mapToObj(number -> new Partition(number, partitions).owner(nodes))
                .toList();
    }

    private static List<String> nodes(int count) {
        return IntStream.range(0, count).mapToObj(i -> "node-" + (i * 7919)).toList();
    }

    @Test
    void everyNodeHasAnEqualShareOfThePartitionsWhateverTheOrderInWhichTheyAreSeen() {
        Random random = new Random(1);
        for (int partitions = 1; partitions <= 24; partitions++) {
            for (int count = 1; count <= 9; count++) {
                List<String> nodes = new ArrayList<>(nodes(count));
                List<String> owners = owners(partitions, nodes);
                Map<String, Long> shares = owners.stream()
                        .collect(Collectors.groupingBy(owner -> owner, TreeMap::new, Collectors.counting()));
                long least = count > partitions ? 1 : partitions / count;
                assertTrue(
                        shares.values().stream().allMatch(share -> share == least || share == least + 1)
                                && shares.size() == Math.min(count, partitions),
                        partitions + " partitions: " + shares);
                Collections.shuffle(nodes, random);
                assertEquals(owners, owners(partitions, nodes));
            }
        }
    }

    @Test
    void fewPartitionsMoveWhenANodeComesOrGoes() {
        int moved = 0;
        int needed = 0;
        for (int seed = 0; seed < 50; seed++) {
            String prefix = "n" + seed + "-";
            List<String> five = nodes(5).stream().map(prefix::concat).toList();
            List<String> before = owners(60, five);
            List<String> after = owners(60, five.subList(0, 4));
            for (int i = 0; i < 60; i++) {
                boolean had = before.get(i).equals(five.get(4));
                needed += had ? 1 : 0;
                moved += before.get(i).equals(after.get(i)) ? 0 : 1;
            }
        }
        assertTrue(
                moved < 2 * needed, moved + " moved, of which " + needed + " had to"); // all would be four times that
    }

    @Test
    void theHashOfAKeyIsTheOneThatTheWireSays() {
        Partitions<String> four = Partitions.by(4, key -> key);
        assertEquals(0xCBF43926L % 4, four.partitionOf("123456789")); // the check value of CRC-32
        assertEquals(0, four.partitionOf(""));
        int[] counts = new int[4];
        IntStream.range(0, 10_000).forEach(i -> counts[four.partitionOf("customer-" + i)]++);
        assertTrue(IntStream.of(counts).allMatch(count -> count > 2_200 && count < 2_800), List.of(counts)::toString);
        assertThrows(IllegalArgumentException.class, () -> Partitions.by(0, key -> "k"));
        assertThrows(IllegalArgumentException.class, () -> Partitions.by(Partitions.MAX + 1, key -> "k"));
    }

    @Test
    void theLimitsOfATopicAndTheWindowOfANodeAreShared() {
        Retention share = new Partition(1, 4)
                .share(Retention.untilAcknowledged().withMaxEntries(10).withMaxBytes(1_000));
        assertEquals(3, share.maxEntries());
        assertEquals(250, share.maxBytes());
        GroupOptions window = new Partition(1, 4).share(GroupOptions.defaults().withWindow(2, 1 << 20));
        assertEquals(1, window.windowEvents());
        assertEquals(1 << 18, window.windowBytes());
        assertEquals(GroupOptions.defaults(), Partition.WHOLE.share(GroupOptions.defaults()));
    }
}

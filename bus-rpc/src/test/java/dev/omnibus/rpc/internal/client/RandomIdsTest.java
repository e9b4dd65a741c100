package dev.omnibus.rpc.internal.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What ids look like, and that no two are the same. */
class RandomIdsTest {

    @Test
    void idsHaveSixteenDigitsThatADoubleHasExactlyAndAreAllDifferentWhoeverTakesThem() {
        RandomIds ids = new RandomIds();
        Set<Long> taken = ConcurrentHashMap.newKeySet();

        IntStream.range(0, 50_000).parallel().forEach(i -> taken.add(ids.next()));

        assertEquals(50_000, taken.size());
        assertTrue(taken.stream().allMatch(id -> String.valueOf(id).length() == 16 && id < 1L << 53));
    }

    @Test
    void everyBitOfAnIdIsSetAboutAsOftenAsNot() {
        RandomIds ids = new RandomIds();
        int[] set = new int[48]; // those above are not evenly spread, as the first digit is not 0
        for (int i = 0; i < 20_000; i++) {
            long id = ids.next();
            for (int bit = 0; bit < set.length; bit++) {
                set[bit] += (int) (id >>> bit & 1);
            }
        }

        for (int count : set) {
            assertTrue(count > 9_300 && count < 10_700, () -> "of 20,000 it was set in " + count);
        }
    }

    @Test
    void twoClientsHaveDifferentIds() {
        assertTrue(new RandomIds().next() != new RandomIds().next());
    }
}

package dev.omnibus.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What is remembered of the numbers of channels that are not in use. */
class RetiredSequencesTest {

    @Test
    void theLastNumberOfEachOfManyChannelsIsRemembered() {
        SequenceNumbers.Retired sequences = new SequenceNumbers.Retired();
        for (int i = 0; i < 100_000; i++) {
            sequences.put("bus:evt:orders." + i, i + 1);
        }
        sequences.put("bus:evt:orders.7", 1_000_000);
        for (int i = 0; i < 100_000; i++) {
            assertEquals(i == 7 ? 1_000_000 : i + 1, sequences.last("bus:evt:orders." + i));
            assertEquals(0, sequences.last("bus:evt:others." + i));
        }
    }

    @Test
    void whatIsForgottenGoesOnAboveAllThatWasForgotten() {
        SequenceNumbers.Retired sequences = new SequenceNumbers.Retired(100);
        for (int i = 0; i < 250; i++) {
            sequences.put("c" + i, 1_000 + i);
        }
        assertEquals(1_249, sequences.last("c249"));
        assertEquals(1_100, sequences.last("c100"));
        assertEquals(1_099, sequences.last("c3")); // of the first hundred, the highest
        assertEquals(1_099, sequences.last("new"));
    }
}

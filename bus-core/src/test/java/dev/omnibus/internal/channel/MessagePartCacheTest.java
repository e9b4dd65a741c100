package dev.omnibus.internal.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is remembered of the messages before. */
class MessagePartCacheTest {

    private final MessagePartCache<Integer> parts = new MessagePartCache<>(6, 2, new MemoryBudget(1 << 20));

    private static byte[] bytes(int number) {
        return ("{\"id\":\"" + number + "\",\"to\":").getBytes(UTF_8);
    }

    private @Nullable Integer find(int number) {
        return find(parts, number);
    }

    private static @Nullable Integer find(MessagePartCache<Integer> parts, int number) {
        byte[] message = ("ab{\"id\":\"" + number + "\",\"to\":\"\"}").getBytes(UTF_8);
        return parts.find(new Message(message, 0, message.length), 2);
    }

    private long known(int from, int to) {
        return IntStream.range(from, to).filter(i -> find(i) != null).count();
    }

    @Test
    void whatWasLearnedIsFoundWithItsMeaning() {
        for (int i = 0; i < 20; i++) { // so few that no five of them meet in one set
            assertNull(find(i));
            parts.learn(bytes(i), i);
            assertEquals(i, find(i));
        }
        IntStream.range(0, 20).forEach(i -> assertEquals(i, find(i)));
    }

    @Test
    void aThousandSendersInTurnAreKnown() {
        int strangers = 0;
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 1_000; i++) {
                if (find(i) == null) {
                    parts.learn(bytes(i), i);
                    strangers++;
                }
            }
        }
        assertTrue(strangers < 1_050, strangers + " messages of strangers"); // more than four in a set are unlikely
    }

    /** Where the oldest had to go, none of them would ever be known. */
    @Test
    void ofMoreSendersInTurnThanHaveRoomAsManyAreKnownAsHave() {
        MessagePartCache<Integer> small = new MessagePartCache<>(6, 2, new MemoryBudget(0));
        IntStream.range(0, 100).forEach(i -> small.learn(bytes(i), i));
        long room = IntStream.range(0, 100).filter(i -> find(small, i) != null).count();
        int found = 0;
        for (int message = 0; message < 100_000; message++) {
            int sender = (int) (message % (room + room / 4));
            if (find(small, sender) != null) {
                found++;
            } else {
                small.learn(bytes(sender), sender);
            }
        }
        assertTrue(found > 50_000, found + " of 100,000 messages found, with room for " + room + " senders");
    }

    @Test
    void theTableStaysSmallWhereItHasRoomForFew() {
        MessagePartCache<Integer> small = new MessagePartCache<>(6, 2, new MemoryBudget(0));
        IntStream.range(0, 500_000).forEach(i -> small.learn(bytes(i), i));
        long room =
                IntStream.range(0, 500_000).filter(i -> find(small, i) != null).count();
        assertTrue(small.places() <= 32 * (room + 4), small.places() + " places for " + room);
    }

    @Test
    void thoseWhoSendKeepTheirPlacesWhoeverElseTurnsUp() {
        IntStream.range(0, 100).forEach(i -> parts.learn(bytes(i), i));
        for (int stranger = 1_000; stranger < 50_000; stranger++) {
            parts.learn(bytes(stranger), stranger);
            find(stranger % 100);
        }
        assertTrue(known(0, 100) >= 95, known(0, 100) + " are known");
    }

    /** A sender whose messages come one after another is as much known as one whose messages come in between others. */
    @Test
    void whoSendsManyInARowKeepsHisPlaceAfterwards() {
        parts.learn(bytes(7), 7);
        for (int i = 0; i < 100; i++) {
            assertEquals(7, find(7));
        }
        IntStream.range(1_000, 9_000).forEach(i -> parts.learn(bytes(i), i));
        assertEquals(7, find(7));
    }

    @Test
    void thoseWhoHaveFallenSilentMakeRoom() {
        IntStream.range(0, 5_000).forEach(i -> parts.learn(bytes(i), i));
        for (int round = 0; round < 50; round++) {
            for (int i = 10_000; i < 10_100; i++) {
                if (find(i) == null) {
                    parts.learn(bytes(i), i);
                }
            }
        }
        assertTrue(known(10_000, 10_100) >= 95, known(10_000, 10_100) + " are known");
    }

    @Test
    void longNamesDoNotFillTheMemory() {
        String name = "n".repeat(2_000);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = ("{\"id\":\"" + name + i + "\",\"to\":").getBytes(UTF_8);
            parts.learn(bytes, i);
        }
        assertTrue(parts.bytes() <= MessagePartCache.MAX_BYTES, parts.bytes() + " bytes");
        for (int round = 0; round < 200; round++) { // the places that were taken are given up for those who send
            if (find(7) == null) {
                parts.learn(bytes(7), 7);
            }
        }
        assertEquals(7, find(7));
        parts.learn(new byte[2_049], 8); // is left out
    }
}

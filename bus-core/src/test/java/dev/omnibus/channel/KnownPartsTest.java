package dev.omnibus.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is remembered of the messages before. */
class KnownPartsTest {

    private final KnownParts<Integer> parts = new KnownParts<>();

    private static byte[] bytes(int number) {
        return ("<" + number + ">").getBytes(UTF_8);
    }

    private @Nullable Integer find(int number) {
        byte[] message = ("ab<" + number + ">").getBytes(UTF_8);
        return parts.find(new Message(message, 0, message.length), 2);
    }

    @Test
    void theLastSixtyFourAreKnownHoweverManyThereWere() {
        for (int i = 0; i < 1_000; i++) {
            parts.learn(bytes(i), i);
            assertEquals(i, find(i));
        }
        IntStream.range(0, 936).forEach(i -> assertNull(find(i)));
        IntStream.range(936, 1_000).forEach(i -> assertEquals(i, find(i)));
    }
}

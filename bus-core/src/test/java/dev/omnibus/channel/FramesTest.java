package dev.omnibus.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FramesTest {

    @Test
    void aSingleMessageIsItsOwnFrame() {
        byte[] message = bytes("{\"a\":1}");
        assertArrayEquals(message, Frames.join(List.of(message)));
        assertEquals(List.of("{\"a\":1}"), texts("{\"a\":1}"));
    }

    @Test
    void severalMessagesBecomeAnArrayAndComeApartAgain() {
        byte[] frame = Frames.join(List.of(bytes("{\"a\":1}"), bytes("{}"), bytes("{\"b\":[1,2]}")));
        assertEquals("[{\"a\":1},{},{\"b\":[1,2]}]", new String(frame, StandardCharsets.UTF_8));
        assertNull(Frames.split(frame).problem());
        assertEquals(List.of("{\"a\":1}", "{}", "{\"b\":[1,2]}"), texts(new String(frame, StandardCharsets.UTF_8)));
    }

    @Test
    void bracketsAndQuotesInsideStringsAreNoBorders() {
        List<String> messages = List.of("{\"a\":\"}],{[\\\"\"}", "{\"\\\\\":\"\\\\\"}", "{\"c\":\"[[[{\"}");
        String frame = "[" + String.join(",", messages) + "]";
        assertNull(Frames.split(bytes(frame)).problem());
        assertEquals(messages, texts(frame));
    }

    @Test
    void whitespaceBetweenElementsIsSkipped() {
        String frame = " \n[ {\"a\":1}\t,\r\n{\"b\":2} ] \n";
        assertNull(Frames.split(bytes(frame)).problem());
        assertEquals(List.of("{\"a\":1}", "{\"b\":2}"), texts(frame));
    }

    @Test
    void oneBadElementKeepsItsNeighbours() {
        String frame = "[{\"a\":1},{nonsense: [1,},{\"b\":2}]";
        assertEquals(3, texts("[{\"a\":1},{nonsense},{\"b\":2}]").size());
        assertEquals("{\"a\":1}", texts(frame).get(0));
        assertEquals(List.of("{\"a\":1}", "17", "\"text\"", "{\"b\":2}"), texts("[{\"a\":1},17,\"text\",{\"b\":2}]"));
    }

    @Test
    void whatIsNoFrameIsSaidToBeNone() {
        assertEquals("is empty", Frames.split(bytes("")).problem());
        assertEquals("is empty", Frames.split(bytes("  \n")).problem());
        assertEquals("is an empty array", Frames.split(bytes("[ ]")).problem());
        assertEquals("begins with neither { nor [", Frames.split(bytes("hello")).problem());
        assertEquals("ends inside an object", Frames.split(bytes("{\"a\":")).problem());
        assertEquals("ends inside an element", Frames.split(bytes("[{\"a\":")).problem());
        assertEquals("ends inside its array", Frames.split(bytes("[{},")).problem());
        assertEquals("goes on after its object", Frames.split(bytes("{}{}")).problem());
        assertEquals("goes on after its array", Frames.split(bytes("[{}]x")).problem());
        assertEquals(
                "has no comma between two elements",
                Frames.split(bytes("[{}{}]")).problem());
    }

    @Test
    void whatCameBeforeTheProblemStillCounts() {
        assertEquals(List.of("{\"a\":1}", "{\"b\":2}"), texts("[{\"a\":1},{\"b\":2},{\"c"));
        assertEquals(List.of("{\"a\":1}"), texts("{\"a\":1} and more"));
    }

    @Test
    void aFrameCutAtAnyByteNeverThrowsAndKeepsItsWholeMessages() {
        byte[] frame = bytes("[{\"a\":\"\\\"}\"},{\"b\":[1,{\"c\":\"ä\"}]}, {\"d\":null}]");
        for (int length = 0; length < frame.length; length++) {
            Frames.Split split = Frames.split(Arrays.copyOf(frame, length));
            assertTrue(split.problem() != null, "cut at " + length);
            assertTrue(split.messages().size() <= 3);
        }
        assertNull(Frames.split(frame).problem());
    }

    @Test
    void randomBytesNeverThrowAndNeverReachOutsideTheFrame() {
        Random random = new Random(20261121);
        byte[] alphabet = bytes("{}[]\",\\: a1\n");
        for (int round = 0; round < 50_000; round++) {
            byte[] frame = new byte[random.nextInt(40)];
            for (int i = 0; i < frame.length; i++) {
                frame[i] = round % 4 == 0 ? (byte) random.nextInt(256) : alphabet[random.nextInt(alphabet.length)];
            }
            for (Message message : Frames.split(frame).messages()) {
                assertTrue(message.offset() >= 0 && message.length() >= 0);
                assertTrue(message.offset() + message.length() <= frame.length);
            }
        }
    }

    @Test
    void aNumberIsWrittenWithLeadingZeros() {
        byte[] message = bytes("{\"n\":\"......\"}");
        Frames.number(message, 6, 6, 1234);
        assertEquals("{\"n\":\"001234\"}", new String(message, StandardCharsets.UTF_8));
    }

    private static List<String> texts(String frame) {
        return Frames.split(bytes(frame)).messages().stream()
                .map(Message::toString)
                .toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

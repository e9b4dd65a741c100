package dev.omnibus.internal.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FramesTest {

    private static final int MEGABYTE = 1024 * 1024;

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
    void damageNeverTouchesWhatStoodBeforeItAndNeverMakesSplittingThrow() {
        Random random = new Random(7302026);
        for (int round = 0; round < 30_000; round++) {
            List<String> good = new ArrayList<>();
            for (int i = random.nextInt(6); i >= 0; i--) {
                good.add(object(random, 3));
            }
            byte[] frame = Frames.join(good.stream().map(FramesTest::bytes).toList());
            int from = random.nextInt(frame.length);
            byte[] damaged = damage(frame, from, random);

            Frames.Split split = Frames.split(damaged);
            for (Message message : split.messages()) {
                assertTrue(message.offset() >= 0 && message.length() >= 0);
                assertTrue(message.offset() + message.length() <= damaged.length);
            }
            int end = good.size() == 1 ? 0 : 1;
            for (int i = 0; i < good.size(); i++) {
                end += bytes(good.get(i)).length;
                if (end > from) {
                    break;
                }
                assertEquals(good.get(i), split.messages().get(i).toString());
                end++; // the comma
            }
        }
    }

    /** As the splitting is meant, without any haste: every byte is looked at, for each element anew. */
    private static List<List<Integer>> lookedThrough(byte[] frame) {
        List<List<Integer>> elements = new ArrayList<>(); // where each begins, how long it is, and its last border
        int from = 1;
        while (true) {
            while (from < frame.length && " \n\r\t".indexOf(frame[from]) >= 0) {
                from++;
            }
            int depth = 0;
            int border = from;
            boolean text = false;
            int end = from;
            boolean over = false;
            while (end < frame.length && !over) {
                char c = (char) frame[end];
                if (text) {
                    end += c == '\\' ? 1 : 0;
                    text = c != '"';
                } else if (c == '"') {
                    text = true;
                } else if (c == '}' || c == ']' || (c == ',' && depth == 0)) {
                    depth -= c == ',' ? 0 : 1;
                    over = depth <= 0;
                } else if (c == '{' || c == '[' || c == ',') {
                    border = depth == 1 ? end : border;
                    depth += c == ',' ? 0 : 1;
                }
                end += over && (c == ',' || depth < 0) ? 0 : 1;
            }
            if (!over) {
                return elements;
            }
            elements.add(List.of(from, end - from, border - from));
            while (end < frame.length && " \n\r\t".indexOf(frame[end]) >= 0) {
                end++;
            }
            if (end >= frame.length || frame[end] != ',') {
                return elements;
            }
            from = end + 1;
        }
    }

    @Test
    void anyFrameIsSplitAsByLookingAtEveryByte() {
        byte[] letters = bytes("{[,\"}]");
        int frames = 0;
        for (int length = 1; length <= 7; length++) {
            byte[] frame = new byte[length + 1];
            frame[0] = '[';
            for (int all = (int) Math.pow(letters.length, length), which = 0; which < all; which++) {
                for (int i = 0, rest = which; i < length; i++, rest /= letters.length) {
                    frame[i + 1] = letters[rest % letters.length];
                }
                assertSplitAsLookedThrough(frame);
                frames++;
            }
        }
        assertEquals(335_922, frames);
    }

    private static void assertSplitAsLookedThrough(byte[] frame) {
        List<List<Integer>> seen = Frames.split(frame).messages().stream()
                .map(message -> List.of(message.offset(), message.length(), message.lastBorder()))
                .toList();
        if (!(frame.length > 1 && frame[1] == ']')) { // which has no elements
            List<List<Integer>> expected = lookedThrough(frame);
            assertEquals(expected, seen, () -> new String(frame, StandardCharsets.UTF_8));
        }
    }

    @Test
    void elementsThatAreAlikeAreSplitAsByLookingAtEveryByte() {
        Random random = new Random(20261126);
        for (int round = 0; round < 20_000; round++) {
            List<String> alike = new ArrayList<>();
            String one = members(random);
            for (int i = random.nextInt(5); i >= 0; i--) {
                alike.add(one);
                int kept = 1 + random.nextInt(one.length() - 1); // the next one begins so, wherever that is
                int again = random.nextBoolean() ? one.length() : kept + random.nextInt(one.length() - kept);
                String other = random.nextBoolean() ? members(random).substring(1) : String.valueOf(random.nextInt());
                String next = one.substring(0, kept) + other + one.substring(again); // and perhaps ends so
                one = random.nextBoolean() ? next : members(random);
            }
            byte[] frame = bytes("[" + String.join(",", alike) + "]");
            byte[] damaged = random.nextBoolean() ? frame : damage(frame, 1, random);
            if (damaged.length > 2 && " \n\r\t".indexOf(damaged[1]) < 0) {
                assertSplitAsLookedThrough(damaged);
            }
        }
    }

    @Test
    void elementsThatDifferInAnyTwoBytesAreSplitAsByLookingAtEveryByte() {
        byte[] letters = bytes("{}[],\"\\12a ");
        String one = "{\"a\":1,\"b\":\"2\\\"3\",\"c\":[4,{}],\"5\":6}";
        for (int left = 0; left < one.length(); left++) {
            for (int right = left; right < one.length(); right++) {
                for (int which = 0; which < letters.length * letters.length; which++) {
                    byte[] frame = bytes("[" + one + "," + one + "," + one + "]");
                    int second = 1 + one.length() + 1;
                    frame[second + left] = letters[which / letters.length];
                    frame[second + right] = letters[which % letters.length];
                    assertSplitAsLookedThrough(frame);
                }
            }
        }
    }

    @Test
    void elementsAfterTwoThatDifferInDigitsAreSplitAsByLookingAtEveryByte() {
        byte[] letters = bytes("{}[],\"\\7a ");
        for (int members = 0; members < 20; members++) { // of which the first sixteen are remembered
            String one = "{\"a\":\"1\"" + ",\"b\":1".repeat(members) + ",\"c\":[\"\\1\",{}],\"d\":1}";
            String second = one.replace('1', '2');
            for (int at = 0; at < one.length(); at++) {
                for (byte letter : letters) {
                    byte[] frame = bytes("[" + one + "," + second + "," + one + "," + second + "]");
                    frame[1 + 2 * (one.length() + 1) + at] = letter;
                    assertSplitAsLookedThrough(frame);
                }
            }
        }
    }

    @Test
    void elementsOfWhichMuchDiffersAreSplitAsByLookingAtEveryByte() {
        for (int digits = 0; digits < 40; digits++) {
            String one = "{\"a\":1,\"b\":" + "1".repeat(digits) + ",\"c\":[1]}";
            String other = "{\"a\":1,\"b\":" + "2".repeat(digits) + ",\"c\":[2]}";
            String open = "{\"a\":1,\"b\":" + "2".repeat(digits) + ",\"c\":1,2}";
            assertSplitAsLookedThrough(bytes("[" + one + "," + other + "," + one + "]"));
            assertSplitAsLookedThrough(bytes("[" + one + "," + open + "," + one + "]"));
            for (int cut = 1; cut < other.length(); cut++) {
                assertSplitAsLookedThrough(bytes("[" + one + "," + other.substring(0, cut)));
            }
        }
    }

    @Test
    void valuesThatAreNoObjectsAreSplitAsByLookingAtEveryByte() {
        for (String frame : List.of(
                "[1,23,4]",
                "[12,34]",
                "[12,345,6",
                "[1{,},2{,},3{,}]",
                "[\"1,\",\"2,\",3]",
                "[1{,},17]",
                "[[1,2],[3,4],[5,67]]",
                "[{\"a\":1,\"b\":1},17,{\"a\":2,\"b\":2}]")) {
            assertSplitAsLookedThrough(bytes(frame));
        }
    }

    /** An object with up to forty members. */
    private static String members(Random random) {
        StringBuilder text = new StringBuilder("{\"a\":1");
        for (int i = random.nextInt(40); i > 0; i--) {
            text.append(",\"m").append(random.nextInt(3)).append("\":").append(object(random, 1));
        }
        return text.append('}').toString();
    }

    @Test
    void theLastValueIsFoundByTheBordersSeenWhenSplittingAsByLookingForThem() {
        Random random = new Random(20261125);
        int value = "{\"k\":".length();
        for (int round = 0; round < 30_000; round++) {
            byte[] good = bytes(object(random, 3));
            Message whole = Frames.split(good).messages().get(0);
            assertEquals(good.length - value - 1, whole.lastValue(value).length());

            byte[] damaged = damage(good, value, random);
            for (Message seen : Frames.split(damaged).messages()) {
                if (seen.length() > value) {
                    Message found = seen.lastValue(value);
                    Message lookedFor = new Message(damaged, seen.offset(), seen.length()).lastValue(value);
                    assertTrue(found.length() == 0 || found.equals(lookedFor), seen::toString);
                }
            }
        }
    }

    /** The bytes before that offset stay; there and behind it, some are replaced, left out, repeated or added. */
    private static byte[] damage(byte[] frame, int from, Random random) {
        byte[] hostile = bytes("{}[]\",\\:\u0000ä1");
        byte[] junk = new byte[random.nextInt(20)];
        for (int i = 0; i < junk.length; i++) {
            junk[i] = random.nextBoolean() ? (byte) random.nextInt(256) : hostile[random.nextInt(hostile.length)];
        }
        int again = random.nextInt(frame.length - from + 1) + from;
        byte[] damaged = Arrays.copyOf(frame, from + junk.length + frame.length - again);
        System.arraycopy(junk, 0, damaged, from, junk.length);
        System.arraycopy(frame, again, damaged, from + junk.length, frame.length - again);
        return damaged;
    }

    private static String object(Random random, int depth) {
        StringBuilder text = new StringBuilder("{\"k\":");
        switch (random.nextInt(depth == 0 ? 2 : 4)) {
            case 0 -> text.append(random.nextInt());
            case 1 -> text.append("\"}],{[\\\"ä\\\\\"");
            case 2 -> text.append(object(random, depth - 1));
            default ->
                text.append('[')
                        .append(object(random, depth - 1))
                        .append(',')
                        .append(object(random, depth - 1))
                        .append(']');
        }
        return text.append('}').toString();
    }

    @Test
    void aMegabyteOfAnyByteIsSplitAtOnce() {
        List<byte[]> frames = new ArrayList<>();
        for (String start : List.of("", "[", "{", "[\"", "{\"", "[{", "[{\"", "[[", "[1,", "[{},")) {
            for (String filling : List.of("[", "{", "]", "}", "\"", "\\", ",", " ", "1", "{}", "[]", "{},", "\\\"")) {
                frames.add(bytes(start + filling.repeat(MEGABYTE / filling.length())));
            }
            byte[] broken = new byte[MEGABYTE];
            Arrays.fill(broken, (byte) 0xED); // the beginning of a surrogate, never its end
            System.arraycopy(bytes(start), 0, broken, 0, start.length());
            frames.add(broken);
        }
        // 140 frames of 1 MiB: a second for what is linear; for what is not, one of them takes longer
        assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> frames.forEach(frame -> {
                    Frames.Split split = Frames.split(frame);
                    assertTrue(split.problem() != null || !split.messages().isEmpty());
                }));
    }

    @Test
    void aNumberIsWrittenWithLeadingZeros() {
        byte[] message = bytes("{\"n\":\"......\"}");
        Digits.put(message, 6, 6, 1234);
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

    @Test
    void whatGoesBeyondTheMostMessagesOfAFrameIsNotRead() {
        for (String element : List.of("{}", "0", "")) {
            Frames.Split split =
                    Frames.split(("[" + (element + ",").repeat(100_000) + "{}]").getBytes(StandardCharsets.UTF_8));
            assertEquals(512, split.messages().size());
            assertEquals("has more than 512 elements", split.problem());
        }
    }
}

package dev.omnibus.internal.channel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The codec of frames: joins messages to frames, and splits frames into messages.
 *
 * <p>A frame is one JSON object, or a JSON array of them. Splitting only finds the borders of the elements: it follows
 * braces, brackets and strings and reads nothing inside them. So one bad element does not take its neighbours with it,
 * as long as its own brackets are balanced, and no element is parsed twice.
 */
public final class Frames {

    /** A frame with more would flood its reader with elements of a byte or two. */
    static final int MAX_MESSAGES = 512;

    private Frames() {}

    /** The messages of a frame, up to the problem, if there is one. */
    public record Split(List<Message> messages, @Nullable String problem) {}

    /** Joins messages to one frame. A single message is its own frame. */
    public static byte[] join(List<byte[]> messages) {
        if (messages.size() == 1) {
            return messages.get(0);
        }
        int length = 1 + messages.size();
        for (byte[] message : messages) {
            length += message.length;
        }
        byte[] frame = new byte[length];
        int at = 0;
        frame[at++] = '[';
        for (byte[] message : messages) {
            System.arraycopy(message, 0, frame, at, message.length);
            at += message.length;
            frame[at++] = ',';
        }
        frame[at - 1] = ']';
        return frame;
    }

    /** Whether a frame is a single message, by its first byte. */
    static boolean isOneMessage(byte[] frame) {
        return frame.length > 0 && frame[0] == '{';
    }

    /** Splits a frame. Where it is malformed, the messages before that point still count. */
    public static Split split(byte[] frame) {
        int at = skipSpace(frame, 0);
        if (at == frame.length) {
            return bad(List.of(), "is empty");
        }
        if (frame[at] == '{') {
            Element element = new Element(frame, frame.length);
            int end = element.endFrom(at);
            if (end < 0) {
                return bad(List.of(), "ends inside an object");
            }
            Message only = element.message();
            return skipSpace(frame, end) == frame.length
                    ? new Split(List.of(only), null)
                    : bad(List.of(only), "goes on after its object");
        }
        if (frame[at] != '[') {
            return bad(List.of(), "begins with neither { nor [");
        }
        return splitArray(frame, at + 1);
    }

    private static Split splitArray(byte[] frame, int from) {
        List<Message> messages = new ArrayList<>();
        Element element = new Element(frame, frame.length);
        int at = skipSpace(frame, from);
        if (at < frame.length && frame[at] == ']') {
            return bad(messages, "is an empty array");
        }
        while (at < frame.length) {
            if (messages.size() == MAX_MESSAGES) {
                return bad(messages, "has more than " + MAX_MESSAGES + " elements");
            }
            int end = element.endFrom(at);
            if (end < 0) {
                return bad(messages, "ends inside an element");
            }
            messages.add(element.message());
            at = skipSpace(frame, end);
            if (at == frame.length) {
                break;
            }
            if (frame[at] == ']') {
                return skipSpace(frame, at + 1) == frame.length
                        ? new Split(messages, null)
                        : bad(messages, "goes on after its array");
            }
            if (frame[at] != ',') {
                return bad(messages, "has no comma between two elements");
            }
            at = skipSpace(frame, at + 1);
        }
        return bad(messages, "ends inside its array");
    }

    private static Split bad(List<Message> messages, String problem) {
        return new Split(messages, problem);
    }

    /** Whether the bytes between two offsets are one element by their borders. */
    static boolean isOneElement(byte[] bytes, int start, int end) {
        return new Element(bytes, end + 1).endFrom(start) == end;
    }

    /**
     * A scanner for the borders of one element after the other. Those of one frame often differ in digits only, which
     * are never borders, whatever surrounds them. So an element is compared with the one before it, and scanned only
     * from the last member that begins before they differ in anything else; often not at all.
     */
    private static final class Element {

        private static final int MAX_MEMBERS = 16;
        private static final int MAX_DIFFERENCES = 16; // with that many numbers, scanning is quicker

        private final byte[] frame;
        private final int length;
        private final int[] members = new int[MAX_MEMBERS]; // where they begin, at their comma, counted from start
        private int known; // of them
        private int start;
        private int end;
        private int lastBorder;

        Element(byte[] frame, int length) {
            this.frame = frame;
            this.length = length;
        }

        Message message() {
            return new Message(frame, start, end - start, lastBorder - start);
        }

        /** The offset after the element that begins here, or -1 if the bytes end first. */
        int endFrom(int from) {
            int alike = known == 0 ? 0 : alike(from); // an element with members ends at a bracket, whatever follows
            if (alike == 0 || alike < end - start) {
                return scan(from, lastMember(alike));
            }
            lastBorder += from - start;
            end += from - start;
            start = from;
            return end;
        }

        /** For how many bytes this element has the borders of the one before it. */
        private int alike(int from) {
            int longest = Math.min(end - start, length - from);
            int same = 0;
            for (int left = MAX_DIFFERENCES; left > 0; left--) {
                int next = Arrays.mismatch(frame, start + same, start + longest, frame, from + same, from + longest);
                if (next < 0) {
                    return longest;
                }
                same += next;
                int digits = same;
                while (same < longest && Message.isDigit(frame[start + same]) && Message.isDigit(frame[from + same])) {
                    same++;
                }
                if (same == digits || same == longest) {
                    return same;
                }
            }
            return same;
        }

        /** Where the last member before an offset begins; it is forgotten, because it is met again. */
        private int lastMember(int before) {
            while (known > 0 && members[known - 1] >= before) {
                known--;
            }
            return known == 0 ? 0 : members[--known];
        }

        private void remember(int comma) {
            if (known < MAX_MEMBERS) {
                members[known++] = comma;
            }
        }

        private int scan(int from, int member) {
            int depth = member == 0 ? 0 : 1;
            int border = from + member;
            int behind = -1;
            start = from;
            for (int i = border; i < length && behind < 0; i++) {
                switch (frame[i]) {
                    case '"' -> {
                        i = endOfString(frame, i, length);
                        if (i < 0) {
                            return -1;
                        }
                    }
                    case '{', '[' -> {
                        border = depth == 1 ? i : border;
                        depth++;
                    }
                    case '}', ']' -> {
                        depth--;
                        behind = depth < 0 ? i : depth == 0 ? i + 1 : -1; // the array's own end, behind a bare value
                    }
                    case ',' -> {
                        if (depth == 1) {
                            border = i;
                            remember(i - from);
                        }
                        behind = depth == 0 ? i : -1; // behind a bare value
                    }
                    default -> {}
                }
            }
            end = behind;
            lastBorder = border;
            return behind;
        }
    }

    /** The offset of the closing quote, or -1. */
    private static int endOfString(byte[] frame, int quote, int end) {
        for (int i = quote + 1; i < end; i++) {
            if (frame[i] == '"') {
                return i;
            }
            if (frame[i] == '\\') {
                i++;
            }
        }
        return -1;
    }

    private static int skipSpace(byte[] frame, int from) {
        int at = from;
        while (at < frame.length && (frame[at] == ' ' || frame[at] == '\n' || frame[at] == '\r' || frame[at] == '\t')) {
            at++;
        }
        return at;
    }
}

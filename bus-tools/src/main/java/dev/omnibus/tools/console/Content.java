package dev.omnibus.tools.console;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.watch.Seen;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A view of the content of messages that has what may be shown, and no more of it than a page can bear: a preview for
 * each line, and the whole message for the one that is opened. Thread-safe.
 */
final class Content {

    /** What a line has of a message. */
    static final int PREVIEW_CHARS = 400;

    /** A message that is larger is not read to preview it. */
    private static final int MAX_READ = 64 * 1024;

    /** What an opened message has at most: beyond that no page shows it, nor anybody reads it. */
    private static final int MAX_WHOLE = 256 * 1024;

    private static final String HIDDEN = "\u2022\u2022\u2022";

    private final ObjectMapper json;
    private final List<JsonPointer> masked;
    private final boolean bodies;

    Content(ObjectMapper json, ConsoleOptions options) {
        this.json = json;
        masked = options.masked();
        bodies = options.bodies();
    }

    /** The beginning of what the message is about: its data, params or result. */
    String preview(Seen seen) {
        if (!bodies) {
            return "";
        }
        if (seen.bytes() > MAX_READ) {
            return masked.isEmpty() ? text(seen.json(), PREVIEW_CHARS) : "";
        }
        return tree(seen).map(whole -> cut(compact(core(whole, seen.kind())))).orElse("");
    }

    private static JsonNode core(JsonNode whole, Seen.Kind kind) {
        return switch (kind) {
            case EVENT, MARKER -> whole.path("data");
            case REQUEST, CANCEL, PRESENCE, HEARTBEAT -> whole.path("params");
            case REPLY -> whole.has("error") ? whole.path("error") : whole.path("result");
            case BAD -> whole;
        };
    }

    /** The message itself. */
    void whole(Seen seen, ObjectNode into) {
        into.put("bytes", seen.bytes());
        if (!bodies) {
            into.put("text", "").put("hidden", true);
        } else if (masked.isEmpty()) {
            into.put("text", text(seen.json(), MAX_WHOLE)).put("cut", seen.bytes() > MAX_WHOLE);
        } else {
            String text = tree(seen).map(this::compact).orElse("");
            boolean cut = text.length() > MAX_WHOLE;
            into.put("text", cut ? text.substring(0, MAX_WHOLE) : text).put("cut", cut);
        }
    }

    /** The value at a pointer, as it may be shown. */
    String valueAt(Seen seen, JsonPointer pointer) {
        return !bodies
                ? ""
                : tree(seen)
                        .map(whole -> whole.at(pointer))
                        .map(value -> value.isValueNode() ? value.asText() : compact(value))
                        .orElse("");
    }

    /** The message with its secrets hidden; empty if it cannot be read, for then it cannot be known what is one. */
    private Optional<JsonNode> tree(Seen seen) {
        try {
            JsonNode whole = json.readTree(seen.json());
            masked.forEach(pointer -> hide(whole, pointer));
            return Optional.of(whole);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void hide(JsonNode whole, JsonPointer pointer) {
        if (whole.at(pointer.head()) instanceof ObjectNode object && object.has(property(pointer))) {
            object.put(property(pointer), HIDDEN);
        }
    }

    private static String property(JsonPointer pointer) {
        return pointer.last().getMatchingProperty();
    }

    private static String text(byte[] bytes, int limit) {
        if (bytes.length <= limit) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        int end = limit;
        while (end > 0 && (bytes[end] & 0xC0) == 0x80) { // not within a character
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    private static String cut(String text) {
        return text.length() <= PREVIEW_CHARS ? text : text.substring(0, PREVIEW_CHARS);
    }

    private String compact(JsonNode value) {
        try {
            return value.isMissingNode() ? "" : json.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tree can always be written", e);
        }
    }
}

package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The params of a request, and the meta that a caller who can only choose params may have put among them as
 * {@code _meta}. It is no argument, so it is blanked out of a copy of the params.
 *
 * @param meta null if there is none
 */
record MetaInParams(Message params, @Nullable Message meta) {

    private static final String NAME = "_meta";

    /** Reads the params at which the parser stands. */
    static MetaInParams read(JsonParser parser, Message message) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            return new MetaInParams(Json.slice(parser, message), null);
        }
        int start = at(parser.currentTokenLocation(), message);
        int end = start; // of the member before
        boolean kept = false; // one of the members before
        byte[] copy = null;
        Message meta = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            int name = at(parser.currentTokenLocation(), message);
            if (copy != null && !kept) {
                blank(copy, end - start, name - start); // the comma behind it
            }
            boolean isMeta = NAME.equals(parser.currentName());
            parser.nextToken();
            Message value = Json.slice(parser, message);
            int before = kept ? end : name; // with the comma before it
            end = value.offset() + value.length();
            if (isMeta) {
                meta = value;
                copy = copy == null
                        ? Arrays.copyOfRange(message.bytes(), start, message.offset() + message.length())
                        : copy;
                blank(copy, before - start, end - start);
            }
            kept |= !isMeta;
        }
        int length = at(parser.currentLocation(), message) - start;
        Message params = copy == null ? new Message(message.bytes(), start, length) : new Message(copy, 0, length);
        return new MetaInParams(params, meta);
    }

    private static void blank(byte[] copy, int from, int to) {
        Arrays.fill(copy, from, to, (byte) ' ');
    }

    boolean isObject() {
        return meta != null && meta.bytes()[meta.offset()] == '{';
    }

    private static int at(JsonLocation location, Message message) {
        return message.offset() + (int) location.getByteOffset();
    }
}

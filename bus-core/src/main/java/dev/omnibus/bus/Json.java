package dev.omnibus.bus;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import com.fasterxml.jackson.databind.util.LRUMap;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.omnibus.channel.Message;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How JSON is read and written: strict where a sender could do harm, lenient where a newer one knows more. Public for
 * layers, which have envelopes of their own to read. Thread-safe.
 */
public final class Json {

    private static final int DEPTH = 64;
    private static final int NUMBER_DIGITS = 100;
    private static final int NAME_LENGTH = 256;

    /** What the tests run with: older ones lack methods that this and the layer of calls use. */
    private static final Version LEAST_JACKSON = new Version(2, 19, 0, null, null, null);

    private Json() {}

    /** A copy of the user's mapper, or of a plain one, that refuses what no honest sender writes. */
    static ObjectMapper mapper(@Nullable ObjectMapper users, int messageLimit) {
        requireJackson(new JsonFactory().version(), new ObjectMapper().version());
        return strict(
                users == null
                        ? JsonMapper.builder()
                                .addModule(new JavaTimeModule())
                                .addModule(new Jdk8Module())
                                .build()
                        : users,
                messageLimit);
    }

    /**
     * What an older one does not have, or not together with the other one, would be met later: as an error of linking.
     */
    static void requireJackson(Version core, Version databind) {
        if (databind.compareTo(LEAST_JACKSON) < 0 || core.getMinorVersion() < databind.getMinorVersion()) {
            throw new IllegalStateException("The bus needs Jackson " + LEAST_JACKSON
                    + " or later, with all of its parts of one version; found jackson-core " + core
                    + " and jackson-databind " + databind
                    + ". Import com.fasterxml.jackson:jackson-bom, or with Spring Boot set jackson-bom.version");
        }
    }

    @SuppressWarnings("deprecation") // of JsonFactory.disable: there is no builder for a factory that has a mapper
    private static ObjectMapper strict(ObjectMapper users, int messageLimit) {
        StreamReadConstraints constraints = StreamReadConstraints.builder()
                .maxNestingDepth(DEPTH)
                .maxNumberLength(NUMBER_DIGITS)
                .maxNameLength(NAME_LENGTH)
                .maxStringLength(messageLimit)
                .maxDocumentLength(messageLimit)
                .build();
        ObjectMapper strict = users.copy(); // not copyWith(factory), which a JsonMapper does not support
        JsonFactory factory = strict.getFactory();
        factory.setStreamReadConstraints(constraints);
        factory.disable(JsonFactory.Feature.CHARSET_DETECTION); // the wire is UTF-8; UTF-16 has no byte offsets
        strict.setTypeFactory(strict.getTypeFactory().withCache(new LRUMap<>(16, 1_000))); // goes with the bus
        strict.deactivateDefaultTyping(); // a sender shall not choose classes; the empty list below allows none
        strict.setPolymorphicTypeValidator(
                BasicPolymorphicTypeValidator.builder().build());
        return strict.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES) // a newer publisher may know more
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);
    }

    /**
     * The bytes of a value inside a message, unread.
     *
     * @param parser stands at the value; afterwards at its end
     * @param message what the parser reads
     * @return the value's bytes
     * @throws IOException if the value is not JSON
     */
    public static Message slice(JsonParser parser, Message message) throws IOException {
        int from = message.offset() + (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        int to = message.offset() + (int) parser.currentLocation().getByteOffset();
        return new Message(message.bytes(), from, to - from);
    }

    /**
     * What is wrong with JSON, in words that quote nothing of it, because they end up in logs.
     *
     * @param e what reading or writing it threw
     * @return the problem, without a full stop
     */
    public static String problem(Throwable e) {
        if (e instanceof StreamConstraintsException tooMuch) {
            return "it exceeds a limit: " + tooMuch.getOriginalMessage(); // which has numbers only
        }
        if (e instanceof JsonMappingException misfit) {
            return "it does not fit at " + path(misfit);
        }
        if (e instanceof JsonProcessingException malformed) {
            long at = malformed.getLocation() == null
                    ? -1
                    : malformed.getLocation().getByteOffset();
            return at < 0 ? "it is not JSON" : "it is not JSON from byte " + at + " on";
        }
        if (e instanceof IOException ours) {
            return String.valueOf(ours.getMessage());
        }
        return "reading it failed with " + e.getClass().getName(); // its message may quote anything
    }

    /** Where the misfit is; keys of maps are data, and stay out. */
    private static String path(JsonMappingException misfit) {
        StringBuilder path = new StringBuilder("$");
        for (JsonMappingException.Reference step : misfit.getPath()) {
            boolean property = step.getFieldName() != null && !(step.getFrom() instanceof Map);
            path.append(
                    property ? "." + step.getFieldName() : step.getIndex() < 0 ? ".*" : "[" + step.getIndex() + "]");
        }
        return path.toString();
    }

    /**
     * A text as a JSON string.
     *
     * @param text any text
     * @return the same in quotes, with what must be escaped
     */
    public static String quoted(String text) {
        return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }
}

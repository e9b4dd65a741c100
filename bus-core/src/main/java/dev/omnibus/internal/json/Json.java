package dev.omnibus.internal.json;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerationException;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.util.BufferRecycler;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.cfg.MapperConfig;
import com.fasterxml.jackson.databind.jsontype.PolymorphicTypeValidator;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.ser.std.StdScalarSerializer;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.databind.util.LRUMap;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.omnibus.internal.channel.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The JSON facade: strict where a sender could do harm, lenient where a newer one knows more. Public for layers, which
 * have envelopes of their own to read. Thread-safe.
 */
public final class Json {

    /** The maximum nesting depth of a value; arguments include the array around them. */
    static final int DEPTH = 64;

    /**
     * The maximum number of digits, including those of the exponent: enough for RSA keys of 16,384 bits, and read in
     * half a millisecond.
     */
    static final int NUMBER_DIGITS = 5_000;

    /** The largest exponent, which bounds the digits that a number has as an integer. */
    static final int LARGEST_EXPONENT = 1_000;

    static final int EXPONENT_DIGITS = 4;

    /** The maximum length of the name of a member or the key of a map, in characters. */
    static final int NAME_LENGTH = 1_024;

    private static final int MAX_BYTES_OF_A_CHARACTER = 3;

    /**
     * A factory without limits on values, which apply when those are read; the depth bounds the parser's own memory.
     */
    private static final JsonFactory ENVELOPES = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(1_000)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(NAME_LENGTH * MAX_BYTES_OF_A_CHARACTER) // names are cached
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .disable(JsonFactory.Feature.CHARSET_DETECTION) // the wire is UTF-8; UTF-16 has no byte offsets
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private static final Pattern NAMES_OF_LIMITS = Pattern.compile("(\\d+), from .*");
    private static final int MAX_CAUSES = 20;

    /** The oldest version that the tests run with: older ones lack methods that this and the RPC layer use. */
    private static final Version MIN_JACKSON = new Version(2, 19, 0, null, null, null);

    private Json() {}

    /** Returns a copy of the user's mapper, or a default one, that refuses what no honest sender writes. */
    public static ObjectMapper mapper(@Nullable ObjectMapper users, int messageLimit) {
        return mapper(users, messageLimit, Runnable::run).join();
    }

    /**
     * Returns the same later if it is the default one, for which a cold JVM needs about as long as for a connection to
     * Redis. What does not fit is thrown at once.
     *
     * @param executor makes it
     */
    public static CompletableFuture<ObjectMapper> mapper(
            @Nullable ObjectMapper users, int messageLimit, Executor executor) {
        requireJackson(
                com.fasterxml.jackson.core.json.PackageVersion.VERSION,
                com.fasterxml.jackson.databind.cfg.PackageVersion.VERSION);
        return users == null
                ? CompletableFuture.supplyAsync(() -> bounded(plain(), messageLimit), executor)
                : CompletableFuture.completedFuture(bounded(users.copy(), messageLimit));
    }

    /** Fails early if Jackson is too old or its modules do not match, which would surface later as a linkage error. */
    static void requireJackson(Version core, Version databind) {
        if (isOlder(databind, MIN_JACKSON) || isOlder(core, databind)) {
            throw new IllegalStateException("The bus needs Jackson " + MIN_JACKSON
                    + " or later, with all modules of the same version; found jackson-core " + core
                    + " and jackson-databind " + databind
                    + ". Import com.fasterxml.jackson:jackson-bom, or with Spring Boot set jackson-bom.version");
        }
    }

    /**
     * Compares major and minor versions; {@link Version#compareTo} would compare the names of the artifacts first, and
     * the patch level does not matter.
     */
    private static boolean isOlder(Version one, Version than) {
        return one.getMajorVersion() < than.getMajorVersion()
                || (one.getMajorVersion() == than.getMajorVersion() && one.getMinorVersion() < than.getMinorVersion());
    }

    /**
     * Creates the default mapper, which is exact and interoperable: nothing is silently rounded, truncated or moved to
     * another zone.
     */
    private static ObjectMapper plain() {
        ObjectMapper plain = new ObjectMapper(new JsonFactory(), null, new BoundedContext());
        plain.registerModules(new JavaTimeModule(), new Jdk8Module())
                .registerModule(new SimpleModule("omnibus")
                        .setDeserializerModifier(new AbsentPrimitives())
                        .addSerializer(Path.class, new Paths()))
                .registerModule(BoundedScalars.module())
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .disable(DeserializationFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
                .enable(SerializationFeature.WRITE_DATES_WITH_ZONE_ID)
                .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS);
        for (LogicalType number : List.of(LogicalType.Integer, LogicalType.Float, LogicalType.Boolean)) {
            plain.coercionConfigFor(number)
                    .setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
        }
        plain.coercionConfigFor(LogicalType.Boolean).setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
        return plain;
    }

    /** Keeps relative paths relative; Jackson resolves them against the working directory of the writer. */
    private static final class Paths extends StdScalarSerializer<Path> {

        private static final long serialVersionUID = 1L;

        Paths() {
            super(Path.class);
        }

        @Override
        public void serialize(Path path, JsonGenerator out, SerializerProvider provider) throws IOException {
            String text = path.isAbsolute() ? path.toUri().toString() : path.toString();
            if (!path.isAbsolute() && text.indexOf(':') >= 0) {
                throw new Unwritable("a relative path in it has a colon, and would be read as a URI", out);
            }
            out.writeString(text);
        }
    }

    /**
     * Returns the maximum size of a document.
     *
     * @param bounded a mapper of a bus
     * @return bytes
     */
    public static long maxBytes(ObjectMapper bounded) {
        return bounded.getFactory().streamReadConstraints().getMaxDocumentLength();
    }

    /**
     * Applies what the wire requires of any mapper: limits, no output that could not be read again, and leniency
     * towards newer senders. Everything else is up to the program.
     */
    @SuppressWarnings("deprecation") // of JsonFactory.disable: there is no builder for a factory that has a mapper
    private static ObjectMapper bounded(ObjectMapper copy, int messageLimit) {
        JsonFactory factory = copy.getFactory(); // not copyWith(factory), which a JsonMapper does not support
        factory.setStreamReadConstraints(StreamReadConstraints.builder()
                .maxNestingDepth(DEPTH)
                .maxNumberLength(NUMBER_DIGITS)
                .maxNameLength(NAME_LENGTH * MAX_BYTES_OF_A_CHARACTER)
                .maxStringLength(messageLimit)
                .maxDocumentLength(messageLimit)
                .build());
        factory.setStreamWriteConstraints(
                StreamWriteConstraints.builder().maxNestingDepth(DEPTH).build());
        factory.disable(JsonFactory.Feature.CHARSET_DETECTION);
        factory.disable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION); // BoundedParser does it at lower cost
        factory.enable(JsonGenerator.Feature.QUOTE_FIELD_NAMES);
        factory.enable(JsonGenerator.Feature.QUOTE_NON_NUMERIC_NUMBERS);
        copy.deactivateDefaultTyping(); // a sender must not choose classes
        copy.setPolymorphicTypeValidator(new OnlyDeduced());
        copy.setTypeFactory(copy.getTypeFactory().withCache(new LRUMap<>(16, 1_000))); // collected with the bus
        copy.setNodeFactory(JsonNodeFactory.withExactBigDecimals(true));
        copy.setSerializerFactory(copy.getSerializerFactory().withSerializerModifier(new MapKeys()));
        copy.registerModule(BoundedCollections.module());
        return copy.configure(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS, true)
                .configure(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES, false)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES) // a newer publisher may send more
                .disable(DeserializationFeature.UNWRAP_ROOT_VALUE)
                .disable(SerializationFeature.WRAP_ROOT_VALUE)
                .disable(SerializationFeature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED)
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);
    }

    /**
     * Denies all classes named on the wire. A class that is deduced from fields is one of a list, and named only
     * internally.
     */
    private static final class OnlyDeduced extends PolymorphicTypeValidator.Base {

        private static final long serialVersionUID = 1L;

        @Override
        public Validity validateSubType(MapperConfig<?> config, JavaType base, JavaType subtype) {
            JsonTypeInfo.Value info = config.getAnnotationIntrospector()
                    .findPolymorphicTypeInfo(
                            config, config.introspectClassAnnotations(base).getClassInfo());
            return info != null && info.getIdType() == JsonTypeInfo.Id.DEDUCTION ? Validity.ALLOWED : Validity.DENIED;
        }
    }

    /**
     * Checks that a mapper writes JSON at all.
     *
     * @throws IllegalArgumentException if it writes another format
     */
    public static ObjectMapper required(ObjectMapper users) {
        String format = users.getFactory().getFormatName();
        if (!JsonFactory.FORMAT_NAME_JSON.equals(format)) {
            throw new IllegalArgumentException("A mapper that writes " + format + " does not fit: the bus sends JSON;"
                    + " for payloads in another format use payloads(PayloadCodec)");
        }
        return users;
    }

    /**
     * Returns a parser for the envelope of a message, to be used with {@link #slice}: values are checked, and limits
     * applied to them, only when they are read.
     *
     * @param message the message
     * @return the parser
     * @throws IOException never
     */
    public static JsonParser envelope(Message message) throws IOException {
        return ENVELOPES.createParser(message.bytes(), message.offset(), message.length());
    }

    /**
     * Returns a parser for a value, which refuses what no honest sender writes.
     *
     * @param json reads JSON
     * @param value the value's bytes
     * @return the parser
     * @throws IOException never
     */
    public static JsonParser parser(ObjectMapper json, Message value) throws IOException {
        return new BoundedParser(json.createParser(value.bytes(), value.offset(), value.length()));
    }

    /**
     * Reads a value, and refuses what no honest sender writes.
     *
     * @param <T> the type of the value
     * @param reader a reader for the type
     * @param value the value's bytes
     * @return the value
     * @throws IOException if it is not JSON, or does not fit
     */
    @SuppressWarnings("TypeParameterUnusedInFormals") // as with Jackson's own
    public static <T extends @Nullable Object> T read(ObjectReader reader, Message value) throws IOException {
        // Closing it returns its buffers and the names that it has cached.
        try (JsonParser parser =
                new BoundedParser(reader.createParser(value.bytes(), value.offset(), value.length()))) {
            return reader.readValue(parser);
        }
    }

    /**
     * Writes a value, and refuses what no reader would accept.
     *
     * @param writer a writer for the type
     * @param value the value, or null
     * @return JSON
     * @throws JsonProcessingException if it cannot be written, or no reader would accept it
     */
    public static byte[] write(ObjectWriter writer, @Nullable Object value) throws JsonProcessingException {
        return write(writer, out -> writer.writeValue(out, value));
    }

    /** Writes several values as one. */
    @FunctionalInterface
    public interface Body {

        /**
         * Writes them.
         *
         * @param out the output
         * @throws IOException if one cannot be written
         */
        void write(JsonGenerator out) throws IOException;
    }

    /**
     * Writes what consists of several values, and refuses what no reader would accept.
     *
     * @param writer a writer for the type
     * @param body writes it
     * @return JSON
     * @throws JsonProcessingException if it cannot be written, or no reader would accept it
     */
    public static byte[] write(ObjectWriter writer, Body body) throws JsonProcessingException {
        BufferRecycler buffers = writer.getFactory()._getBufferRecycler();
        try (ByteArrayBuilder bytes = new ByteArrayBuilder(buffers)) {
            try (JsonGenerator out = bounded(writer, bytes)) {
                body.write(out);
            }
            return bytes.getClearAndRelease();
        } catch (JsonProcessingException e) {
            throw e;
        } catch (IOException e) {
            throw JsonMappingException.fromUnexpectedIOE(e);
        } finally {
            buffers.releaseToPool();
        }
    }

    private static JsonGenerator bounded(ObjectWriter writer, ByteArrayBuilder bytes) throws IOException {
        return new BoundedGenerator(writer.createGenerator(bytes, JsonEncoding.UTF8), writer.getFactory());
    }

    /** Thrown for a value that could not be read again; its message quotes nothing of the value. */
    static final class Unwritable extends JsonGenerationException {

        private static final long serialVersionUID = 1L;

        Unwritable(String problem, JsonGenerator out) {
            super(problem, out);
        }
    }

    /**
     * Returns the bytes of a value inside a message, without reading it.
     *
     * @param parser positioned at the value; afterwards at its end
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
     * Describes what is wrong with JSON without quoting any of it, because the description ends up in logs.
     *
     * @param e what reading or writing it threw
     * @return the problem, without a full stop
     */
    public static String problem(Throwable e) {
        StreamConstraintsException tooMuch = causeOf(e, StreamConstraintsException.class);
        if (tooMuch != null) { // its message has only numbers, and after a comma Jackson's name of the limit
            return "it exceeds a limit: "
                    + NAMES_OF_LIMITS.matcher(tooMuch.getOriginalMessage()).replaceAll("$1)");
        }
        Unwritable refused = causeOf(e, Unwritable.class);
        if (refused != null) {
            return refused.getOriginalMessage();
        }
        Error broken = causeOf(e, Error.class);
        if (broken != null) {
            return "reading it failed with " + broken.getClass().getName(); // its message may quote anything
        }
        JsonParseException malformed = causeOf(e, JsonParseException.class);
        if (malformed != null) {
            boolean twice = BoundedParser.TWICE.equals(malformed.getOriginalMessage());
            long at = malformed.getLocation() == null
                    ? -1
                    : malformed.getLocation().getByteOffset();
            String what = twice ? BoundedParser.TWICE : "it is not JSON";
            return at < 0 ? what : what + ", from byte " + at + " on";
        }
        if (e instanceof JsonProcessingException misfit) {
            return "it does not fit at " + path(misfit);
        }
        if (e instanceof IOException ours) {
            return String.valueOf(ours.getMessage());
        }
        return "reading it failed with " + e.getClass().getName();
    }

    /**
     * Describes why something cannot be written, for its author.
     *
     * @param e what writing it threw
     * @return the problem, without a full stop
     */
    public static String unwritable(JsonProcessingException e) {
        return isUnreadable(e) ? problem(e) : e.getOriginalMessage();
    }

    /**
     * Returns whether something was not written because no reader would accept it.
     *
     * @param e what writing it threw
     * @return true if {@link #problem} says why
     */
    public static boolean isUnreadable(Throwable e) {
        return e instanceof JsonProcessingException
                && (causeOf(e, StreamConstraintsException.class) != null || causeOf(e, Unwritable.class) != null);
    }

    /**
     * Finds an exception of a kind among an exception and its causes.
     *
     * @param e the exception
     * @param kind the kind
     * @param <X> the kind
     * @return the first one; null if there is none
     */
    public static <X extends Throwable> @Nullable X causeOf(Throwable e, Class<X> kind) {
        Throwable cause = e;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            if (kind.isInstance(cause)) {
                return kind.cast(cause);
            }
            cause = cause.getCause();
        }
        return null;
    }

    /** Returns the path of a misfit, without keys of maps, as those are data. */
    private static String path(JsonProcessingException misfit) {
        StringBuilder path = new StringBuilder("$");
        List<JsonMappingException.Reference> steps =
                misfit instanceof JsonMappingException mapping ? mapping.getPath() : List.of();
        for (JsonMappingException.Reference step : steps) {
            boolean property = step.getFieldName() != null && !(step.getFrom() instanceof Map);
            path.append(
                    property ? "." + step.getFieldName() : step.getIndex() < 0 ? ".*" : "[" + step.getIndex() + "]");
        }
        return path.toString();
    }

    /**
     * Returns a text as a JSON string.
     *
     * @param text any text
     * @return the text in quotes, escaped where necessary
     */
    public static String quoted(String text) {
        return '"'
                + (isPlain(text)
                        ? text
                        : String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)))
                + '"';
    }

    /** Whether nothing in a text has to be escaped, as it is with nearly all that a bus quotes. */
    public static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }
}

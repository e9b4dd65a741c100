package dev.omnibus.rpc.internal.contract;

import com.fasterxml.classmate.ResolvedType;
import com.fasterxml.classmate.TypeResolver;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.jsonFormatVisitors.JsonBooleanFormatVisitor;
import com.fasterxml.jackson.databind.jsonFormatVisitors.JsonFormatVisitorWrapper;
import com.fasterxml.jackson.databind.jsonFormatVisitors.JsonIntegerFormatVisitor;
import com.fasterxml.jackson.databind.jsonFormatVisitors.JsonNumberFormatVisitor;
import com.fasterxml.jackson.databind.jsonFormatVisitors.JsonStringFormatVisitor;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.impl.BeanAsArraySerializer;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaBuilder;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfig;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.github.victools.jsonschema.module.jackson.JacksonModule;
import com.github.victools.jsonschema.module.jackson.JacksonOption;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.util.Calendar;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The JSON schemas of the types of some methods, with the parts that they share. No other class knows the library that
 * makes them. What is written as one text or number is determined by the mapper; for objects they describe what Jackson
 * writes by default, even if the mapper of the program writes other names. Confined to one thread.
 */
public final class Schemas {

    /** Where the shared parts stand in the document. */
    static final String SHARED = "components/schemas";

    private static final String BEGINNING = "#/" + SHARED + "/";
    /** The formats that the texts really have; times without an offset are no date-time. */
    private static final Map<Class<?>, String> FORMATS = Map.ofEntries(
            Map.entry(Instant.class, "date-time"),
            Map.entry(OffsetDateTime.class, "date-time"),
            Map.entry(Date.class, "date-time"),
            Map.entry(Calendar.class, "date-time"),
            Map.entry(GregorianCalendar.class, "date-time"),
            Map.entry(LocalDate.class, "date"),
            Map.entry(LocalDateTime.class, "date-time-local"),
            Map.entry(LocalTime.class, "time-local"),
            Map.entry(Duration.class, "iso-duration"), // may have fractions and signs, which "duration" has not
            Map.entry(Period.class, "iso-duration"),
            Map.entry(UUID.class, "uuid"),
            Map.entry(URI.class, "uri"));

    private static final Set<Class<?>> WRAPPERS = Set.of(Optional.class, AtomicReference.class);

    private static final Set<Class<?>> EMPTY_IS_NULL =
            Set.of(OptionalInt.class, OptionalLong.class, OptionalDouble.class);

    /** Types of which the library knows more than Jackson exposes. */
    private static final Set<Class<?>> PLAIN = Set.of(
            String.class,
            CharSequence.class,
            Character.class,
            Boolean.class,
            Short.class,
            Integer.class,
            Long.class,
            Float.class,
            Double.class,
            Number.class,
            BigInteger.class,
            BigDecimal.class);

    private final ObjectMapper json;
    private final TypeResolver resolver = new TypeResolver();
    private final SchemaBuilder builder;

    Schemas(ObjectMapper json) {
        this.json = json;
        this.builder = new SchemaGenerator(config()).buildMultipleSchemaDefinitions(); // it keeps classes
    }

    private SchemaGeneratorConfig config() {
        SchemaGeneratorConfigBuilder config = new SchemaGeneratorConfigBuilder(
                        json, SchemaVersion.DRAFT_7, OptionPreset.PLAIN_JSON) // not one that remembers types forever
                .with(new JacksonModule(
                        JacksonOption.RESPECT_JSONPROPERTY_REQUIRED,
                        JacksonOption.FLATTENED_ENUMS_FROM_JSONVALUE,
                        JacksonOption.FLATTENED_ENUMS_FROM_JSONPROPERTY))
                .with(
                        Option.FLATTENED_OPTIONALS,
                        Option.EXTRA_OPEN_API_FORMAT_VALUES,
                        Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES);
        config.forTypesInGeneral().withCustomDefinitionProvider((type, context) -> {
            Class<?> raw = type.getErasedType();
            if (!type.getTypeParameters().isEmpty()) {
                ResolvedType first = type.getTypeParameters().get(0);
                if (WRAPPERS.contains(raw)) {
                    return new CustomDefinition(orNull(context.createDefinitionReference(first)), true);
                }
                if (raw == Iterable.class) { // Jackson writes it as the list that it mostly is
                    ObjectNode array = JsonNodeFactory.instance.objectNode().put("type", "array");
                    array.set("items", context.createDefinitionReference(first));
                    return new CustomDefinition(array, true);
                }
            }
            ObjectNode constants = raw.isEnum() ? constants(raw) : null;
            if (constants != null) {
                return new CustomDefinition(constants);
            }
            ObjectNode scalar = scalar(raw);
            return scalar == null ? null : new CustomDefinition(scalar, true);
        });
        return config.build();
    }

    /** The constants of an enum as Jackson writes them; null if it writes them as objects, or not at all. */
    private @Nullable ObjectNode constants(Class<?> type) {
        Set<JsonNode> written = new LinkedHashSet<>();
        Set<String> types = new LinkedHashSet<>();
        try {
            for (Object constant : type.getEnumConstants()) {
                JsonNode one = json.valueToTree(constant);
                written.add(one);
                types.add(one.isTextual() ? "string" : one.isIntegralNumber() ? "integer" : "");
            }
        } catch (RuntimeException e) {
            return null; // it cannot be written, which is reported elsewhere
        }
        if (types.size() != 1 || types.contains("")) {
            return null;
        }
        ObjectNode schema = JsonNodeFactory.instance
                .objectNode()
                .put("type", types.iterator().next());
        schema.putArray("enum").addAll(written);
        return schema;
    }

    private static ObjectNode orNull(JsonNode schema) {
        ObjectNode either = JsonNodeFactory.instance.objectNode();
        either.putArray("anyOf").add(schema).addObject().put("type", "null");
        return either;
    }

    /** What Jackson writes for a class as one text, number or truth value; null if it writes something else. */
    private @Nullable ObjectNode scalar(Class<?> type) {
        if (type == byte[].class || ByteBuffer.class.isAssignableFrom(type)) {
            return base64();
        }
        if (type == char[].class) {
            return JsonNodeFactory.instance.objectNode().put("type", "string");
        }
        if (type == JsonNode.class) {
            return JsonNodeFactory.instance.objectNode(); // which is anything
        }
        if (type == byte.class || type == Byte.class) {
            return JsonNodeFactory.instance.objectNode().put("type", "integer"); // which the library takes for base64
        }
        if (type.isPrimitive() || type.isEnum() || type.isArray() || type == Object.class || PLAIN.contains(type)) {
            return null;
        }
        Scalar scalar = new Scalar();
        try {
            if (json.getSerializerProviderInstance().findValueSerializer(type, null) instanceof BeanAsArraySerializer) {
                return JsonNodeFactory.instance.objectNode().put("type", "array"); // of its values, in their order
            }
            json.acceptJsonFormatVisitor(type, scalar);
        } catch (JsonMappingException | RuntimeException e) {
            return null; // it cannot be written, which is reported elsewhere
        }
        ObjectNode schema = scalar.schema;
        if (schema != null && EMPTY_IS_NULL.contains(type)) {
            String there = schema.path("type").asText();
            schema.putArray("type").add(there).add("null");
        }
        return schema;
    }

    /** Notes what Jackson exposes of a class, if it is a scalar. */
    private static final class Scalar extends JsonFormatVisitorWrapper.Base {

        private @Nullable ObjectNode schema;

        private ObjectNode typed(String type) {
            ObjectNode made = JsonNodeFactory.instance.objectNode().put("type", type);
            schema = made;
            return made;
        }

        @Override
        public JsonStringFormatVisitor expectStringFormat(JavaType type) {
            ObjectNode text = typed("string");
            String format = FORMATS.get(type.getRawClass());
            if (format != null) {
                text.put("format", format);
            }
            return new JsonStringFormatVisitor.Base();
        }

        @Override
        public JsonNumberFormatVisitor expectNumberFormat(JavaType type) {
            typed("number");
            return new JsonNumberFormatVisitor.Base();
        }

        @Override
        public JsonIntegerFormatVisitor expectIntegerFormat(JavaType type) {
            typed("integer");
            return new JsonIntegerFormatVisitor.Base();
        }

        @Override
        public JsonBooleanFormatVisitor expectBooleanFormat(JavaType type) {
            typed("boolean");
            return new JsonBooleanFormatVisitor.Base();
        }
    }

    private static ObjectNode base64() {
        return JsonNodeFactory.instance.objectNode().put("type", "string").put("contentEncoding", "base64");
    }

    /** The schema of a type; complete when {@link #shared()} has been called. */
    ObjectNode of(Type type) {
        JavaType known = json.constructType(type);
        Class<?> raw = known.getRawClass();
        if (raw == void.class || raw == Void.class) {
            return JsonNodeFactory.instance.objectNode().put("type", "null");
        }
        JavaType wrapped = wrapped(known);
        if (wrapped != null) {
            return orNull(of(wrapped));
        }
        return builder.createSchemaReference(resolved(known));
    }

    /** What is in an Optional; null if it is none. */
    private @Nullable JavaType wrapped(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (WRAPPERS.contains(raw)) {
            return type.containedTypeOrUnknown(0);
        }
        Class<?> boxed = raw == OptionalInt.class
                ? Integer.class
                : raw == OptionalLong.class ? Long.class : raw == OptionalDouble.class ? Double.class : null;
        return boxed == null ? null : json.constructType(boxed);
    }

    private ResolvedType resolved(JavaType type) {
        if (type.isArrayType()) {
            return resolver.arrayType(resolved(type.getContentType()));
        }
        Class<?> raw = type.getRawClass();
        Type[] parameters = new Type[type.containedTypeCount()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = resolved(type.containedTypeOrUnknown(i));
        }
        return raw.getTypeParameters().length == parameters.length
                ? resolver.resolve(raw, parameters)
                : resolver.resolve(raw);
    }

    /** The parts that the schemas refer to. */
    ObjectNode shared() {
        return builder.collectDefinitions(SHARED);
    }

    /** What a reference refers to, or the schema itself. */
    static JsonNode target(JsonNode schema, JsonNode shared) {
        String reference = schema.path("$ref").asText();
        return reference.startsWith(BEGINNING) ? shared.path(reference.substring(BEGINNING.length())) : schema;
    }

    public static String reference(String name) {
        return BEGINNING + name;
    }

    /** The name of what is referred to; empty if nothing is. */
    public static String name(JsonNode schema) {
        String reference = schema.path("$ref").asText();
        return reference.startsWith(BEGINNING) ? reference.substring(BEGINNING.length()) : "";
    }
}

package dev.omnibus.rpc;

import com.fasterxml.classmate.ResolvedType;
import com.fasterxml.classmate.TypeResolver;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The JSON schemas of the types of some methods, with the parts that they share. The one place that knows the library
 * which makes them. They describe what Jackson writes by default; a mapper of the program that was told to write other
 * names is not asked. Confined to one thread.
 */
final class Schemas {

    /** Where the shared parts stand in the document. */
    static final String SHARED = "components/schemas";

    private static final String BEGINNING = "#/" + SHARED + "/";
    private static final ObjectMapper TYPES = new ObjectMapper();
    private static final SchemaGeneratorConfig CONFIG = config();

    private final TypeResolver resolver = new TypeResolver();
    private final SchemaBuilder builder = new SchemaGenerator(CONFIG).buildMultipleSchemaDefinitions();

    private static SchemaGeneratorConfig config() {
        SchemaGeneratorConfigBuilder config = new SchemaGeneratorConfigBuilder(
                        SchemaVersion.DRAFT_7, OptionPreset.PLAIN_JSON)
                .with(new JacksonModule(
                        JacksonOption.RESPECT_JSONPROPERTY_REQUIRED,
                        JacksonOption.FLATTENED_ENUMS_FROM_JSONVALUE,
                        JacksonOption.FLATTENED_ENUMS_FROM_JSONPROPERTY))
                .with(
                        Option.FLATTENED_OPTIONALS,
                        Option.EXTRA_OPEN_API_FORMAT_VALUES,
                        Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES);
        config.forTypesInGeneral()
                .withCustomDefinitionProvider((type, context) ->
                        type.getErasedType() == byte[].class ? new CustomDefinition(base64(), true) : null);
        return config.build();
    }

    private static ObjectNode base64() {
        return JsonNodeFactory.instance.objectNode().put("type", "string").put("contentEncoding", "base64");
    }

    /** The schema of a type; complete when {@link #shared()} has been called. */
    ObjectNode of(Type type) {
        JavaType known = TYPES.constructType(type);
        Class<?> raw = known.getRawClass();
        if (raw == void.class || raw == Void.class) {
            return JsonNodeFactory.instance.objectNode().put("type", "null");
        }
        JavaType wrapped = wrapped(known);
        if (wrapped != null) {
            ObjectNode either = JsonNodeFactory.instance.objectNode();
            either.putArray("anyOf").add(of(wrapped)).addObject().put("type", "null");
            return either;
        }
        return builder.createSchemaReference(resolved(known));
    }

    /** What is in an Optional; null if it is none. */
    private static @Nullable JavaType wrapped(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (raw == Optional.class) {
            return type.containedTypeOrUnknown(0);
        }
        Class<?> boxed = raw == OptionalInt.class
                ? Integer.class
                : raw == OptionalLong.class ? Long.class : raw == OptionalDouble.class ? Double.class : null;
        return boxed == null ? null : TYPES.constructType(boxed);
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

    static String reference(String name) {
        return BEGINNING + name;
    }

    /** The name of what is referred to; empty if nothing is. */
    static String name(JsonNode schema) {
        String reference = schema.path("$ref").asText();
        return reference.startsWith(BEGINNING) ? reference.substring(BEGINNING.length()) : "";
    }
}

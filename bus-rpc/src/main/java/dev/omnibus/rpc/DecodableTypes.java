package dev.omnibus.rpc;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import dev.omnibus.rpc.Contract.Operation;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Refuses contracts with types into which a stranger's JSON must not be decoded: those that leave open what is made,
 * and those whose making does something, such as loading a class or asking a name server.
 *
 * <p>It looks through containers, type arguments and the properties of beans. What the JDK defines counts as known.
 */
final class DecodableTypes {

    private static final Set<Class<?>> OPEN =
            Set.of(Object.class, Serializable.class, Comparable.class, Cloneable.class, Record.class, Enum.class);

    private static final List<Class<?>> ACTING =
            List.of(Class.class, ClassLoader.class, Throwable.class, InetAddress.class, InetSocketAddress.class);

    private static final Set<JsonTypeInfo.Id> NAMES_A_CLASS =
            Set.of(JsonTypeInfo.Id.CLASS, JsonTypeInfo.Id.MINIMAL_CLASS, JsonTypeInfo.Id.CUSTOM);

    private static final int MOST_CHECKED = 10_000;

    private final DeserializationConfig config;
    private final Set<JavaType> checked = ConcurrentHashMap.newKeySet();

    DecodableTypes(ObjectMapper json) {
        this.config = json.getDeserializationConfig();
    }

    /**
     * Looks through a whole contract.
     *
     * @throws IllegalArgumentException if it has such a type; the message names method and parameter
     */
    void check(Contract contract) {
        contract.operations().values().forEach(this::check);
    }

    private void check(Operation operation) {
        for (int i = 0; i < operation.parameters().size(); i++) {
            List<String> names = operation.parameterNames();
            String which = names.isEmpty() ? String.valueOf(i + 1) : names.get(i);
            check(
                    "The parameter " + which + " of " + operation.name(),
                    operation.parameters().get(i));
        }
        if (!operation.result().hasRawClass(void.class)) {
            check("The result of " + operation.name(), operation.result());
        }
        for (DeclaredFault fault : operation.faults()) {
            for (int i = 0; i < fault.names().size(); i++) {
                String which =
                        fault.names().get(i) + " of " + fault.name() + ", which " + operation.name() + " throws,";
                check("The " + which, fault.types().get(i));
            }
        }
    }

    /** Looks through a type that may come again and again. */
    void checkOnce(String where, JavaType type) {
        if (checked.contains(type)) {
            return;
        }
        check(where, type);
        if (checked.size() < MOST_CHECKED) {
            checked.add(type);
        }
    }

    /**
     * Looks through one type.
     *
     * @param where the beginning of what to say about it
     * @throws IllegalArgumentException if it cannot be decoded safely
     */
    void check(String where, JavaType type) {
        String problem = problem(type, new HashSet<>());
        if (problem != null) {
            throw new IllegalArgumentException(where + " cannot be decoded safely: " + problem
                    + ". Name a type that says what it holds, or take a JsonNode");
        }
    }

    private @Nullable String problem(JavaType type, Set<JavaType> seen) {
        if (!seen.add(type)) {
            return null;
        }
        Class<?> raw = type.getRawClass();
        if (OPEN.contains(raw)) {
            return raw.getName() + " can be anything";
        }
        if (ACTING.stream().anyMatch(acting -> acting.isAssignableFrom(raw))) {
            return "making a " + raw.getName() + " does more than to hold data";
        }
        for (JavaType part : parts(type)) {
            String problem = problem(part, seen);
            if (problem != null) {
                return problem;
            }
        }
        if (type.isContainerType() || type.isReferenceType() || isKnown(type)) {
            return null;
        }
        String problem = polymorphism(type, seen);
        return problem == null ? properties(type, seen) : problem;
    }

    private static Collection<JavaType> parts(JavaType type) {
        Stream<JavaType> contained = type.getBindings().getTypeParameters().stream();
        Stream<@Nullable JavaType> inside = Stream.of(type.getContentType(), type.getKeyType());
        return Stream.concat(contained, inside.flatMap(Stream::ofNullable)).toList();
    }

    private static boolean isKnown(JavaType type) {
        Class<?> raw = type.getRawClass();
        return type.isPrimitive()
                || type.isEnumType()
                || raw.getName().startsWith("java.")
                || JsonNode.class.isAssignableFrom(raw);
    }

    private @Nullable String polymorphism(JavaType type, Set<JavaType> seen) {
        AnnotatedClass annotated = config.introspect(type).getClassInfo();
        TypeDeserializer byType;
        try {
            byType = config.findTypeDeserializer(type);
        } catch (JsonMappingException e) {
            return type.getRawClass().getName() + " has type information that cannot be read";
        }
        if (byType == null) {
            return type.isAbstract() && !saysHowItIsMade(annotated)
                    ? type.getRawClass().getName() + " is abstract, and no @JsonSubTypes says what there is"
                    : null;
        }
        if (NAMES_A_CLASS.contains(byType.getTypeIdResolver().getMechanism())) {
            return type.getRawClass().getName() + " lets the message name the class to make";
        }
        Collection<NamedType> closed = config.getSubtypeResolver().collectAndResolveSubtypesByTypeId(config, annotated);
        boolean none = true;
        for (NamedType subtype : closed) {
            if (!subtype.getType().equals(type.getRawClass())) {
                none = false;
                String problem = problem(config.constructType(subtype.getType()), seen);
                if (problem != null) {
                    return problem;
                }
            }
        }
        return none && type.isAbstract()
                ? type.getRawClass().getName() + " is abstract, and no @JsonSubTypes says what there is"
                : null;
    }

    /** By a deserializer or a creator that its author wrote for it. */
    private boolean saysHowItIsMade(AnnotatedClass type) {
        return config.getAnnotationIntrospector().findDeserializer(type) != null
                || type.getFactoryMethods().stream()
                        .anyMatch(method ->
                                config.getAnnotationIntrospector().findCreatorAnnotation(config, method) != null);
    }

    private @Nullable String properties(JavaType type, Set<JavaType> seen) {
        if (config.getAnnotationIntrospector()
                        .findDeserializer(config.introspect(type).getClassInfo())
                != null) {
            return null; // its author decides what is read
        }
        for (BeanPropertyDefinition property : config.introspect(type).findProperties()) {
            if (!property.couldDeserialize()) {
                continue;
            }
            String problem = problem(property.getPrimaryType(), seen);
            if (problem == null && namesAClass(property.getMutator())) {
                problem = "it lets the message name the class to make";
            }
            if (problem != null) {
                return "its property " + property.getName() + " in "
                        + type.getRawClass().getSimpleName() + ": " + problem;
            }
        }
        return null;
    }

    private static boolean namesAClass(@Nullable AnnotatedMember member) {
        JsonTypeInfo info = member == null ? null : member.getAnnotation(JsonTypeInfo.class);
        return info != null && NAMES_A_CLASS.contains(info.use());
    }
}

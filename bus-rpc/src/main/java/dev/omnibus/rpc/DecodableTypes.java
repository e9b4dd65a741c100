package dev.omnibus.rpc;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.AbstractDeserializer;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBase;
import com.fasterxml.jackson.databind.deser.DefaultDeserializationContext;
import com.fasterxml.jackson.databind.deser.SettableBeanProperty;
import com.fasterxml.jackson.databind.deser.ValueInstantiator;
import com.fasterxml.jackson.databind.deser.impl.UnsupportedTypeDeserializer;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import dev.omnibus.rpc.Contract.Operation;
import java.io.Serializable;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Refuses contracts with types into which a stranger's JSON must not be decoded: those that leave open what is made,
 * and those whose making does something, such as loading a class or asking a name server. Also those that can never be
 * read at all, of which Jackson would complain with each call.
 *
 * <p>It looks through containers, type arguments and the properties of beans.
 */
final class DecodableTypes {

    private static final Set<Class<?>> OPEN =
            Set.of(Object.class, Serializable.class, Comparable.class, Cloneable.class, Record.class, Enum.class);

    private static final List<Class<?>> ACTING =
            List.of(Class.class, ClassLoader.class, Throwable.class, InetAddress.class, InetSocketAddress.class);

    private static final Set<JsonTypeInfo.Id> NAMES_A_CLASS =
            Set.of(JsonTypeInfo.Id.CLASS, JsonTypeInfo.Id.MINIMAL_CLASS, JsonTypeInfo.Id.CUSTOM);

    private static final int MOST_CHECKED = 10_000;

    private final ObjectMapper json;
    private final DeserializationConfig config;
    private final Set<JavaType> checked = ConcurrentHashMap.newKeySet();

    DecodableTypes(ObjectMapper json) {
        this.json = json;
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
        String unreadable = unreadable(type, new HashSet<>());
        if (unreadable != null) {
            throw new IllegalArgumentException(where + " can never be read: " + unreadable);
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
        if (isHashed(type) && asksNameServers(parts(type), new HashSet<>())) {
            return "a " + raw.getSimpleName() + " of java.net.URL asks a name server for each of them, to compare it;"
                    + " take java.net.URI";
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

    /** Whether it compares its elements, or its keys, while it is made. */
    private static boolean isHashed(JavaType type) {
        return type.isMapLikeType() || Set.class.isAssignableFrom(type.getRawClass());
    }

    /** A URL is its address for equals, so whatever has one among its parts asks for that. */
    private boolean asksNameServers(Collection<JavaType> types, Set<JavaType> seen) {
        for (JavaType type : types) {
            if (type.hasRawClass(URL.class)) {
                return true;
            }
            if (!seen.add(type) || (isKnown(type) && !type.isContainerType() && !type.isReferenceType())) {
                continue;
            }
            Collection<JavaType> inside = parts(type).isEmpty()
                    ? config.introspect(type).findProperties().stream()
                            .map(BeanPropertyDefinition::getPrimaryType)
                            .toList()
                    : parts(type);
            if (asksNameServers(inside, seen)) {
                return true;
            }
        }
        return false;
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

    /** Why no JSON at all could become a value of this type; null if some can. Jackson is asked. */
    private @Nullable String unreadable(JavaType type, Set<JavaType> seen) {
        if (!seen.add(type) || type.isPrimitive() || JsonNode.class.isAssignableFrom(type.getRawClass())) {
            return null;
        }
        for (JavaType part : parts(type)) {
            String problem = part.equals(type.getKeyType()) ? null : unreadable(part, seen);
            if (problem != null) {
                return problem;
            }
        }
        JavaType key = type.getKeyType();
        if (key != null && key.getRawClass().isRecord() && !saysWhatItsTextIs(key)) {
            return "a key is a text in JSON, and nothing says which text a " + TypeNames.of(key)
                    + " is and how it is made of it; give it @JsonKey or @JsonValue, and @JsonCreator";
        }
        JsonDeserializer<?> reads;
        TypeDeserializer byType;
        try {
            DeserializationContext context =
                    ((DefaultDeserializationContext) json.getDeserializationContext()).createDummyInstance(config);
            byType = config.findTypeDeserializer(type);
            reads = context.findContextualValueDeserializer(type, null);
        } catch (JsonMappingException | IllegalArgumentException e) {
            return "Jackson says of " + TypeNames.of(type) + ": " + firstLine(e);
        }
        if (reads instanceof UnsupportedTypeDeserializer) {
            return TypeNames.of(type) + " needs a module that the mapper does not have; register it";
        }
        if (reads instanceof AbstractDeserializer) {
            return byType != null ? null : TypeNames.of(type) + " is abstract, and nothing says what is made for it";
        }
        if (reads instanceof BeanDeserializerBase bean) {
            return unreadableBean(type, bean, seen);
        }
        return null;
    }

    /** Jackson writes the toString of a record, from which its constructor would make another record. */
    private boolean saysWhatItsTextIs(JavaType key) {
        BeanDescription described = config.introspect(key);
        return described.findJsonKeyAccessor() != null || described.findJsonValueAccessor() != null;
    }

    private @Nullable String unreadableBean(JavaType type, BeanDeserializerBase bean, Set<JavaType> seen) {
        Class<?> raw = type.getRawClass();
        if (raw.getName().startsWith("java.")) {
            return "Jackson does not know what is in a " + raw.getName();
        }
        ValueInstantiator made = bean.getValueInstantiator();
        boolean fromObject =
                made.canCreateUsingDefault() || made.canCreateFromObjectWith() || made.canCreateUsingDelegate();
        boolean fromScalar = made.canInstantiate() && config.introspect(type).findJsonValueAccessor() != null;
        if (!fromObject && !fromScalar && !made.canCreateUsingArrayDelegate()) {
            boolean inner = raw.isMemberClass() && !Modifier.isStatic(raw.getModifiers());
            boolean kotlin = Arrays.stream(raw.getAnnotations())
                    .anyMatch(one -> one.annotationType().getName().equals("kotlin.Metadata"));
            return inner
                    ? raw.getSimpleName() + " is an inner class, which needs an outer object; make it static"
                    : raw.getSimpleName() + " has neither a constructor without parameters nor one with @JsonCreator"
                            + (kotlin ? "; give the bus a mapper with the module for Kotlin" : "");
        }
        for (Iterator<SettableBeanProperty> all = bean.properties(); all.hasNext(); ) {
            SettableBeanProperty property = all.next();
            boolean read = !property.hasValueDeserializer()
                    || property.getValueDeserializer() instanceof BeanDeserializerBase
                    || property.getValueDeserializer() instanceof AbstractDeserializer;
            String problem = read ? unreadable(property.getType(), seen) : null;
            if (problem != null) {
                return "its property " + property.getName() + " in " + raw.getSimpleName() + ": " + problem;
            }
        }
        return null;
    }

    private static String firstLine(Exception e) {
        String text = e instanceof JsonMappingException misfit ? misfit.getOriginalMessage() : e.getMessage();
        return String.valueOf(text).lines().findFirst().orElse("");
    }

    private static boolean namesAClass(@Nullable AnnotatedMember member) {
        JsonTypeInfo info = member == null ? null : member.getAnnotation(JsonTypeInfo.class);
        return info != null && NAMES_A_CLASS.contains(info.use());
    }
}

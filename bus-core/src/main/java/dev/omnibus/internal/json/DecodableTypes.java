package dev.omnibus.internal.json;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.AbstractDeserializer;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBase;
import com.fasterxml.jackson.databind.deser.DefaultDeserializationContext;
import com.fasterxml.jackson.databind.deser.SettableBeanProperty;
import com.fasterxml.jackson.databind.deser.ValueInstantiator;
import com.fasterxml.jackson.databind.deser.impl.UnsupportedTypeDeserializer;
import com.fasterxml.jackson.databind.deser.std.CollectionDeserializer;
import com.fasterxml.jackson.databind.deser.std.ContainerDeserializerBase;
import com.fasterxml.jackson.databind.deser.std.EnumDeserializer;
import com.fasterxml.jackson.databind.deser.std.MapDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringCollectionDeserializer;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import com.fasterxml.jackson.databind.jsontype.impl.AsDeductionTypeDeserializer;
import com.fasterxml.jackson.databind.ser.impl.MapEntrySerializer;
import com.fasterxml.jackson.databind.ser.std.NumberSerializer;
import java.io.Serializable;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.URL;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A safety check of declared types: finds those that untrusted JSON must not be decoded into, because they leave open
 * what is created, or because creating them has side effects, such as loading a class or resolving a host name; and
 * those that can never be read at all, about which Jackson would complain with each message.
 *
 * <p>It visits containers, type arguments and the properties of beans. Public for layers. Thread-safe.
 */
public final class DecodableTypes {

    private static final Set<Class<?>> OPEN =
            Set.of(Object.class, Serializable.class, Comparable.class, Cloneable.class, Record.class, Enum.class);

    private static final List<Class<?>> ACTING = List.of(
            Class.class,
            ClassLoader.class,
            Throwable.class,
            InetAddress.class,
            InetSocketAddress.class,
            NetworkInterface.class,
            JavaType.class); // deserializing it loads the named classes

    /** Types that Jackson parses XML for. */
    private static final String XML = "org.w3c.dom.";

    private static final Set<JsonTypeInfo.Id> NAMES_A_CLASS =
            Set.of(JsonTypeInfo.Id.CLASS, JsonTypeInfo.Id.MINIMAL_CLASS, JsonTypeInfo.Id.CUSTOM);

    private static final int MAX_CHECKED = 10_000;

    private final ObjectMapper json;
    private final DeserializationConfig config;
    private final boolean objects;
    private final Set<JavaType> checked = ConcurrentHashMap.newKeySet();

    private DecodableTypes(ObjectMapper json, boolean objects) {
        this.json = json;
        this.config = json.getDeserializationConfig();
        this.objects = objects;
    }

    /**
     * Returns a check for contracts, which define their types: {@code Object} is refused, too.
     *
     * @param json reads JSON
     * @return the check
     */
    public static DecodableTypes ofContracts(ObjectMapper json) {
        return new DecodableTypes(json, false);
    }

    /**
     * Returns a check for events, which others define: {@code Object} is allowed, for any JSON, as strings, numbers,
     * lists and maps.
     */
    public static DecodableTypes ofEvents(ObjectMapper json) {
        return new DecodableTypes(json, true);
    }

    /**
     * Checks a type, and remembers that it has passed.
     *
     * @param type the type
     * @param where the beginning of the message
     * @throws IllegalArgumentException if it cannot be decoded safely, or can never be read
     */
    public void checkOnce(JavaType type, Supplier<String> where) {
        if (checked.contains(type)) {
            return;
        }
        check(where.get(), type);
        if (checked.size() < MAX_CHECKED) {
            checked.add(type);
        }
    }

    /**
     * Checks a type.
     *
     * @param where the beginning of the message
     * @param type the type
     * @throws IllegalArgumentException if it cannot be decoded safely, or can never be read
     */
    public void check(String where, JavaType type) {
        String problem = problem(type, new HashSet<>());
        if (problem != null) {
            throw new IllegalArgumentException(
                    where + " cannot be decoded safely: " + problem + ". Use a concrete type, or JsonNode");
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
        if (OPEN.contains(raw) && !(objects && raw == Object.class)) {
            return raw.getName() + " can be anything";
        }
        if (ACTING.stream().anyMatch(acting -> acting.isAssignableFrom(raw))
                || raw.getName().startsWith(XML)) {
            return "creating a " + raw.getName() + " does more than hold data";
        }
        if (asksNameServers(hashed(type), new HashSet<>())) {
            return "a " + raw.getSimpleName() + " of java.net.URL resolves the host name of each of them, to compare"
                    + " them; use java.net.URI";
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

    /** Returns what it compares while it is filled: its keys, or its elements. */
    private static Collection<JavaType> hashed(JavaType type) {
        if (type.isMapLikeType()) {
            return List.of(type.getKeyType());
        }
        return Set.class.isAssignableFrom(type.getRawClass()) ? parts(type) : List.of();
    }

    /** Returns whether comparing these types resolves host names, as {@code URL.equals} does. */
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
        TypeDeserializer byType;
        try {
            byType = config.findTypeDeserializer(type);
        } catch (JsonMappingException e) {
            return type.getRawClass().getName() + " has type information that cannot be read";
        }
        Set<Class<?>> subtypes = subtypes(type, byType);
        if (byType == null) {
            return type.isAbstract() && !isMadeSomehow(type) ? missingSubtypes(type, !subtypes.isEmpty()) : null;
        }
        boolean deduced = byType instanceof AsDeductionTypeDeserializer; // whatever its resolver returns
        if (!deduced && NAMES_A_CLASS.contains(byType.getTypeIdResolver().getMechanism())) {
            return type.getRawClass().getName() + " lets the message name the class to create";
        }
        for (Class<?> subtype : subtypes) {
            String problem = problem(config.constructType(subtype), seen);
            if (problem != null) {
                return problem;
            }
        }
        return subtypes.isEmpty() && type.isAbstract()
                ? type.getRawClass().getName() + " is abstract, and no @JsonSubTypes lists its subtypes"
                : null;
    }

    /** Returns the possible subtypes of a class. */
    private Set<Class<?>> subtypes(JavaType type, @Nullable TypeDeserializer byType) {
        AnnotatedClass annotated = config.introspect(type).getClassInfo();
        Set<Class<?>> subtypes = new LinkedHashSet<>();
        for (NamedType one : config.getSubtypeResolver().collectAndResolveSubtypesByTypeId(config, annotated)) {
            subtypes.add(one.getType());
        }
        if (byType != null && byType.getDefaultImpl() != null) {
            subtypes.add(byType.getDefaultImpl());
        }
        subtypes.removeAll(Set.of(type.getRawClass(), Void.class)); // Void means that unknown subtypes are null
        return subtypes;
    }

    private static String missingSubtypes(JavaType type, boolean listed) {
        return type.getRawClass().getName() + " is abstract, and "
                + (listed
                        ? "although @JsonSubTypes lists its subtypes, no @JsonTypeInfo(use = NAME) lets a message name"
                                + " one of them"
                        : "neither @JsonTypeInfo with @JsonSubTypes nor a deserializer defines its subtypes");
    }

    /** Returns whether it has a creator or a deserializer of its own. */
    private boolean isMadeSomehow(JavaType type) {
        try {
            return !(deserializer(type) instanceof AbstractDeserializer);
        } catch (JsonMappingException | IllegalArgumentException e) {
            return true; // Jackson reports it with more detail
        }
    }

    /** Returns whether it has a deserializer of its own, from an annotation or a module. */
    private boolean isReadByItsOwn(JavaType type) {
        try {
            JsonDeserializer<?> reads = deserializer(type);
            JsonDeserializer<?> within = reads.getDelegatee() == null ? reads : reads.getDelegatee();
            return !(within instanceof BeanDeserializerBase || within instanceof AbstractDeserializer);
        } catch (JsonMappingException | IllegalArgumentException e) {
            return false; // Jackson reports it with more detail
        }
    }

    private JsonDeserializer<?> deserializer(JavaType type) throws JsonMappingException {
        DeserializationContext context =
                ((DefaultDeserializationContext) json.getDeserializationContext()).createDummyInstance(config);
        return context.findContextualValueDeserializer(type, null);
    }

    private @Nullable String properties(JavaType type, Set<JavaType> seen) {
        if (isReadByItsOwn(type)) {
            return null; // its author decides what is read
        }
        for (BeanPropertyDefinition property : config.introspect(type).findProperties()) {
            if (!property.couldDeserialize()) {
                continue;
            }
            String problem = property(property.getMutator(), property.getPrimaryType(), seen);
            if (problem != null) {
                return "its property " + property.getName() + " in "
                        + type.getRawClass().getSimpleName() + ": " + problem;
            }
        }
        return null;
    }

    /** Checks a property, which may itself define the subtypes of its type, or of its elements. */
    private @Nullable String property(@Nullable AnnotatedMember member, JavaType type, Set<JavaType> seen) {
        JsonTypeInfo info = member == null ? null : member.getAnnotation(JsonTypeInfo.class);
        if (member == null || info == null || info.use() == JsonTypeInfo.Id.NONE) {
            return problem(type, seen);
        }
        if (NAMES_A_CLASS.contains(info.use())) {
            return "it lets the message name the class to create";
        }
        if (info.use() == JsonTypeInfo.Id.DEDUCTION) {
            return "@JsonTypeInfo(use = DEDUCTION) works on a type, not on a property";
        }
        JavaType base = type.getContentType() == null ? type : type.getContentType();
        Set<Class<?>> possible = new LinkedHashSet<>();
        for (NamedType one : config.getSubtypeResolver().collectAndResolveSubtypesByTypeId(config, member, base)) {
            possible.add(one.getType());
        }
        if (base.isAbstract()) {
            possible.remove(base.getRawClass());
        }
        if (possible.isEmpty()) {
            return base.getRawClass().getName() + " is abstract, and no @JsonSubTypes lists its subtypes";
        }
        if (type.getKeyType() != null) {
            possible.add(type.getKeyType().getRawClass());
        }
        for (Class<?> one : possible) {
            String problem = problem(config.constructType(one), seen);
            if (problem != null) {
                return problem;
            }
        }
        return null;
    }

    /** Returns why Jackson can read no JSON at all as this type; null if it can. */
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
        if (key != null && key.getRawClass().isRecord() && !hasTextForm(key)) {
            return keyWithoutText(key);
        }
        JsonDeserializer<?> reads;
        TypeDeserializer byType;
        try {
            byType = config.findTypeDeserializer(type);
            reads = deserializer(type);
        } catch (JsonMappingException | IllegalArgumentException e) {
            return "Jackson reports for " + TypeNames.of(type) + ": " + firstLine(e);
        }
        if (reads instanceof UnsupportedTypeDeserializer) {
            return TypeNames.of(type) + " needs a module that the mapper does not have; register it";
        }
        if (reads instanceof AbstractDeserializer) {
            return byType != null
                    ? null
                    : TypeNames.of(type) + " is abstract, and nothing defines which class to create for it";
        }
        boolean filled = reads instanceof CollectionDeserializer
                || reads instanceof StringCollectionDeserializer
                || reads instanceof MapDeserializer;
        if (filled) {
            ValueInstantiator made = ((ContainerDeserializerBase<?>) reads).getValueInstantiator();
            return made == null || made.canInstantiate() || type.hasRawClass(ArrayBlockingQueue.class)
                    ? null
                    : TypeNames.of(type) + " is abstract, and nothing defines which class to create for it";
        }
        if (reads instanceof EnumDeserializer) {
            return enumThatIsNoText(type, config.introspect(type).getClassInfo());
        }
        if (reads instanceof BeanDeserializerBase bean) {
            return unreadableBean(type, bean, seen);
        }
        return null;
    }

    /** Returns why an enum cannot be read again: Jackson writes them in more ways than it reads. */
    private @Nullable String enumThatIsNoText(JavaType type, @Nullable Annotated declared) {
        JsonFormat.Value format =
                declared == null ? null : config.getAnnotationIntrospector().findFormat(declared);
        JsonFormat.Shape shape = format == null ? JsonFormat.Shape.ANY : format.getShape();
        boolean number = shape.isNumeric() || shape == JsonFormat.Shape.ARRAY;
        boolean refused = (number && config.isEnabled(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS))
                || shape == JsonFormat.Shape.OBJECT
                || shape == JsonFormat.Shape.POJO;
        return refused
                ? "@JsonFormat writes " + TypeNames.of(type) + " as " + (number ? "a number" : "an object")
                        + ", which is not read as a constant; give it @JsonValue and @JsonCreator"
                : null;
    }

    /**
     * Returns why a type is read differently from how it is written: Jackson goes by an interface or a superclass when
     * it writes, and by the fields when it reads.
     */
    private @Nullable String writtenAsOther(JavaType type, ValueInstantiator made) {
        JsonSerializer<?> writes;
        try {
            writes = json.getSerializerProviderInstance().findValueSerializer(type);
        } catch (JsonMappingException e) {
            return null; // writing a value reports it
        }
        boolean fromNumber = made.canCreateFromInt()
                || made.canCreateFromLong()
                || made.canCreateFromDouble()
                || made.canCreateFromBigInteger()
                || made.canCreateFromBigDecimal()
                || made.canCreateUsingDelegate();
        boolean number = writes instanceof NumberSerializer && !fromNumber;
        return number || writes instanceof MapEntrySerializer
                ? TypeNames.of(type) + " is written as " + (number ? "a number" : "an entry of a map")
                        + ", and read as an object; give it @JsonValue and @JsonCreator"
                : null;
    }

    /**
     * Returns whether a key defines its text; otherwise Jackson writes the toString of a record, and its constructor
     * would create another record from it.
     */
    private boolean hasTextForm(JavaType key) {
        BeanDescription described = config.introspect(key);
        return described.findJsonKeyAccessor() != null || described.findJsonValueAccessor() != null;
    }

    /** Returns why a type cannot be the key of a map. */
    static String keyWithoutText(JavaType key) {
        return "a key is a text in JSON, and nothing defines how a " + TypeNames.of(key)
                + " becomes one and back; give it @JsonKey or @JsonValue, and @JsonCreator";
    }

    private @Nullable String unreadableBean(JavaType type, BeanDeserializerBase bean, Set<JavaType> seen) {
        Class<?> raw = type.getRawClass();
        if (raw.getName().startsWith("java.")) {
            return "Jackson cannot read the contents of a " + raw.getName();
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
        String other = writtenAsOther(type, made);
        if (other != null) {
            return other;
        }
        for (Iterator<SettableBeanProperty> all = bean.properties(); all.hasNext(); ) {
            SettableBeanProperty property = all.next();
            boolean read = !property.hasValueTypeDeserializer() // it chooses among types that have been checked
                    && (!property.hasValueDeserializer()
                            || property.getValueDeserializer() instanceof BeanDeserializerBase
                            || property.getValueDeserializer() instanceof AbstractDeserializer
                            || property.getValueDeserializer() instanceof EnumDeserializer);
            String problem = read ? unreadable(property.getType(), seen) : null;
            if (problem == null && property.getValueDeserializer() instanceof EnumDeserializer) {
                problem = enumThatIsNoText(property.getType(), property.getMember());
            }
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
}

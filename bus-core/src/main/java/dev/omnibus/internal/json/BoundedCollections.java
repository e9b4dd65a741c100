package dev.omnibus.internal.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.KeyDeserializer;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.NullValueProvider;
import com.fasterxml.jackson.databind.deser.ValueInstantiator;
import com.fasterxml.jackson.databind.deser.std.CollectionDeserializer;
import com.fasterxml.jackson.databind.deser.std.MapDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringCollectionDeserializer;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.CollectionType;
import com.fasterxml.jackson.databind.type.MapType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.util.AbstractCollection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Hashtable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.WeakHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import org.jspecify.annotations.Nullable;

/**
 * A protection against hash flooding: sets and maps are refused once too many of their elements have the same hash
 * code, because a sender could choose them so that each is compared with all others. Types that are comparable in the
 * JDK, such as strings and numbers, are found by their order all the same, and are not counted.
 */
final class BoundedCollections extends BeanDeserializerModifier {

    private static final long serialVersionUID = 1L;

    static SimpleModule module() {
        return new SimpleModule("omnibus-collections").setDeserializerModifier(new BoundedCollections());
    }

    @Override
    public JsonDeserializer<?> modifyCollectionDeserializer(
            DeserializationConfig config,
            CollectionType type,
            BeanDescription description,
            JsonDeserializer<?> deserializer) {
        Class<?> raw = type.getRawClass();
        boolean slow = raw == CopyOnWriteArrayList.class || raw == CopyOnWriteArraySet.class;
        if (deserializer instanceof StringCollectionDeserializer texts && slow) {
            return new Elements(new CollectionDeserializer(type, null, null, texts.getValueInstantiator()));
        }
        boolean compared = Set.class.isAssignableFrom(raw)
                && !SortedSet.class.isAssignableFrom(raw)
                && !hasOrder(type.getContentType());
        return deserializer.getClass() == CollectionDeserializer.class && (slow || compared)
                ? new Elements((CollectionDeserializer) deserializer)
                : deserializer;
    }

    @Override
    public JsonDeserializer<?> modifyMapDeserializer(
            DeserializationConfig config, MapType type, BeanDescription description, JsonDeserializer<?> deserializer) {
        Class<?> raw = type.getRawClass();
        boolean compared = !SortedMap.class.isAssignableFrom(raw) && !hasOrder(type.getKeyType());
        return deserializer.getClass() == MapDeserializer.class && (compared || usesNoOrder(raw))
                ? new Entries((MapDeserializer) deserializer)
                : deserializer;
    }

    /** Returns whether a hash table of the JDK uses the order of this type for elements with the same hash code. */
    private static boolean hasOrder(JavaType type) {
        Class<?> raw = type.getRawClass();
        boolean ofItsOwn = Arrays.stream(raw.getGenericInterfaces())
                .anyMatch(one -> one instanceof ParameterizedType kind
                        && kind.getRawType() == Comparable.class
                        && kind.getActualTypeArguments()[0] == raw);
        return type.isEnumType() || (raw.getName().startsWith("java.") && ofItsOwn);
    }

    private static boolean usesNoOrder(Class<?> map) {
        return WeakHashMap.class.isAssignableFrom(map)
                || (Hashtable.class.isAssignableFrom(map) && !Properties.class.isAssignableFrom(map));
    }

    /** Adds elements one by one, or all at once where adding one copies the collection. */
    private static final class Elements extends CollectionDeserializer {

        private static final long serialVersionUID = 1L;

        Elements(CollectionDeserializer plain) {
            super(plain);
        }

        private Elements(
                JavaType type,
                JsonDeserializer<Object> elements,
                TypeDeserializer types,
                ValueInstantiator made,
                JsonDeserializer<Object> delegate,
                NullValueProvider nulls,
                Boolean unwrap) {
            super(type, elements, types, made, delegate, nulls, unwrap);
        }

        @Override
        @SuppressWarnings("unchecked")
        protected CollectionDeserializer withResolved(
                JsonDeserializer<?> delegate,
                JsonDeserializer<?> elements,
                TypeDeserializer types,
                NullValueProvider nulls,
                Boolean unwrap) {
            return new Elements(
                    _containerType,
                    (JsonDeserializer<Object>) elements,
                    types,
                    _valueInstantiator,
                    (JsonDeserializer<Object>) delegate,
                    nulls,
                    unwrap);
        }

        @Override
        protected Collection<Object> _deserializeFromArray(
                JsonParser parser, DeserializationContext context, Collection<Object> result) throws IOException {
            boolean referred = _valueDeserializer.getObjectIdReader() != null; // references may be resolved later
            if (result instanceof CopyOnWriteArrayList && !referred) {
                List<Object> all = new ArrayList<>();
                super._deserializeFromArray(parser, context, all);
                result.addAll(all);
            } else {
                super._deserializeFromArray(parser, context, new Counted(result));
            }
            return result;
        }
    }

    private static final class Entries extends MapDeserializer {

        private static final long serialVersionUID = 1L;

        Entries(MapDeserializer plain) {
            super(plain);
        }

        private Entries(
                MapDeserializer plain,
                KeyDeserializer keys,
                JsonDeserializer<Object> values,
                TypeDeserializer types,
                NullValueProvider nulls,
                Set<String> ignored,
                Set<String> included) {
            super(plain, keys, values, types, nulls, ignored, included);
        }

        @Override
        @SuppressWarnings("unchecked")
        protected MapDeserializer withResolved(
                KeyDeserializer keys,
                TypeDeserializer types,
                JsonDeserializer<?> values,
                NullValueProvider nulls,
                Set<String> ignored,
                Set<String> included) {
            return new Entries(this, keys, (JsonDeserializer<Object>) values, types, nulls, ignored, included);
        }

        private MapDeserializer counting() {
            return super.withResolved(
                    new CountedKeys(_keyDeserializer),
                    _valueTypeDeserializer,
                    _valueDeserializer,
                    _nullProvider,
                    _ignorableProperties,
                    _includableProperties);
        }

        @Override
        public Map<Object, Object> deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return counting().deserialize(parser, context);
        }

        @Override
        public Map<Object, Object> deserialize(
                JsonParser parser, DeserializationContext context, Map<Object, Object> result) throws IOException {
            return counting().deserialize(parser, context, result);
        }
    }

    /** Counts the keys of one map. */
    private static final class CountedKeys extends KeyDeserializer {

        private final KeyDeserializer keys;
        private final HashCodes codes = new HashCodes();

        CountedKeys(KeyDeserializer keys) {
            this.keys = keys;
        }

        @Override
        public @Nullable Object deserializeKey(String text, DeserializationContext context) throws IOException {
            Object key = keys.deserializeKey(text, context);
            codes.count(key);
            return key;
        }
    }

    /** A collection that counts what is added to another one, except for duplicates. */
    private static final class Counted extends AbstractCollection<Object> {

        private final Collection<Object> to;
        private final boolean allAlike;
        private final HashCodes codes = new HashCodes();

        Counted(Collection<Object> to) {
            this.to = to;
            this.allAlike = to instanceof CopyOnWriteArraySet || to instanceof CopyOnWriteArrayList;
        }

        @Override
        public boolean add(@Nullable Object element) {
            if (!to.add(element)) {
                return false;
            }
            try {
                codes.count(allAlike ? null : element);
            } catch (StreamConstraintsException e) {
                throw new UncheckedIOException(e);
            }
            return true;
        }

        @Override
        public Iterator<Object> iterator() {
            return to.iterator();
        }

        @Override
        public int size() {
            return to.size();
        }
    }

    /** A rough counter of equal hash codes, which only starts when there are many elements. */
    private static final class HashCodes {

        private static final int MAX_ALIKE = 1_000;
        private static final int SLOT_BITS = 10;
        private static final int SLOTS = 1 << SLOT_BITS;

        /** In large collections, this many times the average of a slot is still taken for chance. */
        private static final int CHANCE = 8;

        private static final int GOLDEN = 0x9E3779B9;

        private int seen;
        private int @Nullable [] counts;

        void count(@Nullable Object one) throws StreamConstraintsException {
            seen++;
            if (seen <= MAX_ALIKE) {
                return;
            }
            if (counts == null) {
                counts = new int[SLOTS];
            }
            int slot = (Objects.hashCode(one) * GOLDEN) >>> (Integer.SIZE - SLOT_BITS);
            int alike = ++counts[slot];
            if (alike > MAX_ALIKE + seen / (SLOTS / CHANCE)) {
                throw new StreamConstraintsException("Number of elements or keys with one hash code (" + alike
                        + ") exceeds the maximum allowed (" + MAX_ALIKE + ")");
            }
        }
    }
}

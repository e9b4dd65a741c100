package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Lists;
import dev.omnibus.internal.event.EventTypes;
import dev.omnibus.internal.event.Payloads;
import dev.omnibus.internal.json.Json;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What kind of event it is, as it stands on the wire: what a subscriber can ask for. */
class EventTypeTest {

    record User(String name) {}

    static final class Users extends ArrayList<User> {}

    interface Named {
        String name();
    }

    enum Sign {
        PLUS {
            @Override
            int of(int number) {
                return number;
            }
        };

        abstract int of(int number);
    }

    static List<Object> lists() {
        User user = new User("a");
        return List.of(
                List.of(),
                List.of(user),
                List.of(user, user, user),
                new ArrayList<>(),
                Arrays.asList(user, user),
                Collections.singletonList(user),
                Collections.emptyList(),
                Collections.unmodifiableList(new ArrayList<>()),
                Collections.synchronizedList(new ArrayList<>()),
                Collections.nCopies(2, user),
                new ArrayList<>(List.of(user, user)).subList(0, 1),
                Stream.of(user).toList(),
                new ArrayList<User>() {},
                ImmutableList.of(user),
                ImmutableList.of(user, user),
                Lists.reverse(List.of(user)),
                Lists.transform(List.of(user), User::name));
    }

    @ParameterizedTest
    @MethodSource("lists")
    void aListIsAList(List<?> list) {
        assertEquals("List", EventTypes.of(list.getClass()));
    }

    @Test
    void setsAndMapsAreCalledByTheirInterface() {
        for (Set<?> set : List.of(
                Set.of(1),
                Set.of(1, 2, 3),
                new LinkedHashSet<>(),
                new TreeSet<>(),
                EnumSet.of(TimeUnit.DAYS),
                Map.of(1, 2).keySet(),
                new HashMap<>(Map.of(1, 2)).keySet(),
                Collections.unmodifiableSet(new TreeSet<>()),
                ImmutableMap.of(1, 2, 3, 4).keySet())) {
            assertEquals("Set", EventTypes.of(set.getClass()));
        }
        for (Map<?, ?> map : List.of(
                Map.of(),
                Map.of(1, 2),
                new HashMap<>(),
                new TreeMap<>(),
                new EnumMap<>(Map.of(TimeUnit.DAYS, 1)),
                new Properties(),
                Collections.singletonMap(1, 2),
                Collections.unmodifiableMap(new HashMap<>()),
                ImmutableMap.of(1, 2))) {
            assertEquals("Map", EventTypes.of(map.getClass()));
        }
        assertEquals("Queue", EventTypes.of(ArrayDeque.class));
        assertEquals("Queue", EventTypes.of(Queue.class));
        assertEquals("Collection", EventTypes.of(Collection.class));
        assertEquals("Collection", EventTypes.of(new HashMap<>().values().getClass()));
    }

    @Test
    void whatAMethodCanAskForIsCalledAsWhatIsPublished() {
        assertEquals("List", Topic.of("n", new TypeReference<List<User>>() {}).eventType());
        assertEquals(
                "List", Topic.of("n", new TypeReference<ArrayList<User>>() {}).eventType());
        assertEquals(
                "List[]", Topic.of("n", new TypeReference<List<User>[]>() {}).eventType());
        assertEquals("User[]", Topic.of("n", User[].class).eventType());
        assertEquals("Integer", Topic.of("n", int.class).eventType());
        assertEquals("int[]", Topic.of("n", int[].class).eventType());
        assertEquals("Path", Topic.of("n", Path.class).eventType());
    }

    @Test
    void aClassOfTheProgramsOwnKeepsItsName() {
        assertEquals("Users", EventTypes.of(Users.class));
        assertEquals("User", EventTypes.of(User.class));
        Object constant = Sign.PLUS; // which has a class of its own
        assertEquals("Sign", EventTypes.of(constant.getClass()));
        record Local(int a) {}
        assertEquals("Local", EventTypes.of(Local.class));
    }

    @Test
    void whatHasNoNameOfItsOwnIsCalledByWhatIsPublicAboveIt() {
        assertEquals("Path", EventTypes.of(Path.of("a").getClass()));
        assertEquals("ZoneId", EventTypes.of(ZoneId.of("Europe/Berlin").getClass()));
        assertEquals("Charset", EventTypes.of(StandardCharsets.UTF_8.getClass()));
        assertEquals("Optional", EventTypes.of(Optional.of(1).getClass()));
        assertEquals("Named", EventTypes.of(proxy().getClass()));
        Named anonymous = new Named() {
            @Override
            public String name() {
                return "a";
            }
        };
        assertEquals("Named", EventTypes.of(anonymous.getClass()));
        assertEquals(
                "JsonNode", EventTypes.of(JsonNodeFactory.instance.objectNode().getClass()));
        assertEquals("JsonNode", EventTypes.of(JsonNode.class));
        assertEquals("Object", EventTypes.of(new Object() {}.getClass()));
    }

    private static Named proxy() {
        return (Named) Proxy.newProxyInstance(
                EventTypeTest.class.getClassLoader(), new Class<?>[] {Named.class}, (self, method, arguments) -> "a");
    }

    @Test
    void whatHoldsNoDataIsRefused() {
        Payloads.Types types = new Payloads.Types(Json.mapper(null, 1 << 20));
        Supplier<String> lambda = () -> "a";
        for (Object wrong :
                List.of(new Object(), new Thread(), new IllegalStateException(), lambda, new java.util.Random())) {
            String message = assertThrows(IllegalArgumentException.class, () -> types.requireWritable(wrong))
                    .getMessage();
            assertTrue(String.valueOf(message).startsWith("An object of class "), message);
        }
        record Nothing() {}
        for (Object right : List.of(
                new Nothing(),
                proxy(),
                1,
                "a",
                List.of(),
                Map.of(),
                Path.of("a"),
                ZoneOffset.UTC,
                Sign.PLUS,
                Optional.of(1),
                new int[0],
                new Users(),
                Map.entry(1, 2),
                StandardCharsets.UTF_8,
                TimeUnit.DAYS)) {
            types.requireWritable(right);
        }
    }
}

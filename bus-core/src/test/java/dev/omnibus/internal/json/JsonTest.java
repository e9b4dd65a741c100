package dev.omnibus.internal.json;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.Message;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void aJacksonThatIsTooOldOrMixedIsNamedBeforeItFails() {
        Json.requireJackson(core(19, 2), databind(19, 2));
        Json.requireJackson(core(22, 1), databind(21, 8));
        assertEquals(
                "The bus needs Jackson 2.19.0 or later, with all modules of the same version; found jackson-core 2.15.4"
                        + " and jackson-databind 2.15.4. Import com.fasterxml.jackson:jackson-bom, or with Spring Boot"
                        + " set jackson-bom.version",
                refusal(core(15, 4), databind(15, 4)));
        refusal(core(18, 5), databind(18, 5));
        refusal(core(17, 2), databind(21, 8));
    }

    @Test
    void anObjectHasEachMemberOnceHoweverManyItHas() throws IOException {
        TypeReference<Map<String, Object>> type = new TypeReference<>() {};
        for (int members : List.of(1, 2, 8, 9, 16, 17, 18, 40)) {
            String inner = IntStream.range(0, members)
                    .mapToObj(i -> "\"m" + i + "\":" + i)
                    .collect(Collectors.joining(",", "{", "}"));
            String whole = inner.replace("{", "{\"a\":" + inner + ",\"b\":[" + inner + "," + inner + "],");
            assertEquals(members + 2, read(whole, type).size());
            for (int i = 0; i < members; i++) {
                String twice = inner.replace("}", ",\"m" + i + "\":0}");
                assertThrows(JsonParseException.class, () -> read(twice, type), twice);
                String within = whole.replace("]", "," + twice + "]");
                assertThrows(JsonParseException.class, () -> read(within, type), within);
                assertThrows(
                        JsonParseException.class,
                        () -> read("{\"unknown\":" + twice + "}", new TypeReference<Known>() {}),
                        "what is skipped is looked at, too");
            }
        }
    }

    /** Jackson's own search is the judge. */
    @Test
    void anyTextHasAMemberTwiceExactlyIfJacksonFindsItToo() throws IOException {
        ObjectMapper strict = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        Random random = new Random(7);
        int twice = 0;
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            write(text, random, 4);
            boolean expected = refusesMemberTwice(() -> strict.readTree(text.toString()));
            twice += expected ? 1 : 0;
            String whole = text.toString();
            assertEquals(expected, refusesMemberTwice(() -> read(whole, new TypeReference<JsonNode>() {})), whole);
            assertEquals(expected, refusesMemberTwice(() -> read("{\"unknown\":" + whole + "}", KNOWN)), whole);
        }
        assertTrue(twice > 1_000 && twice < 19_000, "" + twice);
    }

    private static void write(StringBuilder text, Random random, int depth) {
        int kind = depth == 0 ? 2 : random.nextInt(3);
        if (kind == 2) {
            text.append(random.nextInt(9));
            return;
        }
        text.append(kind == 0 ? '{' : '[');
        int members = random.nextInt(10) == 0 ? random.nextInt(30) : random.nextInt(5);
        for (int i = 0; i < members; i++) {
            text.append(i == 0 ? "" : ",");
            if (kind == 0) { // names are escaped in one place and not in another, and are the same all the same
                int name = random.nextInt(200);
                text.append(name % 2 == 0 ? "\"\\u006d" : "\"m")
                        .append(name / 2)
                        .append("\":");
            }
            write(text, random, random.nextInt(depth));
        }
        text.append(kind == 0 ? '}' : ']');
    }

    private static boolean refusesMemberTwice(Callable<?> read) {
        try {
            read.call();
            return false;
        } catch (JsonParseException e) {
            return true;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static final TypeReference<Known> KNOWN = new TypeReference<>() {};

    record Known(int known) {}

    @SuppressWarnings("TypeParameterUnusedInFormals")
    private static <T> T read(String json, TypeReference<T> type) throws IOException {
        ObjectMapper mapper = Json.mapper(null, 1 << 20);
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return Json.read(mapper.readerFor(type), new Message(bytes, 0, bytes.length));
    }

    @Test
    void whatIsSmallToWriteAndHugeToWorkWithIsRefusedAlsoAsATextOrAKey() throws IOException {
        TypeReference<BigDecimal> decimal = new TypeReference<>() {};
        TypeReference<Map<BigDecimal, Integer>> keys = new TypeReference<>() {};
        TypeReference<Optional<BigDecimal>> optional = new TypeReference<>() {};
        for (String huge : List.of("1e999999999", "1e-999999999", "1e9999", "x")) {
            assertThrows(IOException.class, () -> read('"' + huge + '"', decimal));
            assertThrows(IOException.class, () -> read('"' + huge + '"', optional));
            assertThrows(IOException.class, () -> read("{\"" + huge + "\":1}", keys));
        }
        BigDecimal number = new BigDecimal("1.50");
        assertEquals(number, read("\"1.50\"", decimal));
        assertEquals(number, read("1.50", decimal));
        assertEquals(Optional.of(number), read("1.50", optional));
        assertEquals(Map.of(number, 1), read("{\"1.50\":1}", keys));
    }

    record Told(@JsonFormat(shape = JsonFormat.Shape.NUMBER) Instant at) {}

    @Test
    void aNumberIsNoTimeUnlessItsOwnerSaysSo() throws IOException {
        TypeReference<Instant> instant = new TypeReference<>() {};
        TypeReference<Duration> duration = new TypeReference<>() {};
        TypeReference<Map<String, OffsetDateTime>> times = new TypeReference<>() {};
        for (String number : List.of("1e1000", "1e20", "1.5", "0", "1700000000000")) {
            assertThrows(IOException.class, () -> read(number, instant));
            assertThrows(IOException.class, () -> read(number, duration));
            assertThrows(IOException.class, () -> read("{\"a\":" + number + "}", times));
        }
        assertThrows(IOException.class, () -> read('"' + "9".repeat(1_000_000) + ".1\"", instant));
        assertEquals(Instant.EPOCH, read("\"1970-01-01T00:00:00Z\"", instant));
        assertEquals(Duration.ofSeconds(2), read("\"PT2S\"", duration));
        assertEquals(new Told(Instant.ofEpochMilli(1_500)), read("{\"at\":1.5}", new TypeReference<Told>() {}));
    }

    /** Its hash code is that of its text, and texts with any hash code are easy to find. */
    record Name(@JsonValue String text) {

        @JsonCreator
        Name {}
    }

    /** Which has an order, by which nothing is found. */
    record Ranked(String text) implements Comparable<Ranked> {

        @Override
        public int compareTo(Ranked other) {
            return 0;
        }
    }

    /** As many different texts with one hash code. */
    private static List<String> alike(int count) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            for (int bit = 0; bit < 16; bit++) {
                text.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            texts.add(text.toString());
        }
        return texts;
    }

    private static String array(List<String> texts, String before, String after) {
        return texts.stream().map(text -> before + '"' + text + '"' + after).collect(joining(",", "[", "]"));
    }

    private static String object(List<String> texts) {
        return texts.stream().map(text -> '"' + text + "\":1").collect(joining(",", "{", "}"));
    }

    private static void assertTooManyAlike(String json, TypeReference<?> type) {
        IOException e = assertThrows(IOException.class, () -> read(json, type), type.getType()::getTypeName);
        String problem = Json.problem(e);
        assertTrue(
                problem.matches("it exceeds a limit: Number of elements or keys with one hash code \\(\\d+\\) exceeds"
                        + " the maximum allowed \\(1000\\)"),
                problem);
    }

    @Test
    void elementsAndKeysThatTheirSenderMadeHashAlikeAreRefused() {
        List<String> alike = alike(20_000);
        assertTooManyAlike(array(alike, "", ""), new TypeReference<Set<Name>>() {});
        assertTooManyAlike(array(alike, "", ""), new TypeReference<LinkedHashSet<Name>>() {});
        assertTooManyAlike(array(alike, "", ""), new TypeReference<Set<Optional<String>>>() {});
        assertTooManyAlike(array(alike, "", ""), new TypeReference<Set<JsonNode>>() {});
        assertTooManyAlike(array(alike, "", ""), new TypeReference<CopyOnWriteArraySet<String>>() {});
        assertTooManyAlike(array(alike, "[", "]"), new TypeReference<Set<List<String>>>() {});
        assertTooManyAlike(array(alike, "[", "]"), new TypeReference<Set<Object>>() {});
        assertTooManyAlike(array(alike, "{\"text\":", "}"), new TypeReference<Set<Ranked>>() {});
        assertTooManyAlike(object(alike), new TypeReference<Map<Name, Integer>>() {});
        assertTooManyAlike(object(alike), new TypeReference<ConcurrentHashMap<Name, Integer>>() {});
        assertTooManyAlike(object(alike), new TypeReference<Hashtable<String, Integer>>() {});
        assertTooManyAlike(
                '[' + array(List.of("a"), "", "") + ',' + array(alike, "", "") + ']',
                new TypeReference<List<Set<Name>>>() {});
    }

    @Test
    void manyElementsAreReadAndThoseWithAnOrderMayHashAlike() throws IOException {
        List<String> alike = alike(20_000);
        assertEquals(
                20_000,
                read(array(alike, "", ""), new TypeReference<Set<String>>() {}).size());
        assertEquals(
                20_000,
                read(array(alike, "", ""), new TypeReference<List<Name>>() {}).size());
        assertEquals(
                20_000,
                read(object(alike), new TypeReference<Map<String, Integer>>() {})
                        .size());
        List<String> others = IntStream.range(0, 20_000).mapToObj(i -> "n" + i).toList();
        Set<Name> names = others.stream().map(Name::new).collect(toSet());
        assertEquals(names, read(array(others, "", ""), new TypeReference<Set<Name>>() {}));
        assertEquals(
                names,
                read(object(others), new TypeReference<Map<Name, Integer>>() {}).keySet());
        List<String> same = Collections.nCopies(20_000, "a");
        assertEquals(Set.of(new Name("a")), read(array(same, "", ""), new TypeReference<Set<Name>>() {}));
        assertEquals(others, read(array(others, "", ""), new TypeReference<CopyOnWriteArrayList<String>>() {}));
        assertEquals(
                new HashSet<>(Arrays.asList(new Name("a"), null)),
                read("[\"a\",null,\"a\"]", new TypeReference<Set<Name>>() {}));
    }

    private static String refusal(Version core, Version databind) {
        return String.valueOf(assertThrows(IllegalStateException.class, () -> Json.requireJackson(core, databind))
                .getMessage());
    }

    private static Version core(int minor, int patch) {
        return new Version(2, minor, patch, null, "com.fasterxml.jackson.core", "jackson-core");
    }

    private static Version databind(int minor, int patch) {
        return new Version(2, minor, patch, null, "com.fasterxml.jackson.core", "jackson-databind");
    }
}

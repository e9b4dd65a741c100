package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.channel.Message;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void aJacksonThatIsTooOldOrMixedIsNamedBeforeItFails() {
        Json.requireJackson(version(19, 2), version(19, 2));
        Json.requireJackson(version(22, 1), version(21, 8));
        assertEquals(
                "The bus needs Jackson 2.19.0 or later, with all of its parts of one version; found jackson-core 2.15.4"
                        + " and jackson-databind 2.15.4. Import com.fasterxml.jackson:jackson-bom, or with Spring Boot"
                        + " set jackson-bom.version",
                refusal(version(15, 4), version(15, 4)));
        refusal(version(17, 2), version(21, 8));
    }

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

    @Test
    void aNumberThatIsNoTimeIsNotTheYear1970() throws IOException {
        TypeReference<Instant> instant = new TypeReference<>() {};
        TypeReference<Duration> duration = new TypeReference<>() {};
        TypeReference<Map<String, OffsetDateTime>> times = new TypeReference<>() {};
        for (String huge : List.of("1e1000", "-1e1000", "1e20", "1e64")) {
            assertThrows(IOException.class, () -> read(huge, instant));
            assertThrows(IOException.class, () -> read(huge, duration));
            assertThrows(IOException.class, () -> read("{\"a\":" + huge + "}", times));
        }
        assertEquals(Instant.ofEpochMilli(1_500), read("1.5", instant));
        assertEquals(Duration.ofMillis(1_500), read("1.5", duration));
        assertEquals(Instant.EPOCH, read("\"1970-01-01T00:00:00Z\"", instant));
        assertEquals(Duration.ofSeconds(2), read("\"PT2S\"", duration));
    }

    private static String refusal(Version core, Version databind) {
        return String.valueOf(assertThrows(IllegalStateException.class, () -> Json.requireJackson(core, databind))
                .getMessage());
    }

    private static Version version(int minor, int patch) {
        return new Version(2, minor, patch, null, null, null);
    }
}

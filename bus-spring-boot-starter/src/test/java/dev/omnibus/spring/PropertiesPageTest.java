package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * docs/reference/spring-properties.md is made of the metadata that the build makes of {@link OmnibusProperties}, the
 * same that editors show.
 *
 * <p>When a change is meant, {@code -Dspring-properties.accept=true} writes the page anew.
 */
class PropertiesPageTest {

    private static final Path PAGE = Path.of("../docs/reference/spring-properties.md");
    private static final String BEGIN = "<!-- properties -->\n";
    private static final String END = "<!-- end of properties -->\n";

    @Test
    void thePageHasTheMetadata() throws IOException {
        String page = Files.readString(PAGE);
        String before = page.substring(0, page.indexOf(BEGIN) + BEGIN.length());
        String expected = before + table() + page.substring(page.indexOf(END));
        if (Boolean.getBoolean("spring-properties.accept")) {
            Files.writeString(PAGE, expected);
        }
        assertThat(Files.readString(PAGE)).isEqualTo(expected);
    }

    @Test
    void everyPropertyIsDescribed() throws IOException {
        for (JsonNode property : metadata().get("properties")) {
            assertThat(property.path("description").asText())
                    .as(property.get("name").asText())
                    .isNotEmpty();
        }
    }

    private static JsonNode metadata() throws IOException {
        try (InputStream json =
                PropertiesPageTest.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            return new ObjectMapper().readTree(json);
        }
    }

    private static String table() throws IOException {
        Map<String, String> rows = new TreeMap<>();
        for (JsonNode property : metadata().get("properties")) {
            String name = property.get("name").asText();
            String type = property.get("type").asText();
            String shown = name.equals("omnibus.clients") ? "omnibus.clients.<service>.…" : name;
            rows.put(
                    name,
                    "| `" + shown + "` | " + typeOf(type) + " | "
                            + property.path("defaultValue").asText() + " | "
                            + property.path("description").asText() + " |\n");
        }
        return "| property | type | default | |\n|---|---|---|---|\n" + String.join("", rows.values());
    }

    private static String typeOf(String type) {
        String simple = type.replaceAll("<.*", "");
        return simple.substring(Math.max(simple.lastIndexOf('.'), simple.lastIndexOf('$')) + 1);
    }
}

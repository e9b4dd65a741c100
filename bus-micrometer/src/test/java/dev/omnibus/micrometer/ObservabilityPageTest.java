package dev.omnibus.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.micrometer.Convention.Meter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The page of observability has the tables that the code gives. With {@code -Dobservability-page.accept=true} they are
 * written into it.
 */
class ObservabilityPageTest {

    private static final Path PAGE = Path.of("../docs/reference/observability.md");

    private static String keys(List<Convention> keys) {
        return keys.isEmpty()
                ? "-"
                : keys.stream().map(key -> "`" + key.text() + "`").collect(Collectors.joining(", "));
    }

    private static String meters() {
        return Arrays.stream(Convention.values())
                .filter(one -> one.meter() != null)
                .map(one -> "| `" + one.text() + "` | " + kind(one) + " | " + one.description() + " | "
                        + keys(one.keys()) + " |\n")
                .collect(Collectors.joining("", "| meter | kind | what | keys |\n|---|---|---|---|\n", ""));
    }

    private static String kind(Convention one) {
        Meter meter = one.meter();
        return meter == null ? "" : meter.name().toLowerCase(Locale.ROOT);
    }

    private static String attributes() {
        return Arrays.stream(Convention.values())
                .filter(one -> one.meter() == null)
                .map(one -> "| `" + one.text() + "` | " + one.description() + " | " + spans(one) + " |\n")
                .collect(Collectors.joining("", "| key | value | spans |\n|---|---|---|\n", ""));
    }

    private static String spans(Convention one) {
        String kinds = Arrays.stream(Kind.values())
                .filter(one.spans()::contains)
                .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return kinds.isEmpty() ? "-" : kinds;
    }

    private static String replaced(String page, String name, String table) {
        String begin = "<!-- table: " + name + " -->\n";
        int from = page.indexOf(begin) + begin.length();
        return page.substring(0, from) + table + page.substring(page.indexOf("<!-- end -->", from));
    }

    @Test
    void itsTablesAreThoseOfTheCode() throws IOException {
        String page = Files.readString(PAGE);
        String right = replaced(replaced(page, "meters", meters()), "attributes", attributes());
        if (Boolean.getBoolean("observability-page.accept")) {
            Files.writeString(PAGE, right);
        }
        assertEquals(right, Files.readString(PAGE));
    }

    @Test
    void noNameIsThereTwice() {
        List<String> names =
                Arrays.stream(Convention.values()).map(Convention::text).toList();
        assertEquals(names.stream().distinct().toList(), names);
    }
}

package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.Version;
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

    private static String refusal(Version core, Version databind) {
        return String.valueOf(assertThrows(IllegalStateException.class, () -> Json.requireJackson(core, databind))
                .getMessage());
    }

    private static Version version(int minor, int patch) {
        return new Version(2, minor, patch, null, null, null);
    }
}

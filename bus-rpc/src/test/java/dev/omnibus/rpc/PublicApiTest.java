package dev.omnibus.rpc;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * A golden file of all that programs can see: what changes there changes for users, and is to be seen in a review.
 *
 * <p>When a change is meant, {@code mvn -pl bus-rpc -am test -Dtest=PublicApiTest -Dpublic-api.accept=true
 * -Dsurefire.failIfNoSpecifiedTests=false} writes the file anew.
 */
class PublicApiTest {

    private static final Path GOLDEN = Path.of("src/test/resources/public-api.txt");

    @Test
    void whatProgramsSeeIsWhatTheGoldenFileSays() throws IOException {
        String now = signatures();
        if (Boolean.getBoolean("public-api.accept")) {
            Files.writeString(GOLDEN, now);
        }
        assertEquals(
                Files.readString(GOLDEN),
                now,
                "the public API has changed; see this test for how to say that it is meant");
    }

    /** As javap has them, without what it compiles to and where from. */
    private static String signatures() {
        List<String> arguments = new ArrayList<>(List.of("-public", "-cp", System.getProperty("java.class.path")));
        new ClassFileImporter()
                        .withImportOption(location -> !location.contains("test-classes"))
                        .importPackages(
                                "dev.omnibus.bus",
                                "dev.omnibus.durable",
                                "dev.omnibus.transport",
                                "dev.omnibus.rpc",
                                "dev.omnibus.testing")
                        .stream()
                        .filter(not(
                                resideInAnyPackage("dev.omnibus.rpc.internal..", "dev.omnibus.transport.redisson.*..")))
                        .filter(PublicApiTest::isVisible)
                        .map(JavaClass::getName)
                        .sorted()
                        .forEach(arguments::add);
        StringWriter out = new StringWriter();
        ToolProvider javap = ToolProvider.findFirst("javap").orElseThrow();
        assertEquals(
                0,
                javap.run(new PrintWriter(out), new PrintWriter(out), arguments.toArray(String[]::new)),
                out::toString);
        return out.toString().replaceAll("(?m)^Compiled from .*\\R", "").replace("\r\n", "\n");
    }

    private static boolean isVisible(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && type.getEnclosingClass().map(PublicApiTest::isVisible).orElse(true);
    }
}

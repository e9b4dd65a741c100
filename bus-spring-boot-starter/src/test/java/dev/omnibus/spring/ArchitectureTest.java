package dev.omnibus.spring;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.omnibus.spring.test.BusProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The arrows and house rules of this module. */
@AnalyzeClasses(packages = "dev.omnibus.spring", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final int MAX_LINES = 600;

    @ArchTest
    static final ArchRule redissonIsOnlyConfigured = noClasses()
            .should()
            .dependOnClassesThat(
                    resideInAPackage("org.redisson..").and(not(resideInAPackage("org.redisson.config.."))));

    @ArchTest
    static final ArchRule theRoomsOfTheLibraryStayClosedToAllButTheProbe = noClasses()
            .that(not(equivalentTo(BusProbe.class)))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.omnibus.internal..", "dev.omnibus.rpc.internal..");

    @ArchTest
    static final ArchRule nothingDependsOnTheTestSlice = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.spring.test")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.spring.test");

    @ArchTest
    static final ArchRule publicClassesAreFinalOrInterfaces =
            classes().that().arePublic().and().areNotInterfaces().should().haveModifier(JavaModifier.FINAL);

    @Test
    void noFileIsLongerThanItMayBe() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java")).toList();
            assertThat(sources).hasSizeGreaterThan(30);
            for (Path source : sources) {
                assertThat(Files.readAllLines(source)).as(source.toString()).hasSizeLessThanOrEqualTo(MAX_LINES);
            }
        }
    }
}

package dev.omnibus.examples;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

@AnalyzeClasses(packages = "dev.omnibus.examples", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final int LONGEST = 600;

    @ArchTest
    static final ArchRule examplesUseTheBusOnlyAndRedissonsConfig = noClasses()
            .should()
            .dependOnClassesThat(resideInAnyPackage("org.redisson..", "io.netty..")
                    .and(not(resideInAPackage("org.redisson.config"))));

    @Test
    void noFileOfAnyModuleIsLongerThanItMayBe() throws Exception {
        List<Path> sources;
        try (Stream<Path> modules = Files.list(Repository.root())) {
            sources = modules.flatMap(module -> Repository.files(module.resolve("src"), ".java").stream())
                    .toList();
        }
        assertFalse(sources.isEmpty());
        assertEquals(
                List.of(),
                sources.stream()
                        .filter(source -> Repository.lines(source).size() > LONGEST)
                        .toList());
    }
}

package dev.omnibus.testing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.omnibus.testing", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule noClientLibraryIsBehindIt = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "dev.omnibus.testing",
                    "org.slf4j..",
                    "org.jspecify..",
                    "com.google.errorprone.annotations..",
                    "org.junit.jupiter.api.extension..",
                    "org.junit.platform.commons.support..");

    @ArchTest
    static final ArchRule junitIsOptional = noClasses()
            .that()
            .doNotHaveSimpleName("WithRedis")
            .and()
            .haveSimpleNameNotStartingWith("RedisExtension")
            .and()
            .doNotHaveSimpleName("LeakCheck")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.junit..");
}

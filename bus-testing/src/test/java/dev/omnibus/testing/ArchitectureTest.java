package dev.omnibus.testing;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.concurrent.CompletableFuture;

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
    static final ArchRule noThreadOfTheJdkIsLeftBehind = noClasses()
            .should()
            .callMethodWhere(target(owner(assignableTo(CompletableFuture.class)))
                    .and(target(nameMatching("orTimeout|completeOnTimeout|delayedExecutor"))))
            .because("it starts a thread that mvn exec:java waits for");

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

package dev.omnibus;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusException;
import dev.omnibus.channel.GuardedFuture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The arrows and house rules of this module. */
@AnalyzeClasses(packages = "dev.omnibus", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final int MAX_LINES = 600;

    @ArchTest
    static final ArchRule theTransportInterfaceKnowsNobody = classes()
            .that()
            .resideInAPackage("dev.omnibus.transport")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "org.jspecify..", "org.slf4j..", "dev.omnibus.transport");

    @ArchTest
    static final ArchRule transportsKnowOnlyTheirInterface = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.transport..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.omnibus.channel..", "dev.omnibus.bus..");

    @ArchTest
    static final ArchRule transportsDoNotKnowEachOther = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.transport.redisson")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.memory");

    @ArchTest
    static final ArchRule theMemoryTransportDoesNotKnowRedis = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.transport.memory")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.redisson");

    @ArchTest
    static final ArchRule channelsKnowOnlyTheTransportInterface = classes()
            .that()
            .resideInAPackage("dev.omnibus.channel")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..", "org.slf4j..", "org.jspecify..", "dev.omnibus.transport", "dev.omnibus.channel");

    @ArchTest
    static final ArchRule onlyTheBusItselfMakesARedissonTransport = noClasses()
            .that(not(resideInAPackage("dev.omnibus.transport.redisson")).and(not(equivalentTo(Bus.class))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.redisson");

    @ArchTest
    static final ArchRule nothingButTestsUsesTheMemoryTransport = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.transport.memory")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.memory");

    @ArchTest
    static final ArchRule redissonAndNettyStayInOnePackage = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.transport.redisson")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.redisson..", "io.netty..");

    @ArchTest
    static final ArchRule guavaStaysWhereItsEventBusIsMet = noClasses()
            .that()
            .haveNameNotMatching("dev\\.omnibus\\.bus\\.(LocalEvents|GuavaBridge)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.google.common..");

    @ArchTest
    static final ArchRule jsonStaysAboveTheChannels = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.bus")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.fasterxml..");

    @ArchTest
    static final ArchRule nobodyWaitsOnTheTimerOfTheJdk = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.testing..")
            .should()
            .callMethodWhere(target(owner(assignableTo(CompletableFuture.class)))
                    .and(target(nameMatching("orTimeout|completeOnTimeout|delayedExecutor"))))
            .because("it is not always there; a bus has a timer of its own");

    @ArchTest
    static final ArchRule noClassHasANameThatSaysNothing =
            noClasses().should().haveNameMatching(".*(Impl|Util|Utils|Helper|Manager)");

    @ArchTest
    static final ArchRule publicClassesAreFinalOrInterfaces = classes()
            .that()
            .arePublic()
            .and()
            .areNotInterfaces()
            .and(not(equivalentTo(BusException.class)))
            .and(not(equivalentTo(GuardedFuture.class)))
            .should()
            .haveModifier(JavaModifier.FINAL);

    @Test
    void noFileIsLongerThanItMayBe() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            sources = files.filter(file -> file.toString().endsWith(".java")).toList();
        }
        assertTrue(sources.size() > 30);
        for (Path source : sources) {
            int lines = Files.readAllLines(source).size();
            assertEquals(MAX_LINES, Math.max(MAX_LINES, lines), () -> source + " is too long");
        }
    }
}

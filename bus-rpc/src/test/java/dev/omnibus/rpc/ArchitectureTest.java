package dev.omnibus.rpc;

import static com.tngtech.archunit.base.DescribedPredicate.anyElementThat;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noCodeUnits;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

@AnalyzeClasses(packages = "dev.omnibus.rpc", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String[] API = {"dev.omnibus.rpc", "dev.omnibus.rpc.redisrpc"};

    private static final String[] ROOMS = {"dev.omnibus.internal..", "dev.omnibus.rpc.internal.."};

    @ArchTest
    static final ArchRule noRoomsKnowEachOtherInACircle =
            slices().matching("dev.omnibus.rpc.internal.(*)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule nothingInternalIsInAPublicSignature = noCodeUnits()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat(resideInAnyPackage(API))
            .and()
            .areDeclaredInClassesThat(modifier(JavaModifier.PUBLIC))
            .should()
            .haveRawReturnType(resideInAnyPackage(ROOMS))
            .orShould()
            .haveRawParameterTypes(anyElementThat(resideInAnyPackage(ROOMS)));

    @ArchTest
    static final ArchRule nothingPublicIsOfAnInternalType = noClasses()
            .that()
            .resideInAnyPackage(API)
            .and()
            .arePublic()
            .should()
            .beAssignableTo(resideInAnyPackage(ROOMS))
            .because("what it inherits from there would be API");

    @ArchTest
    static final ArchRule nobodyWaitsOnTheTimerOfTheJdk = noClasses()
            .should()
            .callMethodWhere(target(owner(assignableTo(CompletableFuture.class)))
                    .and(target(nameMatching("orTimeout|completeOnTimeout|delayedExecutor"))))
            .because("it is not always there; a bus has a timer of its own");

    @ArchTest
    static final ArchRule itStandsOnTheBusAndItsChannels = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "javax.crypto..",
                    "dev.omnibus.rpc..",
                    "dev.omnibus.bus",
                    "dev.omnibus.internal..",
                    "dev.omnibus.transport",
                    "com.fasterxml.jackson..",
                    "com.fasterxml.classmate..",
                    "com.github.victools..",
                    "org.slf4j..",
                    "org.jspecify.annotations..",
                    "com.google.errorprone.annotations..");

    @ArchTest
    static final ArchRule adaptersStandOnCallsAndNotTheOtherWayRound = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.rpc.redisrpc")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.rpc.redisrpc");

    @ArchTest
    static final ArchRule clientsAndServersDoNotKnowEachOther = noClasses()
            .that()
            .resideInAnyPackage("dev.omnibus.rpc.internal.client", "dev.omnibus.rpc.internal.broadcast")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.rpc.internal.server")
            .orShould()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.rpc.redisrpc");

    @ArchTest
    static final ArchRule whatBothSidesStandOnKnowsNeither = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.omnibus.rpc.internal.directory",
                    "dev.omnibus.rpc.internal.contract",
                    "dev.omnibus.rpc.internal.wire")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.omnibus.rpc.internal.client",
                    "dev.omnibus.rpc.internal.broadcast",
                    "dev.omnibus.rpc.internal.server");

    @ArchTest
    static final ArchRule jsonOfCallsIsReadInOnePlace = noClasses()
            .that()
            .haveNameNotMatching("dev\\.omnibus\\.rpc\\.internal\\.(wire\\..*|directory\\.Manifests)(\\$.*)?")
            .should()
            .dependOnClassesThat(DescribedPredicate.describe(
                    "are of Jackson's streaming API",
                    type -> type.getPackageName().startsWith("com.fasterxml.jackson.core")
                            && !type.getName().equals("com.fasterxml.jackson.core.type.TypeReference")
                            && !type.isAssignableTo(Throwable.class)));

    @ArchTest
    static final ArchRule schemasAreMadeInOnePlace = noClasses()
            .that()
            .haveNameNotMatching("dev\\.omnibus\\.rpc\\.internal\\.contract\\.Schemas")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.github.victools..", "com.fasterxml.classmate..");

    @ArchTest
    static final ArchRule namesSayWhatAThingIs =
            noClasses().should().haveNameMatching(".*(Impl|Utils?|Helper|Manager)(\\$.*)?");

    @ArchTest
    static final ArchRule nothingPublicIsOpenToInheritance = classes()
            .that()
            .arePublic()
            .should()
            .beInterfaces()
            .orShould()
            .haveModifier(JavaModifier.FINAL)
            .orShould()
            .beAssignableTo(Throwable.class);

    @Test
    void noFileIsLong() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            List<Path> tooLong = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(ArchitectureTest::isLong)
                    .toList();
            assertEquals(List.of(), tooLong);
        }
    }

    private static boolean isLong(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count() > 600;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

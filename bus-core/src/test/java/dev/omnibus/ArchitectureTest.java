package dev.omnibus;

import static com.tngtech.archunit.base.DescribedPredicate.anyElementThat;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noCodeUnits;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusException;
import dev.omnibus.internal.channel.Outbox;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.durable.consume.Reader;
import dev.omnibus.internal.observe.OperationView;
import dev.omnibus.transport.NonBlockingThread;
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

    private static final String[] API = {
        "dev.omnibus.bus",
        "dev.omnibus.durable",
        "dev.omnibus.transport",
        "dev.omnibus.transport.redisson",
        "dev.omnibus.transport.memory"
    };

    private static final String[] ROOMS = {"dev.omnibus.internal..", "dev.omnibus.transport.redisson.*.."};

    @ArchTest
    static final ArchRule theTransportInterfaceKnowsNobody = classes()
            .that()
            .resideInAPackage("dev.omnibus.transport")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "org.jspecify..", "dev.omnibus.transport");

    @ArchTest
    static final ArchRule transportsKnowTheirInterfaceAndThreads = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.transport..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.omnibus..")
                    .and(not(resideInAnyPackage("dev.omnibus.transport..", "dev.omnibus.internal.concurrent"))));

    @ArchTest
    static final ArchRule transportsDoNotKnowEachOther = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.transport.redisson..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.memory");

    @ArchTest
    static final ArchRule theMemoryTransportDoesNotKnowRedis = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.transport.memory")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.redisson..");

    @ArchTest
    static final ArchRule channelsKnowTheTransportInterfaceAndThreads = classes()
            .that()
            .resideInAPackage("dev.omnibus.internal.channel")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "org.slf4j..",
                    "org.jspecify..",
                    "dev.omnibus.transport",
                    "dev.omnibus.internal.concurrent",
                    "dev.omnibus.internal.channel");

    @ArchTest
    static final ArchRule threadsKnowNobody = classes()
            .that()
            .resideInAPackage("dev.omnibus.internal.concurrent")
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage("java..", "org.slf4j..", "org.jspecify..", "dev.omnibus.internal.concurrent")
                            .or(equivalentTo(NonBlockingThread.class)));

    @ArchTest
    static final ArchRule jsonKnowsNoEvents = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.internal.json")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.omnibus.bus", "dev.omnibus.internal.event", "dev.omnibus.transport..");

    @ArchTest
    static final ArchRule noRoomsKnowEachOtherInACircle =
            slices().matching("dev.omnibus.internal.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule noRoomsOfDurableTopicsKnowEachOtherInACircle =
            slices().matching("dev.omnibus.internal.durable.(*)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule theRoomsOfDurableTopicsDoNotKnowWhoOpensThem = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.internal.durable.*")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.internal.durable");

    @ArchTest
    static final ArchRule noRoomsOfATransportKnowEachOtherInACircle =
            slices().matching("dev.omnibus.transport.redisson.(*)").should().beFreeOfCycles();

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
    static final ArchRule onlyTheBusItselfMakesARedissonTransport = noClasses()
            .that(not(resideInAPackage("dev.omnibus.transport.redisson..")).and(not(equivalentTo(Bus.class))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.redisson..");

    @ArchTest
    static final ArchRule nothingButTestsUsesTheMemoryTransport = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.transport.memory")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.transport.memory");

    @ArchTest
    static final ArchRule redissonAndNettyStayInOnePlace = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.transport.redisson..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.redisson..", "io.netty..");

    /** SubscriptionDecoder is what is put into the place of Redisson's decoder, and so is one of these. */
    @ArchTest
    static final ArchRule oneClassReachesIntoRedissonAndNetty = noClasses()
            .that()
            .haveNameNotMatching(
                    "dev\\.omnibus\\.transport\\.redisson\\.connection\\.(RedissonInternals|RedissonSelfTest|ShardConnection|SubscriptionDecoder)(\\$.*)?")
            .should()
            .dependOnClassesThat(resideInAPackage("org.redisson..")
                    .and(not(resideInAnyPackage(
                            "org.redisson.api..", "org.redisson.config..", "org.redisson.client.codec..")))
                    .and(not(nameMatching("org\\.redisson\\.(Redisson|RedissonShutdownException"
                            + "|client\\.(\\w+Exception|RedisClient|NettyHook|protocol\\.ScoredEntry))")))
                    .or(resideInAPackage("io.netty.util.internal.."))
                    .or(nameMatching("io\\.netty\\.channel\\.Channel\\$Unsafe")));

    @ArchTest
    static final ArchRule guavaStaysWhereItsEventBusIsMet = noClasses()
            .that()
            .haveNameNotMatching("dev\\.omnibus\\.(internal\\.event\\.AnnotatedSubscribers|bus\\.GuavaBridge)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.google.common..");

    @ArchTest
    static final ArchRule jsonStaysAboveTheChannels = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.omnibus.bus",
                    "dev.omnibus.internal.json",
                    "dev.omnibus.internal.event",
                    "dev.omnibus.internal.presence",
                    "dev.omnibus.internal.runtime")
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
            .and(not(equivalentTo(Outbox.class)))
            .and(not(equivalentTo(Reader.class)))
            .and(not(equivalentTo(OperationView.class)))
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

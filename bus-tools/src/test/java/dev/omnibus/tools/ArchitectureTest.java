package dev.omnibus.tools;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

@AnalyzeClasses(packages = "dev.omnibus.tools", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final int MAX_LINES = 600;

    @ArchTest
    static final ArchRule aWatchKnowsNobodyThatUsesIt = noClasses()
            .that()
            .resideInAPackage("dev.omnibus.tools.watch")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.omnibus.tools.cli..", "dev.omnibus.tools.console..", "picocli..");

    @ArchTest
    static final ArchRule toolsDoNotKnowEachOtherInACircle =
            slices().matching("dev.omnibus.tools.(*)..").should().beFreeOfCycles();

    /** Nor does the base know them. */
    @ArchTest
    static final ArchRule roomsOfCommandsKnowTheBaseAndNotEachOther = slices().matching("dev.omnibus.tools.cli.(*)")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(alwaysTrue(), resideInAPackage("dev.omnibus.tools.cli.base"));

    @ArchTest
    static final ArchRule nobodyKnowsTheEntryPoint = noClasses()
            .that()
            .resideOutsideOfPackage("dev.omnibus.tools.cli")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.tools.cli");

    @ArchTest
    static final ArchRule oneClassSpeaksToRedisBesideTheBus = noClasses()
            .that()
            .haveNameNotMatching(".*\\.(RedisCommands(\\$.*)?|Startup)") // which only initializes what the bus will use
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.netty..", "org.redisson.client.codec..", "org.redisson.client.protocol..");

    @ArchTest
    static final ArchRule onlyTheDemoStartsAServer = noClasses()
            .that()
            .haveNameNotMatching(".*\\.DemoCommand(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.omnibus.testing..");

    @ArchTest
    static final ArchRule noCommandPrintsPastItsOutput = noClasses()
            .that()
            .haveSimpleNameEndingWith("Command")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule commandsAreNamedSo = classes()
            .that()
            .areAnnotatedWith(picocli.CommandLine.Command.class)
            .and()
            .areTopLevelClasses()
            .should()
            .haveSimpleNameEndingWith("Command");

    @ArchTest
    static final ArchRule noClassHasANameThatSaysNothing =
            noClasses().should().haveNameMatching(".*(Impl|Util|Utils|Helper|Manager)");

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

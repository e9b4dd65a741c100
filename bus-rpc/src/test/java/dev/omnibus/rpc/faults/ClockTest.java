package dev.omnibus.rpc.faults;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;

/** A clock that is wrong, or that is set, changes nothing: nobody looks at it, but to say when something was. */
@AnalyzeClasses(
        packages = {"dev.omnibus.rpc", "dev.omnibus.bus", "dev.omnibus.internal", "dev.omnibus.transport"},
        importOptions = DoNotIncludeTests.class)
class ClockTest {

    @ArchTest
    static final ArchRule theWallClockDecidesNothing = noClasses()
            .that()
            .haveNameNotMatching(
                    "dev\\.omnibus\\.(internal\\.event\\.EventCodec|rpc\\.internal\\.directory\\.LeasePublisher)(\\$.*)?")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class);
}

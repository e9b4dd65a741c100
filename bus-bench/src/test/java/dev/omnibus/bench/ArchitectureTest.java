package dev.omnibus.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.omnibus.bench", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule eachPeerIsInOneClass = noClasses()
            .that()
            .haveNameNotMatching(".*\\.(NatsPeer|JetStreamPeer|GrpcPeer)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.nats..", "io.grpc..");

    @ArchTest
    static final ArchRule redissonIsInItsPeersOnly = noClasses()
            .that()
            .haveNameNotMatching(
                    ".*\\.(RedissonPeer|TopicPeer|RemoteServicePeer|StreamPeer|StreamBatches|ReliableTopicPeer|Desk)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.redisson..", "io.netty..");

    /** As a user would: no channels, no transport. */
    @ArchTest
    static final ArchRule omnibusIsUsedThroughItsFacade = classes()
            .that()
            .haveNameMatching(".*\\.Omnibus(Peer|Durable)(\\$.*)?")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "dev.omnibus.bench.peer",
                    "dev.omnibus.bench.server",
                    "dev.omnibus.bus",
                    "dev.omnibus.durable",
                    "dev.omnibus.rpc",
                    "org.jspecify..");

    /** Servers know no peers, and what is measured does not know who asks. */
    @ArchTest
    static final ArchRule arrowsPointDownwards = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("root")
            .definedBy("dev.omnibus.bench")
            .layer("job")
            .definedBy("dev.omnibus.bench.job")
            .layer("peer")
            .definedBy("dev.omnibus.bench.peer")
            .layer("server")
            .definedBy("dev.omnibus.bench.server")
            .whereLayer("root")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("job")
            .mayOnlyBeAccessedByLayers("root")
            .whereLayer("peer")
            .mayOnlyBeAccessedByLayers("root", "job");
}

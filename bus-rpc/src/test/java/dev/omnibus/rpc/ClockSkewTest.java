package dev.omnibus.rpc;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess.Predicates;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.transport.Transport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A wall clock that is wrong has no effect: nothing is decided by one, and none is compared with another. */
class ClockSkewTest extends PlayedNodes {

    @Test
    void aNodeWhoseClockIsAnHourOffIsCalledAndLostLikeAnyOther() throws Exception {
        for (Duration skew : List.of(Duration.ofHours(1), Duration.ofHours(-1))) {
            String id = skew.isNegative() ? "behind" : "ahead";
            Transport link = played(id, request -> {
                assertTrue(request.ttlMillis() > 0 && request.ttlMillis() <= 5_000, "what is left, and not a time");
                return List.of(result(request, id, "7"));
            });
            Instant started = Instant.now().plus(skew).truncatedTo(ChronoUnit.SECONDS);
            RpcClient client = RpcClient.on(bus("caller"));
            client.runtime().directory().ready().join();
            link.renewLease("bus:nodes", "bus:node:{bus:nodes}:" + id, manifest(id, started), Duration.ofSeconds(30))
                    .join();
            say(link, Presence.JOINED, id);
            await().atMost(20, SECONDS)
                    .until(() -> Insides.serving(client.runtime().directory().nodes()).stream()
                            .anyMatch(node ->
                                    node.node().equals(id) && node.started().equals(started)));

            assertEquals(
                    7, client.call("echo.say", Integer.class, within(5_000)).get(20, SECONDS));

            say(link, Presence.LEFT, id);
            await().atMost(20, SECONDS)
                    .until(() ->
                            client.runtime().directory().serving("echo.say").isEmpty());
        }
    }

    private static byte[] manifest(String node, Instant started) {
        return ("{\"node\":\"" + node + "\",\"started\":\"" + started + "\",\"services\":{\"echo\":[\"say\"]}}")
                .getBytes(UTF_8);
    }

    @Test
    void theWallClockIsOnlyReadForWhatPeopleRead() {
        noClasses()
                .that()
                .haveNameNotMatching("dev\\.omnibus\\.internal\\.event\\.EventCodec(\\$.*)?") // the time of an event
                .and()
                .haveNameNotMatching("dev\\.omnibus\\.internal\\.presence\\.Presence") // when the node was started
                .and()
                .haveNameNotMatching("dev\\.omnibus\\.transport\\.memory\\.InMemoryNetwork") // it is the server
                .should()
                .accessTargetWhere(Predicates.target(DescribedPredicate.describe("tells the time of day", target -> {
                    JavaClass owner = target.getOwner();
                    return target.getName().equals("currentTimeMillis")
                            || (owner.getPackageName().equals("java.time")
                                    && (target.getName().equals("now") || owner.isEquivalentTo(Clock.class)))
                            || (owner.isEquivalentTo(Date.class)
                                    && target.getName().equals("<init>"));
                })))
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages(
                                "dev.omnibus.bus",
                                "dev.omnibus.durable",
                                "dev.omnibus.internal",
                                "dev.omnibus.transport",
                                "dev.omnibus.rpc"));
    }
}

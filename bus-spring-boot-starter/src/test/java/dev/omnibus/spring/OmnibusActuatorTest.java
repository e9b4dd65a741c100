package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.spring.internal.OmnibusEndpoint;
import dev.omnibus.spring.internal.OmnibusHealthIndicator;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.availability.ApplicationAvailabilityBean;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.AvailabilityProbesAutoConfiguration;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class OmnibusActuatorTest {

    private final ApplicationContextRunner runner = InMemoryConfiguration.runner();

    @Test
    void healthIsTheStateOfTheBus() {
        runner.withPropertyValues("omnibus.heartbeat=20ms").run(context -> {
            OmnibusHealthIndicator indicator = context.getBean(OmnibusHealthIndicator.class);
            Bus bus = context.getBean(Bus.class);
            Health up = health(indicator);
            assertThat(up.getStatus()).isEqualTo(Status.UP);
            assertThat(up.getDetails()).containsEntry("node", bus.node()).containsEntry("state", BusState.UP);

            context.getBean(InMemoryNetwork.class).down();
            await().until(() -> health(indicator).getStatus().equals(Status.DOWN));
            context.getBean(InMemoryNetwork.class).up();
            await().until(() -> health(indicator).getStatus().equals(Status.UP));

            bus.close();
            assertThat(health(indicator).getStatus()).isEqualTo(Status.DOWN);
            assertThat(health(indicator).getDetails()).containsEntry("state", BusState.CLOSED);
        });
    }

    private static Health health(OmnibusHealthIndicator indicator) {
        return Objects.requireNonNull(indicator.health());
    }

    @Test
    void healthIsPartOfTheWholeAndNotOfLiveness() {
        runner.withConfiguration(AutoConfigurations.of(
                        HealthEndpointAutoConfiguration.class,
                        HealthContributorAutoConfiguration.class,
                        HealthContributorRegistryAutoConfiguration.class,
                        AvailabilityProbesAutoConfiguration.class))
                .withBean("applicationAvailability", ApplicationAvailabilityBean.class)
                .withPropertyValues(
                        "management.endpoint.health.probes.enabled=true",
                        "management.health.livenessstate.enabled=true",
                        "management.endpoint.health.group.readiness.include=omnibus")
                .run(context -> {
                    HealthEndpoint endpoint = context.getBean(HealthEndpoint.class);
                    assertThat(endpoint.healthForPath("omnibus")).isNotNull();
                    assertThat(endpoint.healthForPath("readiness", "omnibus")).isNotNull();
                    assertThat(endpoint.healthForPath("liveness", "omnibus")).isNull();
                });
    }

    @Test
    void healthCanBeSwitchedOffAndReplaced() {
        runner.withPropertyValues("management.health.omnibus.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(OmnibusHealthIndicator.class));
        runner.withBean("omnibusHealthIndicator", String.class, () -> "own")
                .run(context -> assertThat(context).doesNotHaveBean(OmnibusHealthIndicator.class));
    }

    static class Shipping {
        @TopicListener(
                topics = {"orders.placed", "orders.*"},
                id = "shipping")
        void ship(String order) {}
    }

    @Test
    void theEndpointHasTheCountersOfTheNode() {
        runner.withPropertyValues(
                        "management.endpoints.web.exposure.include=omnibus",
                        "management.endpoints.jmx.exposure.include=omnibus")
                .withBean(Shipping.class)
                .withBean(RpcBeansTest.Warehouse.class)
                .run(context -> {
                    Bus bus = context.getBean(Bus.class);
                    bus.publish("orders.placed", "o-17").join();
                    await().until(() -> bus.stats().handled() == 2);
                    OmnibusEndpoint.NodeDescriptor node =
                            context.getBean(OmnibusEndpoint.class).node();
                    assertThat(node.node()).isEqualTo(bus.node());
                    assertThat(node.state()).isEqualTo(BusState.UP);
                    assertThat(node.bus().published()).isOne();
                    assertThat(node.listeners()).containsOnlyKeys("shipping");
                    assertThat(node.listeners().get("shipping")).containsOnlyKeys("orders.placed", "orders.*");
                    assertThat(node.services()).containsExactly("price-list", "stock");
                    assertThat(node.server()).isEqualTo(RpcServer.on(bus).stats());
                    bus.close();
                    assertThat(context.getBean(OmnibusEndpoint.class).node().server())
                            .isNull();
                });
    }

    static class Trouble {

        final CountDownLatch goOn = new CountDownLatch(1);

        @TopicListener(topics = "bad", id = "bad")
        void number(int number) {}

        @TopicListener(topics = "failed", id = "failed")
        void fail(String text) {
            throw new IllegalStateException("no");
        }

        @TopicListener(topics = "waiting", id = "waiting")
        void hang(String text) throws InterruptedException {
            goOn.await();
        }

        @TopicListener(topics = "deep.*", id = "deep")
        void oneToken(String text) {}
    }

    /** As docs/how-to/nothing-arrives.md has it. */
    @Test
    void theEndpointSaysWhatBecameOfAnEventThatNothingIsSeenOf() {
        runner.withPropertyValues("management.endpoints.web.exposure.include=omnibus")
                .withBean(Trouble.class)
                .run(context -> {
                    Bus bus = context.getBean(Bus.class);
                    for (String topic : List.of("bad", "failed", "waiting")) {
                        assertThat(bus.publish(topic, "text").join()).isOne();
                    }
                    assertThat(bus.publish("deep.er.down", "text").join()).isOne(); // as Redis matches it
                    assertThat(bus.publish("typo", "text").join()).isZero();
                    OmnibusEndpoint endpoint = context.getBean(OmnibusEndpoint.class);
                    await().untilAsserted(() -> {
                        assertThat(stats(endpoint, "bad").bad()).isOne();
                        assertThat(stats(endpoint, "failed").failed()).isOne();
                        assertThat(stats(endpoint, "waiting").waiting()).isOne();
                    });
                    assertThat(stats(endpoint, "deep").received()).isZero();
                    context.getBean(Trouble.class).goOn.countDown();
                });
    }

    private static SubscriptionStats stats(OmnibusEndpoint endpoint, String listener) {
        Map<String, SubscriptionStats> byTopic = endpoint.node().listeners().get(listener);
        return Objects.requireNonNull(byTopic).values().iterator().next();
    }

    @Test
    void theEndpointIsThereOnlyIfItIsExposed() {
        runner.run(context -> assertThat(context).doesNotHaveBean(OmnibusEndpoint.class));
    }
}

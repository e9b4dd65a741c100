package dev.omnibus.spring;

import dev.omnibus.bus.Bus;
import dev.omnibus.spring.internal.OmnibusEndpoint;
import dev.omnibus.spring.internal.OmnibusHealthIndicator;
import dev.omnibus.spring.internal.RpcServices;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The auto-configuration of what the actuator shows of a bus: its health, and the endpoint {@code omnibus}. Neither
 * asks Redis for anything: a bus checks its connection by itself.
 */
@AutoConfiguration(after = OmnibusAutoConfiguration.class)
@ConditionalOnSingleCandidate(Bus.class)
public final class OmnibusActuatorAutoConfiguration {

    OmnibusActuatorAutoConfiguration() {}

    /** Health, which says whether the bus is connected; it belongs into readiness, and never into liveness. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
    static class HealthConfiguration {

        @Bean
        @ConditionalOnEnabledHealthIndicator("omnibus")
        @ConditionalOnMissingBean(name = {"omnibusHealthIndicator", "omnibusHealthContributor"})
        OmnibusHealthIndicator omnibusHealthIndicator(Bus bus) {
            return new OmnibusHealthIndicator(bus);
        }
    }

    /** What this node does. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
    static class EndpointConfiguration {

        @Bean
        @ConditionalOnAvailableEndpoint
        @ConditionalOnMissingBean
        OmnibusEndpoint omnibusEndpoint(
                Bus bus, ObjectProvider<TopicListenerRegistry> listeners, ObjectProvider<RpcServices> services) {
            return new OmnibusEndpoint(bus, listeners.getIfAvailable(), services.getIfAvailable());
        }
    }
}

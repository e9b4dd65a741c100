package dev.omnibus.spring;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.micrometer.DurableTopicMeters;
import dev.omnibus.micrometer.MicrometerObserver;
import dev.omnibus.micrometer.OpenTelemetryObserver;
import dev.omnibus.micrometer.RpcServerMeters;
import dev.omnibus.rpc.ClientInterceptor;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServerInterceptor;
import dev.omnibus.spring.internal.BusFactory;
import dev.omnibus.spring.internal.DataRedisServers;
import dev.omnibus.spring.internal.OmnibusLifecycle;
import dev.omnibus.spring.internal.RpcServices;
import dev.omnibus.spring.internal.TopicListeners;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.opentelemetry.api.OpenTelemetry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/**
 * The auto-configuration of a bus, with a connection to Redis of its own, and of what is built on it. Each bean steps
 * back where the application has one of its type; what the application has of Redisson or Spring Data Redis is left
 * alone.
 *
 * @see OmnibusProperties
 * @see BusCustomizer
 */
@AutoConfiguration(afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnBooleanProperty(name = "omnibus.enabled", matchIfMissing = true)
@EnableConfigurationProperties(OmnibusProperties.class)
public final class OmnibusAutoConfiguration {

    OmnibusAutoConfiguration() {}

    /** Where Spring Boot's own module for Redis knows where it is, also by Docker Compose or Testcontainers. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(DataRedisConnectionDetails.class)
    @ConditionalOnBean(DataRedisConnectionDetails.class)
    static class DataRedisConfiguration {

        @Bean
        @ConditionalOnMissingBean({OmnibusConnectionDetails.class, Bus.class})
        OmnibusConnectionDetails omnibusConnectionDetails(
                OmnibusProperties properties,
                DataRedisConnectionDetails details,
                Environment environment,
                ObjectProvider<SslBundles> bundles) {
            return DataRedisServers.details(properties, details, environment, bundles);
        }
    }

    /** Metrics, unless the application has an observer of its own for them. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class MetricsConfiguration {

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        @ConditionalOnBooleanProperty(name = "omnibus.observation.metrics", matchIfMissing = true)
        @ConditionalOnMissingBean(MicrometerObserver.class)
        BusCustomizer omnibusMetrics(ObjectProvider<MeterRegistry> registry) {
            return builder -> registry.ifUnique(found -> builder.observer(MicrometerObserver.of(found)));
        }

        /** Of the beans; every node that has one asks Redis for these numbers, at most once a second. */
        @Bean
        @ConditionalOnBooleanProperty(name = "omnibus.observation.metrics", matchIfMissing = true)
        @ConditionalOnMissingBean(DurableTopicMeters.class)
        MeterBinder omnibusDurableTopicMeters(ObjectProvider<DurableTopic<?>> topics) {
            return registry ->
                    topics.forEach(topic -> DurableTopicMeters.of(topic).bindTo(registry));
        }

        @Bean
        @ConditionalOnBooleanProperty(name = "omnibus.observation.metrics", matchIfMissing = true)
        @ConditionalOnMissingBean(RpcServerMeters.class)
        MeterBinder omnibusServerMeters(ObjectProvider<RpcServer> server) {
            return registry ->
                    server.ifUnique(found -> RpcServerMeters.of(found).bindTo(registry));
        }
    }

    /** Traces, unless the application has an observer of its own for them. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(OpenTelemetry.class)
    static class TracesConfiguration {

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        @ConditionalOnBooleanProperty(name = "omnibus.observation.traces", matchIfMissing = true)
        @ConditionalOnMissingBean(OpenTelemetryObserver.class)
        BusCustomizer omnibusTraces(ObjectProvider<OpenTelemetry> openTelemetry) {
            return builder -> openTelemetry.ifUnique(found -> builder.observer(OpenTelemetryObserver.of(found)));
        }
    }

    @Bean
    @ConditionalOnMissingBean({OmnibusConnectionDetails.class, Bus.class})
    OmnibusConnectionDetails omnibusConnectionDetails(
            OmnibusProperties properties, Environment environment, ObjectProvider<SslBundles> bundles) {
        return BusFactory.details(properties, environment, bundles);
    }

    @Bean
    @ConditionalOnMissingBean
    Bus bus(
            OmnibusProperties properties,
            OmnibusConnectionDetails details,
            Environment environment,
            ObjectProvider<BusListener> listeners,
            ObjectProvider<BusObserver> observers,
            ObjectProvider<BusCustomizer> customizers) {
        return BusFactory.create(properties, details, environment, listeners, observers, customizers);
    }

    @Bean
    @ConditionalOnSingleCandidate(Bus.class)
    @ConditionalOnMissingBean
    RpcClient rpcClient(Bus bus, ObjectProvider<ClientInterceptor> interceptors) {
        RpcClient client = RpcClient.on(bus);
        interceptors.orderedStream().forEach(client::intercept);
        return client;
    }

    @Bean
    @ConditionalOnSingleCandidate(Bus.class)
    @ConditionalOnMissingBean
    RpcServer rpcServer(Bus bus, ObjectProvider<ServerInterceptor> interceptors) {
        RpcServer server = RpcServer.on(bus);
        interceptors.orderedStream().forEach(server::intercept);
        return server;
    }

    @Bean
    @Lazy // it begins to read leases
    @ConditionalOnSingleCandidate(Bus.class)
    @ConditionalOnMissingBean
    Directory directory(Bus bus) {
        return Directory.on(bus);
    }

    @Bean
    @Lazy // it opens another connection
    @ConditionalOnSingleCandidate(Bus.class)
    @ConditionalOnMissingBean
    DurableTopics durableTopics(Bus bus) {
        return DurableTopics.on(bus);
    }

    @Bean
    @ConditionalOnSingleCandidate(Bus.class)
    @ConditionalOnMissingBean(TopicListenerRegistry.class)
    TopicListeners topicListeners(Bus bus, OmnibusProperties properties, ConfigurableListableBeanFactory beans) {
        return new TopicListeners(bus, properties, beans);
    }

    @Bean
    @ConditionalOnBean({TopicListeners.class, RpcServer.class})
    RpcServices rpcServices(RpcServer server, OmnibusProperties properties, ConfigurableListableBeanFactory beans) {
        return new RpcServices(server, properties, beans);
    }

    @Bean
    @ConditionalOnBean(RpcServices.class)
    OmnibusLifecycle omnibusLifecycle(
            Bus bus,
            TopicListeners listeners,
            RpcServices services,
            OmnibusProperties properties,
            ApplicationContext application) {
        return new OmnibusLifecycle(bus, listeners, services, properties, application);
    }
}

package dev.omnibus.spring.internal;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.spring.BusCustomizer;
import dev.omnibus.spring.OmnibusConnectionDetails;
import dev.omnibus.spring.OmnibusProperties;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.PropertyMapper;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.thread.Threading;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

/** A factory of the bus, from the properties of the application. */
public final class BusFactory {

    private static final int MAX_NAME_LENGTH = 40;
    private static final String VIRTUAL_THREADS = "spring.threads.virtual.enabled";

    private BusFactory() {}

    /** Where Redis is, by the properties alone. */
    public static OmnibusConnectionDetails details(
            OmnibusProperties properties, Environment environment, ObjectProvider<SslBundles> bundles) {
        return details(properties, bundles, found -> SpringRedisProperties.servers(environment, found));
    }

    /** Where Redis is: by {@code omnibus.url}, or else as Spring Boot has it. */
    static OmnibusConnectionDetails details(
            OmnibusProperties properties,
            ObjectProvider<SslBundles> bundles,
            Function<Function<String, SslBundle>, RedisServers> spring) {
        Function<String, SslBundle> found = name -> bundles.getObject().getBundle(name);
        try {
            String bundle = properties.ssl().bundle();
            RedisServers servers = properties.url() == null
                    ? spring.apply(found)
                    : RedisServers.of(properties.url(), bundle == null ? null : found.apply(bundle));
            return OmnibusConnectionDetails.of(servers.config());
        } catch (IllegalArgumentException e) {
            throw invalid(e);
        }
    }

    /** Connects. */
    public static Bus create(
            OmnibusProperties properties,
            OmnibusConnectionDetails details,
            Environment environment,
            ObjectProvider<BusListener> listeners,
            ObjectProvider<BusObserver> observers,
            ObjectProvider<BusCustomizer> customizers) {
        try {
            boolean later = properties.startup() == OmnibusProperties.Startup.BACKGROUND;
            BusBuilder builder =
                    later ? Bus.builder(details.connectLater()).connectInBackground() : Bus.builder(details::connect);
            apply(properties, builder, environment.getProperty("spring.application.name"));
            Boolean virtual = environment.getProperty(VIRTUAL_THREADS, Boolean.class);
            if (virtual != null) { // without a JVM that has them, it has no effect anywhere in Spring Boot
                builder.virtualThreads(Threading.VIRTUAL.isActive(environment));
            }
            listeners.orderedStream().forEach(builder::listener);
            observers.orderedStream().forEach(builder::observer);
            customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw invalid(e);
        } catch (ConnectionException e) {
            boolean refused = e.reason() == ConnectionException.Reason.REFUSED;
            throw new OmnibusStartException(
                    "The bus cannot connect to Redis: " + e.getMessage(),
                    refused
                            ? "Correct the user, the password or the rights: omnibus.url, or spring.data.redis.username"
                                    + " and .password."
                            : "Start Redis, or say where it is: omnibus.url=redis://host:6379, or"
                                    + " spring.data.redis.host. To wait for it, set omnibus.connect-within=1m or omnibus.startup=background.",
                    e);
        } catch (IllegalStateException e) { // of Netty, Redisson or Jackson
            throw new OmnibusStartException(
                    "The bus cannot start: " + e.getMessage(),
                    "If it is about versions, set netty.version or jackson-2-bom.version in your build.",
                    e);
        }
    }

    private static OmnibusStartException invalid(IllegalArgumentException e) {
        return new OmnibusStartException(
                "The bus cannot be made as the properties say: " + e.getMessage(),
                "Change the properties omnibus.* or spring.data.redis.*, or the BusCustomizer.",
                e);
    }

    private static void apply(OmnibusProperties properties, BusBuilder builder, @Nullable String application) {
        PropertyMapper map = PropertyMapper.get();
        map.from(properties.name() == null ? nodeName(application) : properties.name())
                .to(builder::name);
        map.from(properties::prefix).to(builder::prefix);
        map.from(properties::connectWithin).to(builder::connectWithin);
        map.from(properties::heartbeat).to(builder::heartbeat);
        map.from(properties::drainTimeout).to(builder::drainTimeout);
        map.from(properties::maxMessageSize).asInt(DataSize::toBytes).to(builder::maxMessageBytes);
        map.from(properties::outboxSize).as(DataSize::toBytes).to(builder::outboxBytes);
        map.from(properties::outboxWait).to(builder::outboxWait);
        map.from(properties::holdWhileAway).to(builder::holdWhileAway);
        builder.announce(properties.announce());
        if (properties.shardedEvents()) {
            builder.shardedEvents();
        }
    }

    /** The name of the application, as far as it can be one of a node; null if there is none. */
    static @Nullable String nodeName(@Nullable String application) {
        if (application == null || application.isBlank()) {
            return null;
        }
        String name = application.strip().replaceAll("[^A-Za-z0-9_-]", "-");
        return name.substring(0, Math.min(name.length(), MAX_NAME_LENGTH));
    }
}

package dev.omnibus.spring.internal;

import dev.omnibus.spring.OmnibusConnectionDetails;
import dev.omnibus.spring.OmnibusProperties;
import dev.omnibus.spring.internal.RedisServers.Login;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Cluster;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Node;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Sentinel;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Standalone;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.core.env.Environment;

/** A reader of what Spring Boot's module for Redis knows: from properties, Docker Compose, Testcontainers or a bean. */
public final class DataRedisServers {

    private DataRedisServers() {}

    /** Where Redis is: by {@code omnibus.url}, or else by these details. */
    public static OmnibusConnectionDetails details(
            OmnibusProperties properties,
            DataRedisConnectionDetails details,
            Environment environment,
            ObjectProvider<SslBundles> bundles) {
        return BusFactory.details(properties, bundles, found -> of(details, environment));
    }

    static RedisServers of(DataRedisConnectionDetails details, Environment environment) {
        String url =
                environment.getProperty(SpringRedisProperties.PREFIX + ".url"); // the details do not say its scheme
        boolean secure = url != null && RedisServers.of(url, null).tls();
        SslBundle bundle = details.getSslBundle();
        Login login = Login.of(details.getUsername(), details.getPassword());
        Sentinel sentinel = details.getSentinel();
        if (sentinel != null) {
            return new RedisServers(
                    nodes(sentinel.getNodes()),
                    sentinel.getMaster(),
                    false,
                    sentinel.getDatabase(),
                    login,
                    Login.of(sentinel.getUsername(), sentinel.getPassword()),
                    secure || bundle != null,
                    bundle);
        }
        Cluster cluster = details.getCluster();
        if (cluster != null) {
            return new RedisServers(
                    nodes(cluster.getNodes()), null, true, 0, login, Login.NONE, secure || bundle != null, bundle);
        }
        Standalone single = details.getStandalone();
        if (single == null || details.getMasterReplica() != null) {
            throw new OmnibusStartException(
                    "The bus runs on a single Redis, on Sentinel or on a cluster, and spring.data.redis names none of them.",
                    "Set omnibus.url, or define a bean of type OmnibusConnectionDetails.");
        }
        return new RedisServers(
                List.of(RedisServers.node(single.getHost(), single.getPort())),
                null,
                false,
                single.getDatabase(),
                login,
                Login.NONE,
                secure || bundle != null,
                bundle);
    }

    private static List<String> nodes(List<Node> nodes) {
        return nodes.stream()
                .map(node -> RedisServers.node(node.host(), node.port()))
                .toList();
    }
}

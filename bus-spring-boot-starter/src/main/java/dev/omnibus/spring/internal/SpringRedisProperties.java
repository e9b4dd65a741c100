package dev.omnibus.spring.internal;

import dev.omnibus.spring.internal.RedisServers.Login;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.core.env.Environment;

/**
 * What is read of {@code spring.data.redis} where Spring Boot's module for Redis, whose properties these are, is not on
 * the class path.
 */
record SpringRedisProperties(
        @Nullable String url,
        @DefaultValue("localhost") String host,
        @DefaultValue("6379") int port,
        @DefaultValue("0") int database,
        @Nullable String username,
        @Nullable String password,
        @DefaultValue Ssl ssl,
        @Nullable Sentinel sentinel,
        @Nullable Cluster cluster) {

    static final String PREFIX = "spring.data.redis";

    /** A bundle alone switches it on. */
    record Ssl(@Nullable Boolean enabled, @Nullable String bundle) {}

    record Sentinel(
            @DefaultValue("") String master,
            @DefaultValue List<String> nodes,
            @Nullable String username,
            @Nullable String password) {}

    record Cluster(@DefaultValue List<String> nodes) {}

    static RedisServers servers(Environment environment, Function<String, SslBundle> bundles) {
        return Binder.get(environment)
                .bindOrCreate(PREFIX, SpringRedisProperties.class)
                .servers(bundles);
    }

    private RedisServers servers(Function<String, SslBundle> bundles) {
        RedisServers alone = url == null
                ? new RedisServers(
                        List.of(RedisServers.node(host, port)),
                        null,
                        false,
                        database,
                        Login.of(username, password),
                        Login.NONE,
                        false,
                        null)
                : RedisServers.of(url, null);
        RedisServers all = alone;
        if (sentinel != null) {
            Login login = Login.of(sentinel.username(), sentinel.password());
            all = new RedisServers(
                    sentinel.nodes(),
                    sentinel.master(),
                    false,
                    alone.database(),
                    alone.login(),
                    login,
                    alone.tls(),
                    null);
        } else if (cluster != null) {
            all = new RedisServers(cluster.nodes(), null, true, 0, alone.login(), Login.NONE, alone.tls(), null);
        }
        String bundle = ssl.bundle();
        boolean on = ssl.enabled() == null ? bundle != null : ssl.enabled();
        return on ? all.withTls(bundle == null ? null : bundles.apply(bundle)) : all;
    }
}

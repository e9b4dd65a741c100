package dev.omnibus.spring.internal;

import dev.omnibus.transport.redisson.connection.RedisUri;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.redisson.config.Config;
import org.redisson.config.SentinelServersConfig;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/**
 * Where Redis is, as Spring Boot knows it: one server, Sentinels or a cluster. Immutable.
 *
 * @param nodes {@code host:port} of the server, of the Sentinels or of nodes of the cluster
 * @param master what the Sentinels call it; null without Sentinels
 * @param cluster whether it is one
 * @param login of the servers
 * @param sentinelLogin of the Sentinels
 * @param tls whether to connect with TLS
 * @param bundle what TLS trusts; null for what the JVM does
 */
record RedisServers(
        List<String> nodes,
        @Nullable String master,
        boolean cluster,
        int database,
        Login login,
        Login sentinelLogin,
        boolean tls,
        @Nullable SslBundle bundle) {

    /** A user and a password, either of which may be missing. */
    record Login(@Nullable String user, @Nullable String password) {

        static final Login NONE = new Login(null, null);

        static Login of(@Nullable String user, @Nullable String password) {
            return new Login(emptyToNull(user), emptyToNull(password));
        }

        private static @Nullable String emptyToNull(@Nullable String text) {
            return text == null || text.isEmpty() ? null : text;
        }
    }

    /**
     * A server at an address.
     *
     * @throws IllegalArgumentException if it is none; what it was is not quoted, because of the password
     */
    static RedisServers of(String address, @Nullable SslBundle bundle) {
        RedisUri uri = RedisUri.parse(address);
        boolean tls = uri.scheme().equals("rediss") || uri.scheme().equals("valkeys");
        return new RedisServers(
                List.of(node(uri.host(), uri.port())),
                null,
                false,
                uri.database(),
                new Login(uri.user(), uri.password()),
                Login.NONE,
                tls || bundle != null,
                bundle);
    }

    RedisServers withTls(@Nullable SslBundle trusted) {
        return new RedisServers(nodes, master, cluster, database, login, sentinelLogin, true, trusted);
    }

    static String node(String host, int port) {
        return (host.indexOf(':') < 0 || host.startsWith("[") ? host : "[" + host + "]") + ":" + port;
    }

    /** The same for Redisson. */
    Config config() {
        List<String> addresses = nodes.stream()
                .map(node -> (tls ? "rediss://" : "redis://") + node)
                .toList();
        Config config = new Config();
        if (master != null) {
            SentinelServersConfig sentinels = config.useSentinelServers()
                    .setMasterName(master)
                    .setDatabase(database)
                    .setSentinelUsername(sentinelLogin.user())
                    .setSentinelPassword(sentinelLogin.password());
            addresses.forEach(sentinels::addSentinelAddress);
        } else if (cluster) {
            addresses.forEach(config.useClusterServers()::addNodeAddress);
        } else {
            config.useSingleServer().setAddress(addresses.get(0)).setDatabase(database);
        }
        config.setUsername(login.user()).setPassword(login.password());
        if (bundle != null) {
            trust(config, bundle);
        }
        return config;
    }

    private static void trust(Config config, SslBundle bundle) {
        config.setSslTrustManagerFactory(bundle.getManagers().getTrustManagerFactory());
        config.setSslKeyManagerFactory(bundle.getManagers().getKeyManagerFactory());
        SslOptions options = bundle.getOptions();
        if (options.getEnabledProtocols() != null) {
            config.setSslProtocols(options.getEnabledProtocols());
        }
        if (options.getCiphers() != null) {
            config.setSslCiphers(options.getCiphers());
        }
    }
}

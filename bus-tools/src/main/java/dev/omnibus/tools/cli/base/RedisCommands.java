package dev.omnibus.tools.cli.base;

import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.transport.redisson.connection.RedisUri;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisClient;
import org.redisson.client.RedisClientConfig;
import org.redisson.client.RedisConnection;
import org.redisson.client.RedisException;
import org.redisson.client.codec.StringCodec;
import org.redisson.client.protocol.RedisCommand;
import org.redisson.client.protocol.decoder.MultiDecoder;

/**
 * A connection for plain commands, on which the administrative ones look at the server. By Redisson's own client, so
 * that login and TLS are as for a bus.
 */
public final class RedisCommands implements AutoCloseable {

    private static final int TIMEOUT_MILLIS = 5000;

    /** What Redis answers: texts, numbers, lists of these. */
    private static final MultiDecoder<Object> LISTS = (parts, state) -> new ArrayList<>(parts);

    private final RedisClient client;
    private final RedisConnection connection;

    private RedisCommands(RedisClient client, RedisConnection connection) {
        this.client = client;
        this.connection = connection;
    }

    public static RedisCommands open(Connection to) {
        RedisUri address = to.address();
        RedisClientConfig config = new RedisClientConfig();
        config.setAddress(address.toString()).setConnectTimeout(TIMEOUT_MILLIS).setCommandTimeout(TIMEOUT_MILLIS);
        config.setDatabase(address.database());
        config.setResolverGroup(
                DefaultAddressResolverGroup.INSTANCE); // its own choice needs classes that are not there
        if (address.password() != null) {
            config.setUsername(address.user() == null ? "default" : address.user());
            config.setPassword(address.password());
        }
        RedisClient client = RedisClient.create(config);
        try {
            return new RedisCommands(client, client.connect());
        } catch (RuntimeException e) {
            client.shutdownAsync();
            throw new Failures.UnreachableException("Cannot connect to Redis at " + address + ": " + firstLine(e), e);
        }
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /**
     * Runs a command.
     *
     * @return a text, a number, a list of these, or null
     * @throws RedisException if Redis refuses it; the message is that of Redis
     */
    public @Nullable Object run(String command, String... arguments) {
        Object[] words = arguments;
        return connection.sync(StringCodec.INSTANCE, new RedisCommand<>(command, LISTS), words);
    }

    /** The same with an empty text where it is refused. */
    public String text(String command, String... arguments) {
        try {
            Object answer = run(command, arguments);
            return answer == null ? "" : answer.toString();
        } catch (RedisException e) {
            return "";
        }
    }

    /** A section of INFO. */
    public Map<String, String> info(String section) {
        Map<String, String> values = new TreeMap<>();
        text("INFO", section).lines().filter(line -> line.contains(":")).forEach(line -> {
            int colon = line.indexOf(':');
            values.put(line.substring(0, colon), line.substring(colon + 1).strip());
        });
        return values;
    }

    /** The durable topics that somebody has made, by name: those whose description is kept. */
    public List<String> durableTopics(ChannelNames names) {
        TreeSet<String> found = new TreeSet<>();
        String key = names.stream("|").description();
        String start = key.substring(0, key.indexOf('|'));
        String end = key.substring(key.indexOf('|') + 1);
        String cursor = "0";
        do {
            Object answer = run("SCAN", cursor, "MATCH", start + "*" + end, "COUNT", "1000");
            if (!(answer instanceof List<?> parts) || parts.size() != 2 || !(parts.get(1) instanceof List<?> keys)) {
                break;
            }
            cursor = parts.get(0).toString();
            for (Object each : keys) {
                String name = each.toString();
                found.add(name.substring(start.length(), name.length() - end.length()));
            }
        } while (!cursor.equals("0"));
        return List.copyOf(found);
    }

    @Override
    public void close() {
        connection.closeAsync();
        client.shutdownAsync();
    }
}

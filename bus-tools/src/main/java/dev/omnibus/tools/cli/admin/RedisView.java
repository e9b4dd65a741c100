package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.RedisCommands;
import dev.omnibus.tools.console.ServerView;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * What a console shows of the server, by the means of the commands. Connects when it is first asked, and again after a
 * failure. Thread-safe.
 */
final class RedisView implements ServerView, AutoCloseable {

    private final Bus bus;
    private final Connection connection;
    private @Nullable RedisCommands redis; // guarded by this

    RedisView(Bus bus, Connection connection) {
        this.bus = bus;
        this.connection = connection;
    }

    private RedisCommands redis() {
        RedisCommands open = redis;
        if (open == null) {
            open = RedisCommands.open(connection);
            redis = open;
        }
        return open;
    }

    @Override
    public synchronized Collection<String> durableTopics() {
        try {
            return redis().durableTopics(new ChannelNames(connection.prefix()));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public synchronized JsonNode findings() {
        ArrayNode findings = JsonNodeFactory.instance.arrayNode();
        try {
            new DoctorCommand().examine(connection, bus, redis()).forEach(findings::add);
            return findings;
        } catch (RuntimeException e) {
            close();
            throw e;
        } catch (Exception e) {
            close();
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() {
        if (redis != null) {
            redis.close();
            redis = null;
        }
    }
}

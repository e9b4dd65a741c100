package dev.omnibus.transport.redisson;

import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.handler.CommandsQueue;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.QueueCommandHolder;
import org.redisson.client.protocol.RedisCommand;

/** Plays the part of a connection that belongs to Redisson: its list of unanswered commands. */
public final class Commands {

    public static final RedissonInternals ALL_HOOKS = new RedissonInternals(EnumSet.allOf(Hook.class));

    private Commands() {}

    public static EmbeddedChannel channel(ChannelHandler handler) {
        return new EmbeddedChannel(new CommandsQueue(), handler);
    }

    /** Writes the name of a command as if that were its bytes, and waits for its answer from now on. */
    public static void write(EmbeddedChannel channel, RedisCommand<?> command) {
        channel.attr(CommandsQueue.COMMANDS_QUEUE)
                .get()
                .add(new QueueCommandHolder(
                        new CommandData<>(
                                new CompletableFuture<>(), ByteArrayCodec.INSTANCE, command, new Object[] {"c", "m"}),
                        channel.newPromise()));
        channel.writeOutbound(bytes(command.getName()));
    }

    public static void answered(EmbeddedChannel channel) {
        channel.attr(CommandsQueue.COMMANDS_QUEUE).get().remove();
    }

    public static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }
}

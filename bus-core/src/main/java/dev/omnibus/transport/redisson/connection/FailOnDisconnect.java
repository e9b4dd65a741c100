package dev.omnibus.transport.redisson.connection;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Deque;
import java.util.List;
import org.redisson.client.RedisReconnectedException;
import org.redisson.client.handler.CommandsQueue;
import org.redisson.client.protocol.QueueCommandHolder;

/**
 * Tells at once that an answer will not come any more, because its connection has ended.
 *
 * <p>Redisson 4.7.0 fails only what was not written yet. It forgets what was, so that whoever waits for the answer
 * waits until it times out; and nothing more is published on that channel for as long.
 */
final class FailOnDisconnect extends ChannelInboundHandlerAdapter {

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        Deque<QueueCommandHolder> queue =
                context.channel().attr(CommandsQueue.COMMANDS_QUEUE).get();
        List<QueueCommandHolder> unanswered = queue == null ? List.of() : List.copyOf(queue);
        context.fireChannelInactive(); // first, so that what is asked in answer to this finds the connection ended
        for (QueueCommandHolder asked : unanswered) {
            if (asked.getChannelPromise().isSuccess()) { // else Redisson has told that it was not written
                asked.getCommand().tryFailure(new RedisReconnectedException("The connection has ended"));
            }
        }
    }
}

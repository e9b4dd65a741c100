package dev.omnibus.transport.redisson.connection;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.redisson.client.handler.CommandsQueue;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.QueueCommandHolder;
import org.redisson.client.protocol.RedisCommands;

/**
 * Has Redis send a lone message to its subscribers before it answers the publisher.
 *
 * <p>Redis writes what it has for its clients when it has done all commands that it had read, and begins with the
 * client that came last to have something. After a PUBLISH that is the publisher: the write of its answer, and the
 * thread that it wakes, come before the message. A client that has an answer waiting keeps its place. So a PING goes
 * ahead of the PUBLISH, in the same write. What Redis says to it is taken out here, whatever it is; where PING is
 * forbidden or not known, no further one is sent on this connection.
 *
 * <p>It is done while single messages come and go, and when no other command is without its answer. Then the next line
 * that arrives belongs to the PING; and with more of them under way the order matters less than the PING. Stands before
 * Redisson's encoder and decoder; used on the event loop only.
 */
final class PublishReordering extends ChannelDuplexHandler {

    private static final ByteBuf PING = Unpooled.unreleasableBuffer(Unpooled.directBuffer()
            .writeBytes("*1\r\n$4\r\nPING\r\n".getBytes(StandardCharsets.US_ASCII))
            .asReadOnly());

    private final BooleanSupplier calm;
    private boolean accepted; // by the server; one that takes no more clients says so without being asked
    private boolean unanswered;
    private int arrived; // of the answer, in bytes
    private boolean error;
    private boolean refused;

    PublishReordering(BooleanSupplier calm) {
        this.calm = calm;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
        if (accepted && !refused && !unanswered && calm.getAsBoolean() && isLonePublish(context)) {
            unanswered = true;
            context.write(PING.duplicate());
        }
        context.write(message, written);
    }

    static boolean isLonePublish(ChannelHandlerContext context) {
        Deque<QueueCommandHolder> asked =
                context.channel().attr(CommandsQueue.COMMANDS_QUEUE).get();
        QueueCommandHolder first = asked.peekFirst();
        return first != null
                && first == asked.peekLast()
                && first.getCommand() instanceof CommandData<?, ?> command
                && command.getCommand() == RedisCommands.PUBLISH;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        accepted = true;
        if (unanswered && message instanceof ByteBuf bytes) {
            takeOut(bytes);
            if (!bytes.isReadable()) {
                bytes.release();
                return;
            }
        }
        context.fireChannelRead(message);
    }

    private void takeOut(ByteBuf bytes) {
        while (unanswered && bytes.isReadable()) {
            byte next = bytes.readByte();
            if (arrived == 0) {
                error = next == '-';
            } else if (arrived == 1) {
                refused = error && (next == 'N' || next == 'E'); // NOPERM, ERR; others pass, such as LOADING
            }
            arrived++;
            if (next == '\n') {
                unanswered = false;
                arrived = 0;
            }
        }
    }
}

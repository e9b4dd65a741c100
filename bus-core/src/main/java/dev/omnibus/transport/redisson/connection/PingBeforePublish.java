package dev.omnibus.transport.redisson.connection;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/**
 * A latency optimization: a PING ahead of a lone PUBLISH has Redis send the message to its subscribers before it
 * answers the publisher.
 *
 * <p>When Redis has done all commands that it had read, it writes to its clients, and begins with the client that came
 * last to have something to be written. After a PUBLISH that is the publisher: the write of its answer, and the thread
 * that it wakes, come before the message. A client that has an answer waiting keeps its place. So a PING goes ahead of
 * the PUBLISH, in the same write. What Redis answers to it is taken out here, whatever it is; where PING is forbidden
 * or not known, no further one is sent on this connection.
 *
 * <p>It is done while single messages come and go, and when no other command is without its answer. Then the next line
 * that arrives belongs to the PING; and with more of them under way the order matters less than the PING. Stands before
 * Redisson's encoder and decoder; used on the event loop only.
 */
final class PingBeforePublish extends ChannelDuplexHandler {

    private static final ByteBuf PING = Unpooled.unreleasableBuffer(Unpooled.directBuffer()
            .writeBytes("*1\r\n$4\r\nPING\r\n".getBytes(StandardCharsets.US_ASCII))
            .asReadOnly());

    private final BooleanSupplier calm;
    private final RedissonInternals internals;
    private boolean accepted; // by the server; one that takes no more clients says so without being asked
    private boolean unanswered;
    private int arrived; // of the answer, in bytes
    private boolean error;
    private boolean refused;

    PingBeforePublish(BooleanSupplier calm, RedissonInternals internals) {
        this.calm = calm;
        this.internals = internals;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
        if (accepted && !refused && !unanswered && calm.getAsBoolean() && internals.isLonePublish(context.channel())) {
            unanswered = true;
            context.write(PING.duplicate());
        }
        context.write(message, written);
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

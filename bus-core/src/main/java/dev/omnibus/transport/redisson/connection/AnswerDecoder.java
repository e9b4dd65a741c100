package dev.omnibus.transport.redisson.connection;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.redisson.client.handler.CommandDecoder;
import org.redisson.client.handler.State;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.QueueCommand;

/**
 * Redisson's decoder of answers, with a {@link ConnectionBreaker}. Redisson 4.7.0 logs an answer that it cannot read,
 * and goes on with the next one. Here that is so, without the log, for an answer whose end is known and whose value is
 * not what its command gives, as anyone may cause who may write a key; where an answer begins as none does, the
 * connection ends. Used on the connection's event loop only.
 */
final class AnswerDecoder extends CommandDecoder {

    /** With what the base class looks for the end of an answer, before it reads it. */
    private static final String BEGINNINGS = "+-:$*_,=%>~";

    private final ConnectionBreaker breaker = new ConnectionBreaker();
    private boolean outOfStep;

    AnswerDecoder(String scheme) {
        super(scheme);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object read) throws Exception {
        if (!breaker.drops(context, read)) {
            super.channelRead(context, read);
        }
    }

    /** As the base class has it, but for the log. */
    @Override
    @SuppressWarnings("unchecked")
    protected void decodeCommand(Channel channel, ByteBuf in, @Nullable QueueCommand asked, int endIndex, State state)
            throws Exception {
        if (asked instanceof CommandData<?, ?> command) {
            try {
                decode(in, (CommandData<Object, Object>) command, null, channel, false, null, 0, state);
                sendNext(channel, asked);
            } catch (Exception e) {
                in.readerIndex(endIndex);
                sendNext(channel);
                asked.tryFailure(e);
                if (outOfStep) {
                    throw e;
                }
            }
        } else if (asked == null) {
            while (in.writerIndex() > in.readerIndex()) {
                decode(in, null, null, channel, false, null, 0, state);
            }
            sendNext(channel);
        } else {
            super.decodeCommand(channel, in, asked, endIndex, state);
            if (outOfStep) { // at one of several, which the base class passes over
                throw new IllegalStateException(ConnectionBreaker.UNREADABLE);
            }
        }
    }

    @Override
    protected void decode(
            ByteBuf in,
            @Nullable CommandData<Object, Object> data,
            @Nullable List<Object> parts,
            Channel channel,
            boolean skipConvertor,
            @Nullable List<CommandData<?, ?>> commandsData,
            long partsSize,
            State state)
            throws IOException {
        if (BEGINNINGS.indexOf(in.getByte(in.readerIndex())) < 0) {
            outOfStep = true;
            throw new IllegalStateException(ConnectionBreaker.UNREADABLE);
        }
        try {
            super.decode(in, data, parts, channel, skipConvertor, commandsData, partsSize, state);
        } catch (NumberFormatException e) {
            throw new NumberFormatException(
                    ConnectionBreaker.UNREADABLE); // the text of the other may quote what was read
        } catch (IOException | RuntimeException e) {
            throw new IllegalStateException(
                    ConnectionBreaker.UNREADABLE + ": " + e.getClass().getName());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        breaker.trip(context, internalBuffer(), cause);
    }
}

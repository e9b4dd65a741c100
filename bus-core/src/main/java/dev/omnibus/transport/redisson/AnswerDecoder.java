package dev.omnibus.transport.redisson;

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
 * Redisson's decoder of answers, with a {@link Breaker}. Redisson 4.7.0 logs an answer that it cannot read, and goes on
 * with the next one. Used on the connection's event loop only.
 */
final class AnswerDecoder extends CommandDecoder {

    private final Breaker breaker = new Breaker();
    private boolean failed;

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
                asked.tryFailure(new IllegalStateException(Breaker.UNREADABLE));
                throw e;
            }
        } else if (asked == null) {
            while (in.writerIndex() > in.readerIndex()) {
                decode(in, null, null, channel, false, null, 0, state);
            }
            sendNext(channel);
        } else {
            super.decodeCommand(channel, in, asked, endIndex, state);
            if (failed) { // at one of several, which the base class passes over
                throw new IllegalStateException(Breaker.UNREADABLE);
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
        try {
            super.decode(in, data, parts, channel, skipConvertor, commandsData, partsSize, state);
        } catch (IOException | RuntimeException e) {
            failed = true;
            throw e;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        breaker.trip(context, internalBuffer(), cause);
    }
}

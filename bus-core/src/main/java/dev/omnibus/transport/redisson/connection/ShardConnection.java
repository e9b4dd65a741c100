package dev.omnibus.transport.redisson.connection;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.redisson.config.CommandMapper;

/**
 * A connection to one server of a cluster, for subscriptions to sharded channels: it sends SSUBSCRIBE and SUNSUBSCRIBE,
 * any number of them without waiting, and reads what comes, in RESP 2. When it ends, it has ended; what is to be done
 * then is known by its {@link Listener}.
 *
 * <p>It is in the place of Redisson's decoder, see {@link RedissonInternals#subscribeShards}. A
 * {@link ConnectionBreaker} ends it when something cannot be read. Used on the connection's event loop only.
 */
public final class ShardConnection extends ByteToMessageDecoder {

    /** A listener to one connection. Called on the event loop: must neither block nor throw. */
    public interface Listener {

        /** The subscription stands from here on: what arrives next was published after this. */
        void confirmed(String channel);

        /** The server has not subscribed: it has another owner for the channel, or does not allow it. */
        void refused(String channel, String error);

        /** The subscription does not stand any more, because its slot has left this server. */
        void left(String channel);

        /** The subscription has ended, as was asked for. */
        void ended(String channel);

        void frame(String channel, byte[] frame);

        /** The connection has ended, and all that stood on it. */
        void lost();
    }

    private record Asked(boolean subscribe, String channel) {}

    private static final int MAX_BULK_BYTES = 512 * 1024 * 1024; // Redis' own limit
    private static final int MAX_LINE_BYTES = 64 * 1024;
    private static final int PARTS = 3; // of everything that comes by it: a kind, a channel, and a frame or a number

    private static final String SUBSCRIBED = "ssubscribe";
    private static final String UNSUBSCRIBED = "sunsubscribe";
    private static final String MESSAGE = "smessage";

    private final Channel connection;
    private final CommandMapper commands;
    private final Listener listener;
    private final ConnectionBreaker breaker = new ConnectionBreaker();
    private final Deque<Asked> unanswered = new ArrayDeque<>();
    private final int[] starts = new int[PARTS]; // of what is being read; all three are used within one call
    private final int[] lengths = new int[PARTS];
    private volatile long arrived; // bytes; written on the event loop only

    ShardConnection(Channel connection, CommandMapper commands, Listener listener) {
        this.connection = connection;
        this.commands = commands;
        this.listener = listener;
    }

    public void subscribe(String channel) {
        ask(true, SUBSCRIBED, channel);
    }

    public void unsubscribe(String channel) {
        ask(false, UNSUBSCRIBED, channel);
    }

    /** Past Redisson's queue of commands, which sends the next one only when the one before is answered. */
    private void ask(boolean subscribe, String command, String channel) {
        String name = commands.map(command.toUpperCase(Locale.ROOT));
        ByteBuf bytes = connection.alloc().buffer();
        ByteBufUtil.writeAscii(bytes, "*2\r\n$" + name.length() + "\r\n" + name + "\r\n$");
        ByteBufUtil.writeAscii(bytes, ByteBufUtil.utf8Bytes(channel) + "\r\n");
        ByteBufUtil.writeUtf8(bytes, channel);
        ByteBufUtil.writeAscii(bytes, "\r\n");
        unanswered.add(new Asked(subscribe, channel));
        var unused = connection.writeAndFlush(bytes);
    }

    public void close() {
        connection.close();
    }

    /** How many bytes have arrived so far. */
    public long arrived() {
        return arrived;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes it
    public void channelRead(ChannelHandlerContext context, Object read) throws Exception {
        if (read instanceof ByteBuf bytes) {
            arrived += bytes.readableBytes();
        }
        if (!breaker.drops(context, read)) {
            super.channelRead(context, read);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        breaker.trip(context, internalBuffer(), cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        super.channelInactive(context);
        listener.lost();
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        while (in.isReadable()) {
            int start = in.readerIndex();
            if (!read(in)) {
                in.readerIndex(start);
                return;
            }
        }
    }

    /** Reads one answer or message; false if not all of it is there. */
    private boolean read(ByteBuf in) {
        int length = lineLength(in);
        if (length < 0) {
            return false;
        }
        byte kind = in.readByte();
        if (kind == '*') {
            if (number(in, length) != PARTS) {
                throw unreadable();
            }
            boolean whole = findParts(in);
            if (whole) {
                take(in);
            }
            return whole;
        }
        String line = in.toString(in.readerIndex(), length - 1, StandardCharsets.UTF_8);
        in.skipBytes(length + 1);
        if (kind == '-') {
            refused(line);
        } else {
            throw unreadable();
        }
        return true;
    }

    /** Finds where the three parts are; false if not all of them are there. What is absent has the length 0. */
    private boolean findParts(ByteBuf in) {
        for (int i = 0; i < PARTS; i++) {
            int line = lineLength(in);
            if (line < 0) {
                return false;
            }
            byte kind = in.readByte();
            int number = number(in, line);
            if ((kind != '$' && kind != ':') || number > MAX_BULK_BYTES) {
                throw unreadable();
            }
            boolean bulk = kind == '$' && number >= 0;
            starts[i] = in.readerIndex();
            lengths[i] = bulk ? number : 0;
            if (bulk && in.readableBytes() < number + 2) {
                return false;
            }
            in.skipBytes(bulk ? number + 2 : 0);
        }
        return true;
    }

    private void take(ByteBuf in) {
        String kind = in.toString(starts[0], lengths[0], StandardCharsets.US_ASCII);
        String channel = in.toString(starts[1], lengths[1], StandardCharsets.UTF_8);
        switch (kind) {
            case MESSAGE -> listener.frame(channel, ByteBufUtil.getBytes(in, starts[2], lengths[2]));
            case SUBSCRIBED -> {
                if (!isAnswer(true, channel)) {
                    throw unreadable();
                }
                unanswered.remove();
                listener.confirmed(channel);
            }
            case UNSUBSCRIBED -> {
                if (isAnswer(false, channel)) {
                    unanswered.remove();
                    listener.ended(channel);
                } else {
                    listener.left(channel);
                }
            }
            default -> throw unreadable();
        }
    }

    /** Redis answers in the order in which it is asked. */
    private boolean isAnswer(boolean subscribe, String channel) {
        @Nullable Asked first = unanswered.peek();
        return first != null && first.subscribe == subscribe && first.channel.equals(channel);
    }

    private void refused(String error) {
        @Nullable Asked first = unanswered.poll();
        if (first == null) {
            throw unreadable();
        }
        if (first.subscribe) {
            listener.refused(first.channel, error);
        } else { // whatever it means, nothing is wanted there any more
            listener.ended(first.channel);
        }
    }

    /** The bytes of a line without its end; -1 if that is not there. */
    private static int lineLength(ByteBuf in) {
        int length = in.bytesBefore((byte) '\r');
        if (length > MAX_LINE_BYTES || (length < 0 && in.readableBytes() > MAX_LINE_BYTES) || length == 0) {
            throw unreadable();
        }
        return in.readableBytes() < length + 2 ? -1 : length;
    }

    /** Reads the rest of a line, behind its first byte, as a number. */
    private static int number(ByteBuf in, int lineLength) {
        long number = 0;
        boolean negative = false;
        for (int i = 1; i < lineLength; i++) {
            byte digit = in.readByte();
            if (i == 1 && digit == '-') {
                negative = true;
            } else if (digit >= '0' && digit <= '9' && number <= Integer.MAX_VALUE) {
                number = number * 10 + digit - '0';
            } else {
                throw unreadable();
            }
        }
        if (lineLength < 2 || number > Integer.MAX_VALUE) {
            throw unreadable();
        }
        in.skipBytes(2);
        return (int) (negative ? -number : number);
    }

    private static IllegalStateException unreadable() {
        return new IllegalStateException(ConnectionBreaker.UNREADABLE);
    }
}

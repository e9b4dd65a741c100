package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.redisson.client.ChannelName;
import org.redisson.client.RedisClientConfig;
import org.redisson.client.RedisException;
import org.redisson.client.RedisPubSubConnection;
import org.redisson.client.handler.CommandPubSubDecoder;
import org.redisson.client.handler.State;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.QueueCommand;
import org.redisson.client.protocol.RedisCommands;
import org.redisson.client.protocol.decoder.MultiDecoder;
import org.redisson.client.protocol.pubsub.Message;
import org.redisson.client.protocol.pubsub.PubSubMessage;
import org.redisson.client.protocol.pubsub.PubSubPatternMessage;
import org.redisson.client.protocol.pubsub.PubSubStatusMessage;
import org.redisson.client.protocol.pubsub.PubSubType;

/**
 * Redisson's decoder of a subscription connection, with an {@link Observer} of its subscriptions: it knows which one a
 * confirmation or an error belongs to.
 *
 * <p>Redisson 4.7.0 looks for the command's name in the text of the error, and Redis names none when it forbids a
 * channel: the error is logged, and the subscription fails when it times out. One that was repeated after a reconnect
 * is not awaited at all, and stays deaf. Redis answers in the order in which it is asked, so the error belongs to the
 * oldest command without an answer.
 *
 * <p>While none is waiting for its answer, which is nearly always, all this costs one check of an empty queue per
 * message. A {@link ConnectionBreaker} ends the connection when something cannot be read. Used on the connection's
 * event loop only.
 */
public final class SubscriptionDecoder extends CommandPubSubDecoder {

    /**
     * An observer of the subscriptions of one Redisson client; by default it ignores all. Called on the event loop:
     * must neither block nor throw.
     */
    public interface Observer {

        /** There is nobody to be notified yet. */
        Observer NOBODY = new Observer() {};

        /**
         * The subscription stands from here on: what arrives next was published after this.
         *
         * @param arrived how many bytes have arrived on its connection so far; one for each connection
         */
        default void confirmed(String name, boolean pattern, LongSupplier arrived) {}

        /** The subscription does not stand any more on a connection, because that was asked for. */
        default void ended(String name, LongSupplier arrived) {}

        /** Nothing stands any more on a connection, which was lost. */
        default void lost(LongSupplier arrived) {}

        /** Redis has refused the subscription. */
        default void refused(String name, String error) {}

        /**
         * Redisson ends a subscription on a server, maybe to begin it again on another one.
         *
         * @param letGo ends on this server after all what is given, unless it has moved back meanwhile; false if it is
         *     about to move back
         * @return notified of what the server still sends, if the subscription is to be kept there for the time being;
         *     else null
         */
        default @Nullable Kept keep(String name, Predicate<Kept> letGo) {
            return null;
        }
    }

    /** A listener to a subscription that Redisson has ended. Called on the event loop: must neither block nor throw. */
    public interface Kept {

        void frame(String channel, byte[] frame);

        /** It has moved back, and is Redisson's again. */
        void back();

        /** Its connection was lost. */
        void gone();
    }

    private record Asked(String operation, ChannelName name, CommandData<Object, Object> command) {}

    private final Channel connection;
    private final Observer observer;
    private final RedissonInternals internals;
    private final Deque<Asked> unanswered = new ArrayDeque<>();
    private final Set<ChannelName> refused = new HashSet<>();
    private final Map<ChannelName, Kept> kept = new HashMap<>();
    private final ConnectionBreaker breaker = new ConnectionBreaker();
    private final Set<ChannelName> returning = new HashSet<>(); // of those, asked for again and not yet answered
    private volatile long arrived; // bytes; written on the event loop only
    private final LongSupplier soFar = this::arrived; // by which this connection is known

    SubscriptionDecoder(Channel connection, ExecutorService executor, Observer observer, RedissonInternals internals) {
        super(settings(executor));
        this.connection = connection;
        this.observer = observer;
        this.internals = internals;
    }

    /** The three things that the base class asks of it. The address is used for redirections, which a topic has not. */
    static RedisClientConfig settings(ExecutorService executor) {
        return new RedisClientConfig()
                .setAddress("redis://127.0.0.1:6379")
                .setExecutor(executor)
                .setKeepPubSubOrder(true);
    }

    private long arrived() {
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

    /** As the base class has it, but for the log, which would have what could not be read. */
    @Override
    @SuppressWarnings("unchecked")
    protected void decodeCommand(Channel channel, ByteBuf in, @Nullable QueueCommand asked, int endIndex, State state)
            throws Exception {
        @Nullable CommandData<Object, Object> data = (CommandData<Object, Object>) asked;
        try {
            while (in.writerIndex() > in.readerIndex()) {
                if (data != null && data.getPromise().isDone()) {
                    data = null;
                }
                decode(in, data, null, channel, false, null, 0, state);
            }
            sendNext(channel, data);
        } catch (Exception e) {
            if (data != null) {
                data.tryFailure(new IllegalStateException(ConnectionBreaker.UNREADABLE));
            }
            throw e;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        breaker.trip(context, internalBuffer(), cause);
    }

    @Override
    public void addPubSubCommand(ChannelName channel, CommandData<Object, Object> data) {
        unanswered.add(new Asked(data.getCommand().getName().toLowerCase(Locale.ROOT), channel, data));
        super.addPubSubCommand(channel, data);
    }

    @Override
    protected MultiDecoder<Object> messageDecoder(CommandData<Object, Object> data, List<Object> parts) {
        if (!unanswered.isEmpty() && parts.size() > 1 && parts.get(1) instanceof byte[] name) {
            answered(String.valueOf(parts.get(0)), new ChannelName(name));
        }
        return super.messageDecoder(data, parts);
    }

    private void answered(String operation, ChannelName name) {
        if (unanswered.stream().noneMatch(asked -> asked.operation.equals(operation) && asked.name.equals(name))) {
            return; // a message
        }
        for (Asked asked = unanswered.remove();
                !asked.operation.equals(operation) || !asked.name.equals(name);
                asked = unanswered.remove()) {} // those before it were answered in a way that Redisson keeps to itself
        switch (operation) {
            case "subscribe", "psubscribe" -> {
                internals.use(Hook.SUBSCRIPTION_DECODER);
                refused.remove(name);
                returning.remove(name);
                Kept before = kept.remove(name);
                if (before != null) {
                    before.back();
                }
                observer.confirmed(name.toString(), operation.equals("psubscribe"), soFar);
            }
            case "unsubscribe" -> ended(PubSubType.UNSUBSCRIBE, name);
            case "punsubscribe" -> ended(PubSubType.PUNSUBSCRIBE, name);
            default -> {}
        }
    }

    /** Sees the end of a subscription before Redisson sends it. */
    final class Ends extends ChannelOutboundHandlerAdapter {

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
            if (message instanceof CommandData<?, ?> command) {
                if (keeps(command)) {
                    written.setSuccess();
                    return;
                }
                returns(command);
            }
            context.write(message, written);
        }
    }

    private void returns(CommandData<?, ?> command) {
        String operation = command.getCommand().getName();
        if (!kept.isEmpty()
                && (operation.equals(RedisCommands.SUBSCRIBE.getName())
                        || operation.equals(RedisCommands.PSUBSCRIBE.getName()))) {
            for (Object name : command.getParams()) {
                if (name instanceof ChannelName channel && kept.containsKey(channel)) {
                    returning.add(channel);
                }
            }
        }
    }

    /** Whether it goes on here without Redisson, until it is let go. */
    private boolean keeps(CommandData<?, ?> end) {
        if (!isEnd(end.getCommand().getName())
                || !connection.isActive()
                || end.getParams().length != 1
                || !(end.getParams()[0] instanceof ChannelName name)
                || unanswered.stream().anyMatch(asked -> asked.command == end)) { // queued by Redisson before
            return false;
        }
        boolean pattern = end.getCommand().getName().equals(RedisCommands.PUNSUBSCRIBE.getName());
        Kept goesOn = observer.keep(name.toString(), keptOn -> letGo(name, pattern, keptOn));
        if (goesOn == null) {
            return false;
        }
        kept.put(name, goesOn);
        PubSubType type = pattern ? PubSubType.PUNSUBSCRIBE : PubSubType.UNSUBSCRIBE;
        // Later, because Redisson begins to wait for it when this returns.
        connection
                .eventLoop()
                .execute(() -> RedisPubSubConnection.<RedisPubSubConnection>getFrom(connection)
                        .onMessage(new PubSubStatusMessage(type, name)));
        return true;
    }

    /** Ends what was kept, if it is not Redisson's again, also where it has been kept once more since then. */
    private boolean letGo(ChannelName name, boolean pattern, Kept goesOn) {
        if (returning.contains(name)) {
            return false; // Redis would end what it has been asked for before
        }
        if (!kept.remove(name, goesOn)) {
            return true;
        }
        ChannelHandlerContext ends = connection.pipeline().context(Ends.class); // past which it is not kept again
        ends.writeAndFlush(new CommandData<>(
                new CompletableFuture<Void>(),
                null,
                null,
                pattern ? RedisCommands.PUNSUBSCRIBE : RedisCommands.UNSUBSCRIBE,
                new Object[] {name}));
        return true;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        List<Kept> lost = List.copyOf(kept.values());
        kept.clear();
        returning.clear();
        lost.forEach(Kept::gone);
        observer.lost(soFar);
        super.channelInactive(context);
    }

    @Override
    protected void decodeResult(CommandData<Object, Object> data, List<Object> parts, Channel channel, Object result)
            throws IOException {
        if (!kept.isEmpty() && result instanceof Message message) {
            report(message);
        }
        super.decodeResult(data, parts, channel, result);
    }

    private void report(Message message) {
        if (message instanceof PubSubPatternMessage matched) {
            Kept listener = kept.get(matched.getPattern());
            if (listener != null && matched.getValue() instanceof byte[] frame) {
                listener.frame(matched.getChannel().toString(), frame);
            }
        } else if (message instanceof PubSubMessage exact) {
            Kept listener = kept.get(exact.getChannel());
            if (listener != null && exact.getValue() instanceof byte[] frame) {
                listener.frame(exact.getChannel().toString(), frame);
            }
        }
    }

    /**
     * Redisson takes the end of a subscription that it never saw begin for nothing, and waits for it until a timeout.
     */
    private void ended(PubSubType type, ChannelName name) {
        observer.ended(name.toString(), soFar);
        if (refused.remove(name)) {
            RedisPubSubConnection.<RedisPubSubConnection>getFrom(connection)
                    .onMessage(new PubSubStatusMessage(type, name));
        }
    }

    /** An error without a command goes to {@link #onError}; for some of them Redisson fails looking for the command. */
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
        if (data == null && parts == null && in.getByte(in.readerIndex()) == '-') {
            int length = in.bytesBefore((byte) '\r');
            String error = in.toString(in.readerIndex() + 1, length - 1, StandardCharsets.US_ASCII);
            in.skipBytes(length + 2);
            onError(channel, error);
        } else {
            super.decode(in, data, parts, channel, skipConvertor, commandsData, partsSize, state);
        }
    }

    @Override
    protected void onError(Channel channel, String error) {
        @Nullable Asked first = unanswered.peek();
        if (first == null) {
            super.onError(channel, error);
            return;
        }
        // One error answers a command for all of its names.
        for (Asked next = first; next != null && next.command == first.command; next = unanswered.peek()) {
            unanswered.remove();
            if (!isEnd(next.operation)) {
                refused.add(next.name);
                returning.remove(next.name);
                observer.refused(next.name.toString(), error);
            }
        }
        first.command.tryFailure(new RedisException(error));
    }

    private static boolean isEnd(String operation) {
        return operation.equalsIgnoreCase(RedisCommands.UNSUBSCRIBE.getName())
                || operation.equalsIgnoreCase(RedisCommands.PUNSUBSCRIBE.getName());
    }
}

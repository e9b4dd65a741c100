package dev.omnibus.transport.redisson.connection;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.HashedWheelTimer;
import io.netty.util.Timer;
import io.netty.util.TimerTask;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisClient;
import org.redisson.client.RedisClientConfig;
import org.redisson.client.RedisConnection;
import org.redisson.client.RedisMovedException;
import org.redisson.client.RedisNodeNotFoundException;
import org.redisson.client.RedisReconnectedException;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.codec.Codec;
import org.redisson.client.codec.LongCodec;
import org.redisson.client.codec.StringCodec;
import org.redisson.client.handler.CommandDecoder;
import org.redisson.client.handler.CommandEncoder;
import org.redisson.client.handler.CommandPubSubDecoder;
import org.redisson.client.handler.CommandsQueue;
import org.redisson.client.handler.ConnectionWatchdog;
import org.redisson.client.handler.RedisPubSubConnectionHandler;
import org.redisson.client.handler.State;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.QueueCommand;
import org.redisson.client.protocol.QueueCommandHolder;
import org.redisson.client.protocol.RedisCommand;
import org.redisson.client.protocol.RedisCommands;
import org.redisson.client.protocol.RedisStrictCommand;
import org.redisson.command.CommandAsyncExecutor;
import org.redisson.command.CommandAsyncService;
import org.redisson.connection.MasterSlaveEntry;
import org.redisson.connection.NodeSource;
import org.redisson.misc.RedisURI;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An anti-corruption layer: whatever the transport does with Redisson and Netty beyond their public API is done here,
 * each in a method with its reason. Only {@link SubscriptionDecoder} stands beside it, because it is itself what is put
 * into Redisson's place.
 *
 * <p>Each {@link Hook} can be missing in another version, see {@link RedissonVersions}. One that the promises of the
 * bus rest on is required; without any of the others Redisson does as it does by itself. Which of them were used is
 * recorded, for the test that fails when one is not called any more. One for all connections of a transport;
 * thread-safe.
 */
public final class RedissonInternals {

    /** A place where the transport reaches into Redisson or Netty. */
    public enum Hook {
        /** A decoder in place of Redisson's on subscription connections: it reports refusals and interruptions. */
        SUBSCRIPTION_DECODER(true, "interrupted and refused subscriptions would not be reported"),
        /** A decoder in place of Redisson's for replies: it ends a connection that is out of step. */
        REPLY_DECODER(true, "a reply that cannot be read would spoil those behind it, and be logged"),
        /** Redisson's table of masters: it has who owns a slot, and since when. */
        MASTERS(true, "receivers behind Sentinels and in a cluster would be counted wrongly"),
        /** What was written and not answered when a connection ends. */
        UNANSWERED_COMMANDS(false, "the outcome of what was sent on a lost connection is known after 1 s, not at once"),
        /** A connection that subscribes to sharded channels, and commands that follow no redirection. */
        SHARDED_CHANNELS(false, "in a cluster every message of a call is copied to all servers"),
        /** Whether the command that is being written is a PUBLISH, and the only one without an answer. */
        LONE_PUBLISH(false, "single messages and calls take up to twice as long"),
        /** The thread of Redisson's timer, before it is started. */
        DAEMON_TIMER(false, "the process does not exit before the bus is closed"),
        /** What Redisson's timer runs its timeouts with. */
        READ_FIRST(false, "after a pause of 1 s, what Redis has answered meanwhile counts as unanswered"),
        /** The end of a connection without its event loop, which may have died, and without memory. */
        FORCED_CLOSE(false, "connections of a thread that has died stay open until the process ends");

        final boolean required;
        final String without;

        Hook(boolean required, String without) {
            this.required = required;
            this.without = without;
        }

        static Set<Hook> required(boolean manyServers) {
            return Stream.of(values())
                    .filter(hook -> hook.required && (manyServers || hook != MASTERS))
                    .collect(Collectors.toCollection(() -> EnumSet.noneOf(Hook.class)));
        }
    }

    /** Whether a server knows something. */
    public enum Known {
        YES,
        NO,
        NOT_SAID
    }

    private static final RedisStrictCommand<String> CLUSTER_NODES = new RedisStrictCommand<>("CLUSTER", "NODES");

    private static final Logger LOG = LoggerFactory.getLogger(RedissonInternals.class);

    /** The version of Java that warns where a final field is set, and will refuse it. */
    private static final int GUARDS_FINAL_FIELDS = 26;

    private final Set<Hook> hooks;
    private final Map<Hook, AtomicBoolean> used = new EnumMap<>(Hook.class); // filled before it is shared

    /**
     * With the hooks that fit the Redisson and the Netty on the class path.
     *
     * @param manyServers whether the masters have to be known: behind Sentinels and in a cluster
     * @throws IllegalStateException if these do not fit the bus; the message says what was found and what is needed
     */
    public static RedissonInternals checked(boolean manyServers) {
        return new RedissonInternals(RedissonVersions.usableHooks(manyServers));
    }

    /** That a class or a method was missing, in the words of {@link #checked}. */
    public static IllegalStateException misfit(LinkageError e) {
        return RedissonVersions.misfit(e);
    }

    /** With these hooks, and without all others. */
    public RedissonInternals(Set<Hook> hooks) {
        this.hooks = hooks.isEmpty() ? EnumSet.noneOf(Hook.class) : EnumSet.copyOf(hooks);
        for (Hook hook : Hook.values()) {
            used.put(hook, new AtomicBoolean());
        }
    }

    /** Those that answer with the Redisson and the Netty on the class path. */
    static Set<Hook> answering() {
        Set<Hook> answering = EnumSet.noneOf(Hook.class);
        for (Hook hook : Hook.values()) {
            try {
                if (RedissonSelfTest.answers(hook)) {
                    answering.add(hook);
                }
            } catch (Exception | LinkageError | AssertionError e) { // Netty rethrows what it recorded, checked or not
                LOG.debug("With these versions of Redisson and Netty there is no {}", hook, e);
            }
        }
        return answering;
    }

    public boolean has(Hook hook) {
        return hooks.contains(hook);
    }

    /** Whether Redisson or Netty has led to it, or has let itself be led. */
    public boolean wasUsed(Hook hook) {
        AtomicBoolean flag = used.get(hook);
        return flag != null && flag.get();
    }

    void use(Hook hook) {
        AtomicBoolean flag = used.get(hook);
        if (flag != null) {
            flag.setOpaque(true); // also for each message: nothing waits for it, and it takes no memory
        }
    }

    /** Whether it is one that SUBSCRIBE or SSUBSCRIBE is sent on, and no PUBLISH. */
    boolean isSubscribing(Channel channel) {
        return channel.pipeline().get(CommandPubSubDecoder.class) != null
                || channel.pipeline().get(ShardConnection.class) != null;
    }

    /** Has a subscription connection report to an observer, and end when something cannot be read. */
    void observe(Channel channel, ExecutorService executor, SubscriptionDecoder.Observer observer) {
        SubscriptionDecoder decoder = new SubscriptionDecoder(channel, executor, observer, this);
        channel.pipeline().replace(CommandPubSubDecoder.class, "omnibus-subscriptions", decoder);
        channel.pipeline().addLast("omnibus-unsubscribe", decoder.new Ends());
    }

    /**
     * Opens a connection of the bus' own to a server, for its sharded channels, which Redisson 4.7.0 loses when their
     * slot moves. Redisson connects and logs in, as for any other; then what it would do on this connection is taken
     * out, its decoder and its reconnecting.
     */
    public CompletableFuture<ShardConnection> subscribeShards(RedisClient server, ShardConnection.Listener listener) {
        return server.connectPubSubAsync()
                .toCompletableFuture()
                .thenCompose(connection -> connection
                        .async(RedisCommands.PING) // whatever is answered to it, it is behind the answers to all before
                        .toCompletableFuture()
                        .handle((pong, failure) -> {
                            try {
                                if (failure != null && RedissonFailures.isSilence(failure)) {
                                    throw new CompletionException(failure);
                                }
                                return takeOver(connection.getChannel(), server, listener);
                            } catch (RuntimeException e) { // Redisson would connect it again, for nobody
                                connection.closeAsync();
                                throw e;
                            }
                        }));
    }

    private ShardConnection takeOver(Channel channel, RedisClient server, ShardConnection.Listener listener) {
        ShardConnection shards = new ShardConnection(channel, server.getConfig().getCommandMapper(), listener);
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.remove(RedisPubSubConnectionHandler.class); // it would log in again when its login is renewed
        pipeline.remove(ConnectionWatchdog.class);
        pipeline.remove("omnibus-unsubscribe");
        pipeline.replace(SubscriptionDecoder.class, "omnibus-shards", shards);
        use(Hook.SHARDED_CHANNELS);
        return shards;
    }

    /** Where the owner of a slot is, as {@code host:port}, if that is what a server has answered instead; else null. */
    public static @Nullable String movedTo(Throwable failure) {
        if (failure instanceof RedisMovedException moved) {
            return moved.getUrl().getHost() + ":" + moved.getUrl().getPort();
        }
        return null;
    }

    /** Has a connection end when a reply cannot be read. */
    void guardReplies(Channel channel) {
        String scheme = channel.pipeline().get(SslHandler.class) == null ? "redis" : "rediss"; // for redirections
        channel.pipeline().replace(CommandDecoder.class, "omnibus-replies", new ReplyDecoder(scheme, this));
    }

    /** Has what was sent and not answered fail when its connection ends. */
    void failUnansweredAtTheEnd(Channel channel) {
        if (has(Hook.UNANSWERED_COMMANDS)) {
            channel.pipeline().addFirst("omnibus-unanswered", new FailOnDisconnect(this));
        }
    }

    /** Adds a handler that sees bytes: what is written behind Redisson's encoder, what is read before its decoder. */
    void addBeforeEncoder(Channel channel, String name, ChannelHandler handler) {
        String encoder = channel.pipeline().context(CommandEncoder.class).name();
        channel.pipeline().addBefore(encoder, name, handler);
    }

    /** Whether what is being written is a PUBLISH, and nothing else on its connection waits for an answer. */
    boolean isLonePublish(Channel channel) {
        if (!has(Hook.LONE_PUBLISH)) {
            return false;
        }
        use(Hook.LONE_PUBLISH);
        Deque<QueueCommandHolder> asked =
                channel.attr(CommandsQueue.COMMANDS_QUEUE).get();
        QueueCommandHolder first = asked.peekFirst();
        return first != null
                && first == asked.peekLast()
                && first.getCommand() instanceof CommandData<?, ?> command
                && (command.getCommand() == RedisCommands.PUBLISH || command.getCommand() == RedisCommands.SPUBLISH);
    }

    /** The server at the other end, as {@link Masters} has it. */
    static RedisClient server(Channel channel) {
        return RedisConnection.getFrom(channel).getRedisClient();
    }

    /** Gives a connection the name that {@code CLIENT LIST} shows. */
    static CompletableFuture<?> name(Channel channel, String name) {
        if (channel.pipeline().get(ShardConnection.class) != null) { // Redis takes no other commands there
            return CompletableFuture.completedFuture(null);
        }
        try {
            return RedisConnection.getFrom(channel)
                    .async(RedisCommands.CLIENT_SETNAME, name)
                    .toCompletableFuture();
        } catch (IllegalStateException e) { // the client was ended while it connected, and its timer with it
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * Makes a daemon of the thread of Redisson's timer, before it is started, and has the timeouts of commands run by
     * {@link ReadFirst}. Redisson 4.7.0 makes it a user thread and offers no choice: a program that has failed would
     * never exit. Whether a process lives on is decided by the bus. To be called for every client that Redisson makes;
     * the first one is made before anything is timed.
     */
    void adoptTimer(Bootstrap bootstrap) {
        try {
            ChannelHandler initializer = bootstrap.config().handler();
            Timer timer =
                    ((RedisClientConfig) field(initializer.getClass(), "config").get(initializer)).getTimer();
            if (has(Hook.DAEMON_TIMER)) {
                Thread thread =
                        (Thread) field(HashedWheelTimer.class, "workerThread").get(timer);
                if (thread.getState() == Thread.State.NEW) {
                    thread.setDaemon(true);
                }
                use(Hook.DAEMON_TIMER);
            }
            if (has(Hook.READ_FIRST) && Runtime.version().feature() < GUARDS_FINAL_FIELDS) {
                Executor readFirst = new ReadFirst(bootstrap.config().group(), RedissonInternals::isOfCommand);
                field(HashedWheelTimer.class, "taskExecutor").set(timer, readFirst);
                use(Hook.READ_FIRST);
            }
        } catch (ReflectiveOperationException | RuntimeException e) { // it works, but for this
            LOG.debug("The timer of this version of Redisson stays as it is", e);
        }
    }

    /** Whether a task of the timer is the timeout of a command, which does not block. */
    private static boolean isOfCommand(TimerTask task) {
        String name = task.getClass().getName();
        return name.startsWith("org.redisson.command.") || name.startsWith("org.redisson.client.RedisConnection");
    }

    static Field field(Class<?> type, String name) throws ReflectiveOperationException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /** Closes the socket of a connection at once, without the thread on which it would report its own end. */
    void closeForcibly(Channel channel) {
        if (has(Hook.FORCED_CLOSE)) {
            channel.unsafe().closeForcibly();
            use(Hook.FORCED_CLOSE);
        } else {
            channel.close();
        }
    }

    /**
     * Waits until replicas have what this client's one connection to the master of a key has written; if it is to be
     * synced, in their append-only files, and in that of the master. Redisson has a method for that, which asks for no
     * file without replicas, and does not say whether the master has it in its own.
     */
    public static CompletableFuture<Boolean> awaitReplicas(
            RedissonClient client, String key, int replicas, boolean synced, int millis) {
        CommandAsyncExecutor commands = ((Redisson) client).getCommandExecutor();
        return synced
                ? commands.<List<Integer>, List<Integer>>writeAsync(
                                key, ByteArrayCodec.INSTANCE, RedisCommands.WAITAOF, 1, replicas, millis)
                        .toCompletableFuture()
                        .thenApply(counts -> counts.get(0) >= 1 && counts.get(1) >= replicas)
                : commands.<Integer, Integer>writeAsync(
                                key, ByteArrayCodec.INSTANCE, RedisCommands.WAIT, replicas, millis)
                        .toCompletableFuture()
                        .thenApply(count -> count >= replicas);
    }

    public Masters masters(RedissonClient client) {
        return new Masters(((Redisson) client).getCommandExecutor());
    }

    /**
     * The masters that a client knows. Each is given out as an object that stands for it and its replicas, and stays
     * the same when one of these takes its place.
     */
    public final class Masters {

        private final CommandAsyncExecutor commands;

        Masters(CommandAsyncExecutor commands) {
            this.commands = commands;
        }

        /** All of them. */
        public Collection<?> all() {
            use(Hook.MASTERS);
            return commands.getConnectionManager().getEntrySet();
        }

        /** The one that has the slot of a channel now, or null if none is known to have it. */
        public @Nullable Object of(String channel) {
            return commands.getConnectionManager().getEntry(channel);
        }

        /** The one that has a slot now, or null if none is known to have it. */
        public @Nullable Object of(int slot) {
            return commands.getConnectionManager().getEntry(slot);
        }

        public int slot(String channel) {
            return commands.getConnectionManager().calcSlot(channel);
        }

        /** The server that is the master at present. */
        public RedisClient server(Object master) {
            return ((MasterSlaveEntry) master).getClient();
        }

        /** Asks one of them how many have subscribed to a channel there. */
        public CompletableFuture<Long> subscribers(Object master, String channel) {
            return commands.<Long, Long>writeAsync(
                            (MasterSlaveEntry) master, LongCodec.INSTANCE, RedisCommands.PUBSUB_NUMSUB, channel)
                    .toCompletableFuture();
        }

        /** The master at an address that a server has named, as {@code host:port}; null if none is known there. */
        public @Nullable RedisClient at(String address) {
            int colon = address.lastIndexOf(':');
            RedisURI named =
                    new RedisURI("redis", address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
            RedisURI mapped = commands.getServiceManager().getNatMapper().map(named);
            for (MasterSlaveEntry entry : commands.getConnectionManager().getEntrySet()) {
                InetSocketAddress known = entry.getClient().getAddr();
                boolean sameHost = mapped.getHost().equals(known.getHostString())
                        || mapped.getHost().equals(known.getAddress().getHostAddress());
                if (sameHost && mapped.getPort() == known.getPort()) {
                    return entry.getClient();
                }
            }
            return null;
        }

        /** Publishes on a sharded channel at a server. If that has another owner, it fails, and nothing was done. */
        public CompletableFuture<Long> publishSharded(RedisClient server, String channel, byte[] frame) {
            return ask(server, ByteArrayCodec.INSTANCE, RedisCommands.SPUBLISH, channel, frame);
        }

        /** Asks a server how many have subscribed to a sharded channel there. */
        public CompletableFuture<Long> shardSubscribers(RedisClient server, String channel) {
            return ask(server, LongCodec.INSTANCE, RedisCommands.PUBSUB_SHARDNUMSUB, channel);
        }

        /** Asks a server how it sees the cluster. */
        public CompletableFuture<String> nodes(RedisClient server) {
            return ask(server, StringCodec.INSTANCE, CLUSTER_NODES);
        }

        /** Asks a server whether it knows sharded channels, in a way that needs no right to use them. */
        public CompletableFuture<Known> knowsShards(Object master) {
            return ask(((MasterSlaveEntry) master).getClient(), LongCodec.INSTANCE, RedisCommands.SPUBLISH)
                    .handle((none, failure) -> {
                        String error = failure == null ? "" : String.valueOf(failure.getMessage());
                        return error.contains("wrong number of arguments")
                                ? Known.YES
                                : error.contains("unknown command") ? Known.NO : Known.NOT_SAID;
                    });
        }

        private <T, R> CompletableFuture<R> ask(
                RedisClient server, Codec codec, RedisCommand<T> command, Object... params) {
            MasterSlaveEntry entry = commands.getConnectionManager().getEntry(server);
            if (entry == null || entry.getClient() != server) {
                return CompletableFuture.failedFuture(
                        new RedisNodeNotFoundException("It is no master any more: " + server.getAddr()));
            }
            use(Hook.SHARDED_CHANNELS);
            return ((CommandAsyncService) commands)
                    .<T, R>async(false, new NodeSource(entry), codec, command, params, true, true)
                    .toCompletableFuture();
        }

        public EventLoopGroup eventLoop() {
            return commands.getServiceManager().getGroup();
        }
    }

    /**
     * A guard of what waits for an answer: fails it as soon as its connection has ended.
     *
     * <p>Redisson 4.7.0 fails only what was not written yet. It forgets what was, so that its answer is awaited until
     * it times out; and nothing more is published on that channel for as long.
     */
    private static final class FailOnDisconnect extends ChannelInboundHandlerAdapter {

        private final RedissonInternals internals;

        FailOnDisconnect(RedissonInternals internals) {
            this.internals = internals;
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            Deque<QueueCommandHolder> queue =
                    context.channel().attr(CommandsQueue.COMMANDS_QUEUE).get();
            List<QueueCommandHolder> unanswered = queue == null ? List.of() : List.copyOf(queue);
            context.fireChannelInactive(); // first, so that what is asked in answer to this finds the connection ended
            for (QueueCommandHolder asked : unanswered) {
                if (asked.getChannelPromise().isSuccess()) { // else Redisson has reported that it was not written
                    asked.getCommand().tryFailure(new RedisReconnectedException("The connection has ended"));
                    internals.use(Hook.UNANSWERED_COMMANDS);
                }
            }
        }
    }

    /**
     * Redisson's decoder of replies, with a {@link ConnectionBreaker}. Redisson 4.7.0 logs a reply that it cannot read,
     * and goes on with the next one. Here that is so, without the log, for a reply whose end is known and whose value
     * is not what its command gives, as anyone may cause who may write a key; where a reply begins as none does, the
     * connection ends. Used on the connection's event loop only.
     */
    static final class ReplyDecoder extends CommandDecoder {

        /** With what the base class looks for the end of a reply, before it reads it. */
        private static final String BEGINNINGS = "+-:$*_,=%>~";

        private final RedissonInternals internals;
        private final ConnectionBreaker breaker = new ConnectionBreaker();
        private boolean outOfStep;

        ReplyDecoder(String scheme, RedissonInternals internals) {
            super(scheme);
            this.internals = internals;
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
        protected void decodeCommand(
                Channel channel, ByteBuf in, @Nullable QueueCommand asked, int endIndex, State state) throws Exception {
            internals.use(Hook.REPLY_DECODER);
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
}

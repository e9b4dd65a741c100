package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import dev.omnibus.transport.redisson.connection.RedissonInternals.ReplyDecoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.HashedWheelTimer;
import io.netty.util.Timeout;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.redisson.Redisson;
import org.redisson.api.RFuture;
import org.redisson.client.ChannelName;
import org.redisson.client.RedisClient;
import org.redisson.client.RedisClientConfig;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.codec.Codec;
import org.redisson.client.handler.CommandDecoder;
import org.redisson.client.handler.CommandEncoder;
import org.redisson.client.handler.CommandPubSubDecoder;
import org.redisson.client.handler.CommandsQueue;
import org.redisson.client.handler.CommandsQueuePubSub;
import org.redisson.client.handler.ConnectionWatchdog;
import org.redisson.client.handler.RedisChannelInitializer;
import org.redisson.client.handler.RedisPubSubConnectionHandler;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.QueueCommandHolder;
import org.redisson.client.protocol.RedisCommand;
import org.redisson.client.protocol.RedisCommands;
import org.redisson.command.CommandAsyncExecutor;
import org.redisson.command.CommandAsyncService;
import org.redisson.config.CommandMapper;
import org.redisson.connection.ConnectionManager;
import org.redisson.connection.MasterSlaveEntry;
import org.redisson.connection.NodeSource;
import org.redisson.connection.ServiceManager;

/** Tries each hook on a connection that leads nowhere. Loaded only where the versions are others than were tested. */
final class RedissonSelfTest {

    private RedissonSelfTest() {}

    static boolean answers(Hook hook) throws ReflectiveOperationException {
        return switch (hook) {
            case SUBSCRIPTION_DECODER -> overridesOnly(SubscriptionDecoder.class) && refusalIsReported();
            case REPLY_DECODER -> overridesOnly(ReplyDecoder.class) && replyIsRead();
            case MASTERS -> knowsMasters();
            case UNANSWERED_COMMANDS -> unansweredFails();
            case LONE_PUBLISH -> lonePublishIsSeen();
            case DAEMON_TIMER ->
                RedissonInternals.field(RedisChannelInitializer.class, "config").getType() == RedisClientConfig.class
                        && RedissonInternals.field(HashedWheelTimer.class, "workerThread")
                                        .getType()
                                == Thread.class;
            case READ_FIRST -> readsFirst();
            case SHARDED_CHANNELS -> knowsShards();
            case FORCED_CLOSE -> forcedCloseCloses();
        };
    }

    private static boolean readsFirst() throws ReflectiveOperationException {
        CompletableFuture<Runnable> handedOver = new CompletableFuture<>();
        HashedWheelTimer timer = new HashedWheelTimer(1, TimeUnit.MILLISECONDS);
        try {
            Executor executor = handedOver::complete;
            RedissonInternals.field(HashedWheelTimer.class, "taskExecutor").set(timer, executor);
            timer.newTimeout(expired -> {}, 1, TimeUnit.MILLISECONDS);
            return handedOver.get(1, TimeUnit.SECONDS) instanceof Timeout;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } finally {
            timer.stop();
        }
    }

    /** A method of ours that the class above does not have is called by nobody. */
    private static boolean overridesOnly(Class<?> decoder) {
        return Stream.of(decoder.getDeclaredMethods())
                .filter(method -> !method.isSynthetic())
                .filter(method -> (method.getModifiers() & (Modifier.PRIVATE | Modifier.STATIC)) == 0)
                .allMatch(method -> isAbove(decoder, method));
    }

    private static boolean isAbove(Class<?> decoder, Method method) {
        for (Class<?> above = decoder.getSuperclass(); above != null; above = above.getSuperclass()) {
            if (Stream.of(above.getDeclaredMethods())
                    .anyMatch(one -> one.getName().equals(method.getName())
                            && Arrays.equals(one.getParameterTypes(), method.getParameterTypes()))) {
                return true;
            }
        }
        return false;
    }

    private static RedissonInternals all() {
        return new RedissonInternals(EnumSet.allOf(Hook.class));
    }

    private static EmbeddedChannel channel(ChannelHandler... handlers) {
        return new EmbeddedChannel(handlers);
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    /** Has a command wait for its answer on that connection. */
    private static CompletableFuture<Object> ask(EmbeddedChannel channel, RedisCommand<?> command) {
        CompletableFuture<Object> answer = new CompletableFuture<>();
        CommandData<Object, Object> data =
                new CommandData<>(answer, ByteArrayCodec.INSTANCE, command(command), new Object[] {"c", "m"});
        channel.attr(CommandsQueue.COMMANDS_QUEUE)
                .get()
                .add(new QueueCommandHolder(data, channel.newPromise().setSuccess()));
        return answer;
    }

    private static boolean refusalIsReported() {
        List<String> refused = new ArrayList<>();
        EmbeddedChannel channel = channel(
                new CommandEncoder(CommandMapper.direct()),
                new CommandsQueuePubSub(),
                new CommandPubSubDecoder(SubscriptionDecoder.settings(ForkJoinPool.commonPool())));
        if (!all().isSubscribing(channel)) {
            return false;
        }
        all().observe(channel, ForkJoinPool.commonPool(), new SubscriptionDecoder.Observer() {
            @Override
            public void refused(String name, String error) {
                refused.add(name);
            }
        });
        CompletableFuture<Object> answer = new CompletableFuture<>();
        ChannelName name = new ChannelName("c");
        CommandData<Object, Object> subscribe =
                new CommandData<>(answer, null, null, command(RedisCommands.SUBSCRIBE), new Object[] {name});
        channel.pipeline().get(CommandPubSubDecoder.class).addPubSubCommand(name, subscribe);
        channel.writeInbound(bytes("-NOPERM no\r\n"));
        return refused.equals(List.of("c")) && answer.isCompletedExceptionally();
    }

    @SuppressWarnings("unchecked")
    private static RedisCommand<Object> command(RedisCommand<?> command) {
        return (RedisCommand<Object>) command;
    }

    private static boolean replyIsRead() {
        EmbeddedChannel channel = channel(new CommandsQueue(), new CommandDecoder("redis"));
        all().guardReplies(channel);
        CompletableFuture<Object> answer = ask(channel, RedisCommands.PUBLISH);
        channel.writeInbound(bytes(":7\r\n"));
        return Long.valueOf(7).equals(answer.getNow(null));
    }

    private static boolean unansweredFails() {
        EmbeddedChannel channel = channel(new CommandsQueue());
        all().failUnansweredAtTheEnd(channel);
        CompletableFuture<Object> answer = ask(channel, RedisCommands.PUBLISH);
        channel.close();
        return answer.isCompletedExceptionally();
    }

    private static boolean lonePublishIsSeen() {
        EmbeddedChannel channel = channel(new CommandEncoder(CommandMapper.direct()), new CommandsQueue());
        all().addBeforeEncoder(channel, "bytes", new ChannelDuplexHandler());
        boolean none = all().isLonePublish(channel);
        ask(channel, RedisCommands.PUBLISH);
        boolean one = all().isLonePublish(channel);
        ask(channel, RedisCommands.PUBLISH);
        return !none && one && !all().isLonePublish(channel);
    }

    private static boolean forcedCloseCloses() {
        EmbeddedChannel channel = channel(new ChannelDuplexHandler());
        all().closeForcibly(channel);
        return !channel.isOpen();
    }

    private static boolean knowsMasters() throws ReflectiveOperationException {
        Class<?> manager = ConnectionManager.class;
        Class<?> commands = CommandAsyncExecutor.class;
        return Redisson.class.getMethod("getCommandExecutor").getReturnType() == commands
                && commands.getMethod("getConnectionManager").getReturnType() == manager
                && manager.getMethod("getEntrySet").getReturnType() == Collection.class
                && manager.getMethod("getEntry", String.class).getReturnType() == MasterSlaveEntry.class
                && manager.getMethod("calcSlot", String.class).getReturnType() == int.class
                && MasterSlaveEntry.class.getMethod("getClient").getReturnType() == RedisClient.class
                && commands.getMethod(
                                        "writeAsync",
                                        MasterSlaveEntry.class,
                                        Codec.class,
                                        RedisCommand.class,
                                        Object[].class)
                                .getReturnType()
                        == RFuture.class
                && commands.getMethod("getServiceManager").getReturnType() == ServiceManager.class
                && ServiceManager.class.getMethod("getGroup").getReturnType() == EventLoopGroup.class;
    }

    private static boolean knowsShards() throws ReflectiveOperationException {
        Class<?> commands = CommandAsyncService.class;
        return CommandAsyncExecutor.class.isAssignableFrom(commands)
                && commands.getMethod(
                                        "async",
                                        boolean.class,
                                        NodeSource.class,
                                        Codec.class,
                                        RedisCommand.class,
                                        Object[].class,
                                        boolean.class,
                                        boolean.class)
                                .getReturnType()
                        == RFuture.class
                && ConnectionManager.class
                                .getMethod("getEntry", RedisClient.class)
                                .getReturnType()
                        == MasterSlaveEntry.class
                && RedisCommands.SPUBLISH.getName().equals("SPUBLISH")
                && ChannelHandler.class.isAssignableFrom(ConnectionWatchdog.class)
                && ChannelHandler.class.isAssignableFrom(RedisPubSubConnectionHandler.class);
    }
}

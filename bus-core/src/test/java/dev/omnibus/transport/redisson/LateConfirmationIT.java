package dev.omnibus.transport.redisson;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.FrameListener;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.redisson.client.NettyHook;
import org.redisson.client.handler.CommandPubSubDecoder;
import org.redisson.config.Config;

/** Redis confirms a subscription that nobody waits for any more. */
@WithRedis
class LateConfirmationIT {

    private final RedisServer redis;
    private final List<String> heard = new CopyOnWriteArrayList<>();
    private final FrameListener listener = new FrameListener() {
        @Override
        public void onFrame(String channel, byte[] frame) {
            heard.add(channel);
        }

        @Override
        public void onInterrupted() {}
    };

    LateConfirmationIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void itIsUndoneAndTheNameCanBeSubscribedAgain() throws Exception {
        try (FaultProxy proxy = FaultProxy.to(redis);
                RedissonTransport transport = RedissonTransport.connect(proxy.url())) {
            transport.subscribe("before", listener).get(20, SECONDS);
            proxy.stall(Direction.TO_CLIENT);
            CompletableFuture<Void> exact = transport.subscribe("late", listener);
            CompletableFuture<Void> pattern = transport.subscribePattern("late.*", listener);
            assertThrows(ExecutionException.class, () -> exact.get(30, SECONDS));
            assertThrows(ExecutionException.class, () -> pattern.get(30, SECONDS));

            proxy.pass(); // the answers of Redis arrive now

            await().atMost(20, SECONDS)
                    .until(() -> List.of("before").equals(redis.command("PUBSUB", "CHANNELS")) && patterns() == 0);
            redis.command("PUBLISH", "late", "frame");
            transport.subscribe("late", listener).get(20, SECONDS);
            redis.command("PUBLISH", "late", "frame");
            await().atMost(20, SECONDS).until(() -> !heard.isEmpty());
            assertEquals(List.of("late"), heard);
            transport.unsubscribe("late").get(20, SECONDS);
            transport.unsubscribe("before").get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> transport.heldSubscriptions() == 0);
        }
    }

    /** Redis answers all else meanwhile; as where Redisson has forgotten to unlock the name. */
    @Test
    void oneThatOnlyANewClientCanBringBackIsBroughtBackByOne() throws Exception {
        redis.command("ACL", "SETUSER", "late", "reset", "on", ">pw", "~*", "+@all", "&*");
        List<Channel> subscribing = new CopyOnWriteArrayList<>();
        AtomicReference<@Nullable Channel> swallowed = new AtomicReference<>();
        Config config = new Config();
        config.useSingleServer().setAddress("redis://late:pw@127.0.0.1:" + redis.port());
        config.setNettyHook(new NettyHook() {
            @Override
            public void afterBoostrapInitialization(Bootstrap bootstrap) {}

            @Override
            public void afterChannelInitialization(Channel channel) {
                if (channel.pipeline().get(CommandPubSubDecoder.class) != null) {
                    subscribing.add(channel);
                    channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                        @Override
                        public void write(ChannelHandlerContext context, Object bytes, ChannelPromise written) {
                            if (swallowed.get() == channel) {
                                ReferenceCountUtil.release(bytes);
                                written.setSuccess();
                            } else {
                                context.write(bytes, written);
                            }
                        }
                    });
                }
            }
        });
        try (RedissonTransport transport = RedissonTransport.connect(config)) {
            transport.subscribe("stuck", listener).get(20, SECONDS);
            redis.command("ACL", "LOG", "RESET");
            redis.command("ACL", "SETUSER", "late", "resetchannels"); // ends the connection, and refuses the next one
            await().atMost(20, SECONDS).until(() -> !List.of().equals(redis.command("ACL", "LOG")));
            swallowed.set(subscribing.get(subscribing.size() - 1));
            redis.command("ACL", "SETUSER", "late", "&*");
            await().atMost(30, SECONDS).until(() -> Long.valueOf(1).equals(redis.command("PUBLISH", "stuck", "frame")));
            await().atMost(20, SECONDS).until(() -> heard.contains("stuck"));
        }
    }

    private long patterns() {
        return Long.parseLong(String.valueOf(redis.command("PUBSUB", "NUMPAT")));
    }
}

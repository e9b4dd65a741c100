package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.redisson.Commands;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Kept;
import dev.omnibus.transport.redisson.connection.SubscriptionDecoder.Observer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.redisson.client.ChannelName;
import org.redisson.client.protocol.CommandData;
import org.redisson.client.protocol.RedisCommand;
import org.redisson.client.protocol.RedisCommands;

/** The end of a subscription that is about to come back to its server. */
class SubscriptionDecoderTest {

    private static final ChannelName NAME = new ChannelName("c");
    private static final Kept KEPT = new Kept() {
        @Override
        public void frame(String channel, byte[] frame) {}

        @Override
        public void back() {}

        @Override
        public void gone() {}
    };

    private final Map<String, Predicate<Kept>> letGo = new HashMap<>();
    private final List<String> refused = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final SubscriptionDecoder decoder = new SubscriptionDecoder(
            channel,
            ForkJoinPool.commonPool(),
            new Observer() {
                @Override
                public void refused(String name, String error) {
                    refused.add(name);
                }

                @Override
                public Kept keep(String name, Predicate<Kept> ends) {
                    letGo.put(name, ends);
                    return KEPT;
                }
            },
            Commands.ALL_HOOKS);

    SubscriptionDecoderTest() {
        channel.pipeline().addLast(decoder, decoder.new Ends());
    }

    @Test
    void whatIsKeptIsEndedWhenItIsLetGo() {
        write(RedisCommands.UNSUBSCRIBE);
        assertEquals(List.of(), written());
        assertTrue(letGo());
        assertEquals(List.of("UNSUBSCRIBE"), written());
    }

    /** Redis would end what it has been asked for before. */
    @Test
    void nothingIsEndedBehindASubscribeThatIsNotAnswered() {
        write(RedisCommands.UNSUBSCRIBE);
        CommandData<Object, Object> back = write(RedisCommands.SUBSCRIBE);
        decoder.addPubSubCommand(NAME, back);
        assertFalse(letGo());
        assertEquals(List.of("SUBSCRIBE"), written());

        decoder.onError(channel, "NOPERM on purpose");
        assertEquals(List.of("c"), refused);
        assertTrue(back.getPromise().isCompletedExceptionally());
        assertTrue(letGo());
        assertEquals(List.of("UNSUBSCRIBE"), written());
    }

    private boolean letGo() {
        return Objects.requireNonNull(letGo.get("c")).test(KEPT);
    }

    /** Without running what it leads to, for which there would have to be a connection of Redisson's. */
    private <T> CommandData<T, T> write(RedisCommand<T> command) {
        CommandData<T, T> data = new CommandData<>(new CompletableFuture<>(), null, null, command, new Object[] {NAME});
        channel.pipeline().writeAndFlush(data);
        return data;
    }

    private List<String> written() {
        List<String> names = new ArrayList<>();
        for (CommandData<?, ?> next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            names.add(next.getCommand().getName());
        }
        return names;
    }
}

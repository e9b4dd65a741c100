package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.transport.redisson.Commands;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.redisson.client.protocol.RedisCommands;

class PingBeforePublishTest {

    private static final String PING = "*1\r\n$4\r\nPING\r\n";

    private boolean calm = true;
    private final EmbeddedChannel channel = Commands.channel(new PingBeforePublish(() -> calm, Commands.ALL_HOOKS));

    @BeforeEach
    void greet() {
        arrive("+OK\r\n");
        assertEquals("+OK\r\n", arrived());
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Test
    void aPingGoesAheadOfALonePublishAndItsAnswerIsTakenOut() {
        for (int i = 0; i < 3; i++) {
            Commands.write(channel, RedisCommands.PUBLISH);
            assertEquals(PING + "PUBLISH", sent());
            arrive("+PONG\r\n:1\r\n");
            assertEquals(":1\r\n", arrived());
            Commands.answered(channel);
        }
    }

    @Test
    void theAnswerMayArriveInPieces() {
        Commands.write(channel, RedisCommands.PUBLISH);
        for (String piece : "+PONG\r\n:17\r\n".split("", -1)) {
            arrive(piece);
        }
        assertEquals(":17\r\n", arrived());
        arrive("+PONG\r\n");
        assertEquals("+PONG\r\n", arrived(), "what nobody has asked for is not ours");
    }

    @Test
    void thereIsNoneBeforeTheServerHasSaidAnything() {
        EmbeddedChannel fresh = Commands.channel(new PingBeforePublish(() -> calm, Commands.ALL_HOOKS));
        Commands.write(fresh, RedisCommands.PUBLISH);
        assertEquals("PUBLISH", drain(fresh.outboundMessages()));
        fresh.writeInbound(Commands.bytes("-ERR max number of clients reached\r\n"));
        assertEquals("-ERR max number of clients reached\r\n", drain(fresh.inboundMessages()));
        fresh.finishAndReleaseAll();
    }

    @Test
    void thereIsNoneUnderLoad() {
        calm = false;
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals("PUBLISH", sent());
    }

    @Test
    void thereIsNoneAheadOfAnyOtherCommand() {
        Commands.write(channel, RedisCommands.EXISTS);
        assertEquals("EXISTS", sent());
        arrive("+PONG\r\n");
        assertEquals("+PONG\r\n", arrived());
    }

    @Test
    void thereIsNoneWhileAnotherAnswerIsToCome() {
        Commands.write(channel, RedisCommands.EXISTS);
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals("EXISTSPUBLISH", sent());
        arrive(":0\r\n:1\r\n");
        assertEquals(":0\r\n:1\r\n", arrived());
    }

    @Test
    void whatIsSentBehindItGetsItsOwnAnswer() {
        Commands.write(channel, RedisCommands.PUBLISH);
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(PING + "PUBLISHPUBLISH", sent());
        arrive("+PONG\r\n:1\r\n:2\r\n");
        assertEquals(":1\r\n:2\r\n", arrived());
    }

    @Test
    void whereItIsForbiddenThereIsNoFurtherOneOnThisConnection() {
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(PING + "PUBLISH", sent());
        arrive("-NOPERM this user has no permissions to run the 'ping' command\r\n:1\r\n");
        assertEquals(":1\r\n", arrived());
        Commands.answered(channel);
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals("PUBLISH", sent());
    }

    @Test
    void aTemporaryErrorDoesNotEndIt() {
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(PING + "PUBLISH", sent());
        arrive("-LOADING Redis is loading the dataset in memory\r\n:1\r\n");
        assertEquals(":1\r\n", arrived());
        Commands.answered(channel);
        Commands.write(channel, RedisCommands.PUBLISH);
        assertEquals(PING + "PUBLISH", sent());
    }

    private void arrive(String bytes) {
        channel.writeInbound(Commands.bytes(bytes));
    }

    private String arrived() {
        return drain(channel.inboundMessages());
    }

    private String sent() {
        return drain(channel.outboundMessages());
    }

    private static String drain(Queue<Object> messages) {
        StringBuilder all = new StringBuilder();
        for (Object message; (message = messages.poll()) != null; ) {
            ByteBuf bytes = (ByteBuf) message;
            all.append(bytes.toString(StandardCharsets.US_ASCII));
            bytes.release();
        }
        return all.toString();
    }
}

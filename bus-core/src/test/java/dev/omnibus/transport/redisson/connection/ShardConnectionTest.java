package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.redisson.config.CommandMapper;

class ShardConnectionTest {

    private final List<String> events = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ShardConnection connection =
            new ShardConnection(channel, CommandMapper.direct(), new ShardConnection.Listener() {
                @Override
                public void confirmed(String name) {
                    events.add("confirmed " + name);
                }

                @Override
                public void refused(String name, String error) {
                    events.add("refused " + name + ": " + error);
                }

                @Override
                public void left(String name) {
                    events.add("left " + name);
                }

                @Override
                public void ended(String name) {
                    events.add("ended " + name);
                }

                @Override
                public void frame(String name, byte[] frame) {
                    events.add("frame " + name + ": " + new String(frame, StandardCharsets.UTF_8));
                }

                @Override
                public void lost() {
                    events.add("lost");
                }
            });

    ShardConnectionTest() {
        channel.pipeline().addLast(connection);
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    private static String answer(String kind, String name) {
        return "*3\r\n$" + kind.length() + "\r\n" + kind + "\r\n$" + name.length() + "\r\n" + name + "\r\n:1\r\n";
    }

    private static String message(String name, String frame) {
        return "*3\r\n$8\r\nsmessage\r\n$" + name.length() + "\r\n" + name + "\r\n$" + frame.length() + "\r\n" + frame
                + "\r\n";
    }

    @Test
    void itAsksWithoutWaitingForAnswers() {
        connection.subscribe("a");
        connection.subscribe("ü");
        connection.unsubscribe("a");

        StringBuilder sent = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            sent.append(next.toString(StandardCharsets.UTF_8));
            next.release();
        }
        assertEquals(
                List.of(
                        "*2",
                        "$10",
                        "SSUBSCRIBE",
                        "$1",
                        "a",
                        "*2",
                        "$10",
                        "SSUBSCRIBE",
                        "$2",
                        "ü",
                        "*2",
                        "$12",
                        "SUNSUBSCRIBE",
                        "$1",
                        "a",
                        ""),
                List.of(sent.toString().split("\r\n", -1)));
    }

    @Test
    void anAnswerBelongsToTheOldestQuestionAndWhatNobodyAskedForHasLeft() {
        connection.subscribe("a");
        connection.subscribe("b");
        connection.subscribe("c");
        connection.unsubscribe("c");
        channel.writeInbound(bytes(answer("ssubscribe", "a")
                + "-MOVED 7 127.0.0.1:7001\r\n"
                + answer("ssubscribe", "c")
                + answer("sunsubscribe", "a")
                + answer("sunsubscribe", "c")));

        assertEquals(
                List.of("confirmed a", "refused b: MOVED 7 127.0.0.1:7001", "confirmed c", "left a", "ended c"),
                events);
    }

    @Test
    void framesAreReadWhateverPiecesTheyComeIn() {
        connection.subscribe("a");
        String all = answer("ssubscribe", "a") + message("a", "one\r\n$3") + message("a", "") + message("a", "three");
        for (byte next : all.getBytes(StandardCharsets.UTF_8)) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {next}));
        }

        assertEquals(List.of("confirmed a", "frame a: one\r\n$3", "frame a: ", "frame a: three"), events);
        assertEquals(all.length(), connection.arrived());
    }

    @Test
    void whatCannotBeReadEndsTheConnection() {
        for (String bad :
                List.of(":1\r\n", "*2\r\n", "*3\r\n$x\r\n", "-ERR nobody has asked\r\n", "*3\r\n$99999999999\r\n")) {
            ShardConnectionTest next = new ShardConnectionTest();
            next.channel.writeInbound(bytes(bad));
            assertFalse(next.channel.isOpen(), bad);
            assertEquals(List.of("lost"), next.events, bad);
        }
    }

    @Test
    void theEndOfTheConnectionIsReported() {
        channel.close();
        assertEquals(List.of("lost"), events);
    }
}

package dev.omnibus.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.testing.RedisServer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Redis over a plain socket: what somebody in another language would write first. */
final class HandConnection implements AutoCloseable {

    private final Socket socket;
    private final DataInputStream in;

    HandConnection(RedisServer redis) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), redis.port());
        socket.setSoTimeout(20_000);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        command("AUTH", redis.password());
    }

    /** One command, and its answer. */
    @CanIgnoreReturnValue
    @Nullable
    Object command(String... words) throws IOException {
        write(words);
        return read();
    }

    private void write(String... words) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(("*" + words.length + "\r\n").getBytes(US_ASCII));
        for (String word : words) {
            byte[] bytes = word.getBytes(UTF_8);
            out.writeBytes(("$" + bytes.length + "\r\n").getBytes(US_ASCII));
            out.writeBytes(bytes);
            out.writeBytes("\r\n".getBytes(US_ASCII));
        }
        socket.getOutputStream().write(out.toByteArray());
    }

    /** The channels are subscribed when this returns. */
    void subscribe(String... channels) throws IOException {
        for (String channel : channels) {
            command("SUBSCRIBE", channel);
        }
    }

    /** The next message on the channels that are subscribed: its channel and its text. */
    List<String> message() throws IOException {
        List<?> push = (List<?>) Objects.requireNonNull(read());
        return List.of(String.valueOf(push.get(1)), String.valueOf(push.get(2)));
    }

    private @Nullable Object read() throws IOException {
        int type = in.read();
        StringBuilder rest = new StringBuilder();
        for (int c = in.readUnsignedByte(); c != '\r'; c = in.readUnsignedByte()) {
            rest.append((char) c);
        }
        in.readByte(); // the line feed
        return switch (type) {
            case '+' -> rest.toString();
            case ':' -> Long.valueOf(rest.toString());
            case '$' -> text(Integer.parseInt(rest.toString()));
            case '*' -> all(Integer.parseInt(rest.toString()));
            default -> throw new IOException("Redis says " + (char) type + rest);
        };
    }

    private @Nullable String text(int length) throws IOException {
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length);
        in.skipNBytes(2);
        return new String(bytes, UTF_8);
    }

    private List<@Nullable Object> all(int count) throws IOException {
        List<@Nullable Object> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(read());
        }
        return all;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

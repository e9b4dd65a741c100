package dev.omnibus.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A minimal RESP2 client, with which tests send commands to Redis without a client library.
 *
 * <p>Not thread-safe. After any exception it can only be closed.
 */
final class RespConnection implements AutoCloseable {
    private final RedisAddress address;
    private final Socket socket;
    private final InputStream in;

    private RespConnection(RedisAddress address, Socket socket) throws IOException {
        this.address = address;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
    }

    /** Opens a connection. The timeout applies to connecting, and to every read. */
    static RespConnection open(RedisAddress address, Duration timeout) throws IOException {
        Socket socket = new Socket();
        try {
            int millis = Math.toIntExact(timeout.toMillis());
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(millis);
            socket.connect(new InetSocketAddress(address.host(), address.port()), millis);
            RespConnection connection = new RespConnection(address, socket);
            connection.logIn();
            return connection;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void logIn() throws IOException {
        if (!address.password().isEmpty()) {
            call(
                    address.user().isEmpty()
                            ? new String[] {"AUTH", address.password()}
                            : new String[] {"AUTH", address.user(), address.password()});
        }
        if (address.database() != 0) {
            call("SELECT", Integer.toString(address.database()));
        }
    }

    /** Sends a command and returns the reply: a String, a Long, a List of these, or null. */
    @CanIgnoreReturnValue
    @Nullable
    Object call(String... command) throws IOException {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(("*" + command.length + "\r\n").getBytes(US_ASCII));
        for (String argument : command) {
            byte[] bytes = argument.getBytes(UTF_8);
            request.writeBytes(("$" + bytes.length + "\r\n").getBytes(US_ASCII));
            request.writeBytes(bytes);
            request.writeBytes("\r\n".getBytes(US_ASCII));
        }
        socket.getOutputStream().write(request.toByteArray());
        return readReply(command[0]);
    }

    private @Nullable Object readReply(String command) throws IOException {
        String header = readLine();
        String rest = header.substring(1);
        return switch (header.charAt(0)) {
            case '+' -> rest;
            case ':' -> Long.valueOf(rest);
            case '$' -> readBulk(Integer.parseInt(rest));
            case '*' -> readArray(Integer.parseInt(rest), command);
            // Only the name: the arguments may contain a password.
            case '-' -> throw new RedisServerException("Redis at " + address + " refused " + command + ": " + rest);
            default -> throw new IOException("Not a RESP2 reply from " + address + ": " + header);
        };
    }

    private @Nullable String readBulk(int length) throws IOException {
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException(address + " closed the connection in the middle of a reply");
        }
        in.skipNBytes(2);
        return new String(bytes, UTF_8);
    }

    private @Nullable List<@Nullable Object> readArray(int length, String command) throws IOException {
        if (length < 0) {
            return null;
        }
        List<@Nullable Object> items = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            items.add(readReply(command));
        }
        return Collections.unmodifiableList(items);
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\r'; b = in.read()) {
            if (b == -1) {
                throw new EOFException(address + " closed the connection before it answered");
            }
            line.write(b);
        }
        in.skipNBytes(1);
        if (line.size() == 0) {
            throw new IOException("Not a RESP2 reply from " + address + ": an empty line");
        }
        return line.toString(UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

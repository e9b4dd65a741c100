package dev.omnibus.transport.redisson.stream;

import static dev.omnibus.transport.redisson.lease.RedisLeases.utf8;

import dev.omnibus.transport.redisson.connection.RedissonFailures;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.redisson.api.RScript.Mode;
import org.redisson.api.RScript.ReturnType;
import org.redisson.api.RScriptAsync;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisNoScriptException;
import org.redisson.client.codec.ByteArrayCodec;

/**
 * The scripts of streams and of queues of calls, run by their digests. A server that does not know one is given its
 * text.
 */
enum Script {
    OPEN("open", false),
    APPEND("append", false),
    CONFIRM("confirm", false),
    PENDING("pending", true),
    TAKE_OVER("takeover", true),
    READ("read", true),
    REPORTED("reported", false),
    ATTEMPTED("attempted", true),
    RELEASE("release", true),
    LEAVE("leave", true),
    BURY("bury", true),
    REDELIVER("redeliver", true),
    HOLD("hold", false),
    TRIM("trim", true),
    STATUS("status", true),
    SERVER("server", false),
    HISTORY("history", false),

    // of queues of calls
    ENQUEUE("calls/enqueue", true),
    TURN("calls/turn", true),
    RENEW("calls/renew", true),
    CLAIM("calls/claim", true),
    HELD("calls/held", true),
    FREE("calls/release", true),
    QUIT("calls/leave", true),
    CANCEL("calls/cancel", true),
    FIND("calls/find", true);

    private final String text;
    private final String digest;

    Script(String file, boolean withCommon) {
        String own = read(file);
        int line = own.indexOf('\n') + 1; // the first one has to stay the first: it names the language, and flags
        String common = file.substring(0, file.lastIndexOf('/') + 1) + "common"; // beside it
        text = withCommon ? own.substring(0, line) + read(common) + own.substring(line) : own;
        digest = RedissonFailures.sha1(text);
    }

    private static String read(String file) {
        try (InputStream in = Objects.requireNonNull(Script.class.getResourceAsStream(file + ".lua"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs it; all keys have the slot of the first one. Texts are sent in UTF-8, numbers by their digits. */
    CompletableFuture<List<Object>> run(RedissonClient client, List<Object> keys, Object... arguments) {
        return run(client, ReturnType.LIST, keys, arguments);
    }

    /** The same, for one that answers a number. */
    CompletableFuture<Long> ask(RedissonClient client, List<Object> keys, Object... arguments) {
        return run(client, ReturnType.LONG, keys, arguments);
    }

    /** The same, for one that answers a text. */
    CompletableFuture<byte[]> text(RedissonClient client, List<Object> keys, Object... arguments) {
        return run(client, ReturnType.VALUE, keys, arguments);
    }

    private <T> CompletableFuture<T> run(
            RedissonClient client, ReturnType type, List<Object> keys, Object... arguments) {
        Object[] values = Arrays.stream(arguments)
                .map(argument -> argument instanceof byte[] ? argument : utf8(argument.toString()))
                .toArray();
        RScriptAsync scripts = client.getScript(ByteArrayCodec.INSTANCE);
        return scripts.<T>evalShaAsync(Mode.READ_WRITE, digest, type, keys, values)
                .toCompletableFuture()
                .handle((answer, failure) -> failure instanceof RedisNoScriptException
                        ? scripts.<T>evalAsync(Mode.READ_WRITE, text, type, keys, values)
                                .toCompletableFuture()
                        : failure == null
                                ? CompletableFuture.completedFuture(answer)
                                : CompletableFuture.<T>failedFuture(failure))
                .thenCompose(Function.identity());
    }
}

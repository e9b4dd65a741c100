package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.redisson.RedissonShutdownException;
import org.redisson.client.RedisConnectionException;
import org.redisson.client.RedisException;
import org.redisson.client.RedisNodeNotFoundException;
import org.redisson.client.RedisReadonlyException;
import org.redisson.client.RedisReconnectedException;
import org.redisson.client.RedisResponseTimeoutException;
import org.redisson.client.RedisRetryException;
import org.redisson.client.RedisTimeoutException;
import org.redisson.client.WriteRedisConnectionException;

/**
 * A translator of Redisson's errors into those of a transport.
 *
 * <p>What counts is whether a command can have reached Redis. A missing answer, a reconnect with the command still in
 * the queue and a shutdown leave that open. No connection, or a write that failed, means that Redis cannot have run it,
 * and an error reply means that it refused to. Redisson's own texts go no further than the cause: they contain command
 * parameters.
 */
public final class RedissonFailures {

    /** What Redis answers while it cannot do what it will be able to do soon. */
    private static final List<String> NOT_READY = List.of(
            "READONLY",
            "LOADING",
            "MASTERDOWN",
            "CLUSTERDOWN",
            "TRYAGAIN",
            "BUSY ",
            "MISCONF",
            "NOREPLICAS",
            "non local key");

    /** What WAITAOF answers where there is no such file. Redisson would have it tried again. */
    private static final String NO_FILE = "appendonly is disabled";

    private RedissonFailures() {}

    public static TransportException publish(String channel, Throwable failure) {
        Throwable e = unwrap(failure);
        if (e instanceof RedisResponseTimeoutException) {
            String late = "Redis did not answer a publish to " + channel + " within "
                    + RedissonSettings.ANSWER_TIMEOUT.toMillis() + " ms; it may still deliver it";
            return new TransportException(Kind.CONNECTION_LOST, false, late, e);
        }
        return of("publish to " + channel, e);
    }

    public static TransportException subscribe(String name, Throwable failure) {
        Throwable e = unwrap(failure);
        if (e instanceof RedisTimeoutException) {
            String unconfirmed = "Redis did not confirm the subscription to " + name + " within "
                    + RedissonSettings.SUBSCRIBE_TIMEOUT.toMillis()
                    + " ms; is it overloaded, or the connection broken?";
            return new TransportException(Kind.CONNECTION_LOST, true, unconfirmed, e);
        }
        return of("subscribe to " + name, e);
    }

    /** What is to be sent while there is no thread that sends. */
    public static TransportException deadEventLoop() {
        return new TransportException(
                Kind.CONNECTION_LOST,
                true,
                "The thread that sends has ended by an error, such as a lack of memory; there will be a new one soon",
                null);
    }

    public static boolean isTimeout(Throwable failure) {
        return unwrap(failure) instanceof RedisTimeoutException;
    }

    /** Whether it is no answer of Redis. */
    public static boolean isSilence(Throwable failure) {
        Throwable e = unwrap(failure);
        return !(e instanceof RedisException)
                || e instanceof RedisTimeoutException
                || e instanceof RedisConnectionException
                || e instanceof RedisReconnectedException;
    }

    /** No master of the cluster was known to have the slot, so nothing was sent. */
    public static boolean isWithoutMaster(Throwable failure) {
        Throwable e = unwrap(failure);
        return (e instanceof TransportException ? e.getCause() : e) instanceof RedisNodeNotFoundException;
    }

    public static <T> CompletableFuture<T> named(String action, CompletableFuture<T> future) {
        return future.handle((value, failure) -> {
            if (failure != null) {
                throw of(action, unwrap(failure));
            }
            return value;
        });
    }

    /** The same for what is asked of a stream: some of the answers of Redis have kinds of their own. */
    public static <T> CompletableFuture<T> stream(String action, CompletableFuture<T> future) {
        return future.handle((value, failure) -> {
            if (failure != null) {
                throw ofStream(action, unwrap(failure));
            }
            return value;
        });
    }

    private static TransportException ofStream(String action, Throwable e) {
        if (e instanceof IllegalArgumentException || e instanceof NoSuchElementException) { // it was read, and is none
            String spoilt = "Redis could not " + action + ", because somebody has written something else there";
            return new TransportException(Kind.WRONG_TYPE, true, spoilt, e);
        }
        TransportException general = of(action, e);
        boolean answered = e instanceof RedisException && !isSilence(e);
        Kind kind = answered ? kindOf(String.valueOf(e.getMessage())) : null;
        return kind == null
                ? general
                : new TransportException(kind, true, String.valueOf(general.getMessage()), general.getCause());
    }

    private static @Nullable Kind kindOf(String error) {
        if (error.contains("NOGROUP")) {
            return Kind.NO_GROUP;
        }
        if (error.contains("WRONGTYPE")) {
            return Kind.WRONG_TYPE;
        }
        if (error.contains("OOM ") || error.contains("'maxmemory'")) {
            return Kind.OUT_OF_MEMORY;
        }
        if (error.contains("NOPERM") || error.contains("ACL failure") || error.contains("can't run this command")) {
            return Kind.NOT_ALLOWED;
        }
        return NOT_READY.stream().anyMatch(error::contains) ? Kind.NOT_READY : null;
    }

    /** Whether it is an answer of Redis that says so. */
    public static boolean says(Throwable failure, String error) {
        return String.valueOf(unwrap(failure).getMessage()).contains(error);
    }

    /** The script was refused and did nothing; the plain command may still work. */
    public static boolean isRefusal(Throwable failure) {
        String message = unwrap(failure).getMessage();
        return message != null
                && (message.contains("NOPERM")
                        || message.contains("unknown command")
                        || message.contains("Unknown Redis command") // inside a script: one that was renamed
                        || message.contains("can't run this command") // inside a script, before Redis 7.2
                        || message.contains("ACL failure in script"));
    }

    /** Of the refusals those that hold for every channel: the user may not run scripts, or nothing inside them. */
    public static boolean refusesScripts(Throwable failure) {
        String message = String.valueOf(unwrap(failure).getMessage());
        return message.contains("'eval")
                || message.contains("unknown command")
                || message.contains("Unknown Redis command")
                || message.contains("can't run this");
    }

    /** The user may run no script at all, or the server has none; not that one of the commands inside is refused. */
    public static boolean refusesEval(Throwable failure) {
        String message = String.valueOf(unwrap(failure).getMessage());
        return message.contains("run the 'eval") || message.contains("unknown command");
    }

    private static TransportException of(String action, Throwable e) {
        if (e instanceof TransportException known) {
            return known;
        }
        if (e instanceof RedisResponseTimeoutException
                || e instanceof RedisReconnectedException
                || e instanceof WriteRedisConnectionException // of a batch, a part may have been written
                || e instanceof RedissonShutdownException) {
            String open = "The connection to Redis broke during " + action + "; whether Redis did it is not known";
            return new TransportException(Kind.CONNECTION_LOST, false, open, e);
        }
        if (e instanceof RedisNodeNotFoundException) {
            String withoutMaster =
                    "No master of the cluster is known to have the slot, to " + action + "; nothing was sent";
            return new TransportException(Kind.CONNECTION_LOST, true, withoutMaster, e);
        }
        if (e instanceof RedisTimeoutException
                || e instanceof RedisConnectionException
                || (e instanceof RedisException && e.getCause() instanceof IOException)) { // could not connect
            String away = "No connection to Redis to " + action + "; nothing was sent";
            return new TransportException(Kind.CONNECTION_LOST, true, away, e);
        }
        boolean unreadyNow = e instanceof RedisRetryException && !says(e, NO_FILE);
        if (unreadyNow || e instanceof RedisReadonlyException) { // loading, failing over, busy
            String unready =
                    "Redis is not able to " + action + " right now; nothing was sent: " + withAdvice(firstLine(e));
            return new TransportException(Kind.CONNECTION_LOST, true, unready, e);
        }
        if (e instanceof RedisException) {
            String refused = "Redis refused to " + action + ": " + withAdvice(firstLine(e));
            return new TransportException(Kind.REFUSED, true, refused, e);
        }
        if (ConnectionBreaker.UNREADABLE.equals(e.getMessage())) {
            String unread = "What Redis answered to " + action + " could not be read; whether it did it is not known";
            return new TransportException(Kind.CONNECTION_LOST, false, unread, e);
        }
        String strange = "Redisson failed to " + action + "; whether Redis did it is not known";
        return new TransportException(Kind.CONNECTION_LOST, false, strange, e);
    }

    /** The error of Redis, and what can be done about it. */
    static String withAdvice(String error) {
        if (error.contains("MISCONF")) {
            return error + " (It takes no writes, because it could not save its data: check its log and its disk)";
        }
        if (error.contains("READONLY")) {
            return error + " (This server is a replica, perhaps since a failover: connect to the master, or by"
                    + " Sentinels or as to a cluster, which find it)";
        }
        if (error.contains("NOAUTH")) {
            return error
                    + " (It wants a login since this bus was connected: connect a new one, with user and password)";
        }
        if (error.contains("LOADING")) {
            return error + " (It reads its data after a start, and is ready when it has done so)";
        }
        if (error.contains(NO_FILE)) {
            return error + " (It writes no append-only file: configure one, or do not wait for it)";
        }
        return error.contains("'maxmemory'")
                ? error + " (Its memory is full: give it more, or see what fills it; the bus needs little)"
                : error;
    }

    private static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    /** Redisson appends channel and parameters to the error of Redis. */
    static String firstLine(Throwable e) {
        @Nullable String message = e.getMessage();
        if (message == null) {
            return e.getClass().getSimpleName();
        }
        int end = message.indexOf(". channel: ");
        return end < 0 ? message : message.substring(0, end);
    }

    public static String sha1(String script) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1"); // what EVALSHA goes by
            return HexFormat.of().formatHex(sha1.digest(script.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-1", e);
        }
    }
}

package dev.omnibus.testing;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Redis server for tests and demonstrations, without Docker and without anything to install.
 *
 * <pre>{@code
 * try (RedisServer redis = RedisServer.obtain()) {
 *     redis.command("SET", "greeting", "hello");
 *     connect(redis.url());
 * }
 * }</pre>
 *
 * <p>{@link #obtain} is for ordinary use. {@link #start} always starts a process of your own, which you may
 * {@link #kill}, {@link #restart} and {@link #pause}. It listens on 127.0.0.1 only, persists nothing unless configured
 * to, and ends when it is closed or when the JVM exits. It has a random password, which is in {@link #url} and keeps
 * out other users of the machine. If the JVM is killed with SIGKILL, the next start of a server by the same user ends
 * the orphan.
 *
 * <p>Not for production: the embedded binary gets no security fixes.
 *
 * <p>Thread-safe.
 */
public final class RedisServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RedisServer.class);
    private static final String URL_VARIABLE = "REDIS_URL";

    /** Long enough for a machine under load, short enough to notice a paused server. */
    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(10);

    private final String url;
    private final RedisAddress address;
    private final String origin;
    private final @Nullable OwnServer own;
    private volatile boolean closed;

    private RedisServer(String url, RedisAddress address, String origin, @Nullable OwnServer own) {
        this.url = url;
        this.address = address;
        this.origin = origin;
        this.own = own;
    }

    /**
     * Returns the Redis for ordinary use.
     *
     * <p>The first of these that applies: the server at the URL in the environment variable {@code REDIS_URL}, which is
     * used as it is, with all its data, and never stopped; a new process of {@code redis-server} or
     * {@code valkey-server}, version 7 or newer, from the {@code PATH}; a new process of the Redis 7.0.15 that comes
     * with this library for Linux and macOS.
     *
     * @return a server that has answered PING; close it when done
     * @throws RedisServerException if {@code REDIS_URL} is set but nothing answers there, or if there is no Redis at
     *     all, or if it does not answer within 10 seconds
     */
    public static RedisServer obtain() {
        return obtain(Environment.system());
    }

    static RedisServer obtain(Environment environment) {
        String url = environment.variable(URL_VARIABLE);
        return url.isEmpty() ? start(environment) : attach(url);
    }

    /**
     * Starts a new process, even if {@code REDIS_URL} is set, with a binary that is searched for as by {@link #obtain}.
     *
     * @param arguments additional arguments of redis-server, such as {@code "--maxmemory", "10mb"}; they override the
     *     defaults, and {@code "--requirepass"} overrides the random password. Not {@code --port}: a free port is
     *     chosen.
     * @return a server that has answered PING; close it when done
     * @throws IllegalArgumentException if {@code --port} is among the arguments
     * @throws RedisServerException if there is no Redis, or if it rejects an argument or does not answer within 10
     *     seconds; the message contains its last output
     */
    public static RedisServer start(String... arguments) {
        return start(Environment.system(), arguments);
    }

    static RedisServer start(Environment environment, String... arguments) {
        if (List.of(arguments).contains("--port")) {
            throw new IllegalArgumentException("start() chooses a free port; omit --port, and use port()");
        }
        return of(OwnServer.start(environment, List.of(arguments)));
    }

    /**
     * Starts a new process with users, as in an ACL file. Unless it is among them, the default user stays as it is,
     * with the password that is in {@link #url}, so that {@link #command} works.
     *
     * @param users one line for each, such as {@code "reader on >secret ~* &orders.* +@all"}
     * @return a server that has answered PING; close it when done
     * @throws RedisServerException if there is no Redis, or if it rejects a line, or does not answer within 10 seconds
     */
    public static RedisServer startWithUsers(String... users) {
        StringBuilder configuration = new StringBuilder();
        for (String user : users) {
            configuration.append("user ").append(user).append('\n');
        }
        return of(OwnServer.start(Environment.system(), List.of(), configuration.toString(), Port::reserve));
    }

    /** Starts one of several servers that replicate each other, and so have the same password. */
    static RedisServer startWithPeers(String password, String... arguments) {
        String logins = "requirepass " + password + "\nmasterauth " + password + "\n";
        return of(OwnServer.start(Environment.system(), List.of(arguments), logins, Port::reserve));
    }

    static RedisServer of(OwnServer own) {
        RedisAddress address = own.address();
        RedisServer server = new RedisServer(address.url("redis"), address, own.origin(), own);
        log.info("Redis for tests: {}", server);
        return server;
    }

    private static RedisServer attach(String url) {
        RedisAddress address = RedisAddress.parse(url);
        RedisServer server = new RedisServer(url, address, URL_VARIABLE, null);
        try {
            server.command("PING");
        } catch (RedisServerException e) {
            throw new RedisServerException("REDIS_URL does not work; correct it or unset it: " + e.getMessage(), e);
        }
        log.info("Redis for tests: {}", server);
        return server;
    }

    /**
     * Returns the URL for clients, {@code redis://:PASSWORD@127.0.0.1:PORT} or the value of {@code REDIS_URL}. It stays
     * the same across {@link #restart}.
     *
     * @return the URL; it contains a password, so do not log it
     */
    public String url() {
        return url;
    }

    /**
     * Returns the password for clients that take no URL. It stays the same across {@link #restart}.
     *
     * @return that of the default user, or of the user in {@code REDIS_URL}; empty if there is none, or if it is not
     *     known because the server was started with a default user of its own
     */
    public String password() {
        return address.password();
    }

    RedisAddress address() {
        return address;
    }

    /**
     * Returns the port for clients. It stays the same across {@link #restart}.
     *
     * @return the TCP port
     */
    public int port() {
        return address.port();
    }

    /**
     * Describes where this Redis comes from: print it once, so that a reader of the output knows what was tested.
     *
     * @return for instance {@code embedded Redis 7.0.15}, {@code /usr/bin/redis-server 7.0.15} or {@code REDIS_URL}
     */
    public String origin() {
        return origin;
    }

    long pid() {
        return own("pid").pid();
    }

    /**
     * Kills the process with SIGKILL, like a crash, and waits until it is gone. Does nothing if it is already gone.
     *
     * @throws IllegalStateException if this is the server of {@code REDIS_URL}, or closed
     */
    public void kill() {
        own("kill").kill();
    }

    /**
     * Starts the process again on the same port with the same arguments, and waits until it answers. A running process
     * is killed first, so what Redis was not configured to persist is lost.
     *
     * @throws IllegalStateException if this is the server of {@code REDIS_URL}, or closed
     * @throws RedisServerException if it does not answer within 10 seconds, or if another process took the port
     */
    public void restart() {
        own("restart").restart();
    }

    /**
     * Freezes the process with SIGSTOP, like a stalled machine: connections stay open, but nothing answers. A frozen
     * server can be resumed, killed, restarted and closed.
     *
     * @throws IllegalStateException if this is the server of {@code REDIS_URL}, or closed, or killed
     * @throws UnsupportedOperationException on Windows, which has no such signal
     */
    public void pause() {
        own("pause").signal("STOP");
    }

    /**
     * Ends a {@link #pause} with SIGCONT. Requests that arrived meanwhile are answered now.
     *
     * @throws IllegalStateException if this is the server of {@code REDIS_URL}, or closed, or killed
     * @throws UnsupportedOperationException on Windows, which has no such signal
     */
    public void resume() {
        own("resume").signal("CONT");
    }

    /**
     * Runs one command on a connection of its own, so nothing is left over from the previous one: no transaction, no
     * subscription, no selected database.
     *
     * @param command the command and its arguments, sent as UTF-8
     * @return a String, a Long, a List of these, or null where Redis has no value; text is read as UTF-8
     * @throws IllegalArgumentException if there is no command
     * @throws IllegalStateException if this is closed
     * @throws RedisServerException if Redis answers with an error, which the message quotes, or not within 10 seconds
     */
    @CanIgnoreReturnValue
    public @Nullable Object command(String... command) {
        if (command.length == 0) {
            throw new IllegalArgumentException("command() requires the name of a command");
        }
        requireOpen();
        try (RespConnection connection = RespConnection.open(address, COMMAND_TIMEOUT)) {
            return connection.call(command);
        } catch (IOException e) {
            throw new RedisServerException(
                    e instanceof SocketTimeoutException
                            ? this + " did not answer " + command[0] + " within " + COMMAND_TIMEOUT.toSeconds()
                                    + "s; is it paused or overloaded?"
                            : command[0] + " to " + this + " failed (" + e + "); is it running?",
                    e);
        }
    }

    /**
     * Kills the process and removes its temporary folder. The server of {@code REDIS_URL} is left alone. Idempotent.
     */
    @Override
    public void close() {
        closed = true;
        if (own != null) {
            own.close();
        }
    }

    /** Returns the origin and the address, without a password. */
    @Override
    public String toString() {
        return origin + " at " + address;
    }

    private OwnServer own(String action) {
        requireOpen();
        if (own == null) {
            throw new IllegalStateException(
                    "Cannot " + action + " the server of REDIS_URL, which this library does not manage;"
                            + " use RedisServer.start() for a process that can be stopped");
        }
        return own;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
    }
}

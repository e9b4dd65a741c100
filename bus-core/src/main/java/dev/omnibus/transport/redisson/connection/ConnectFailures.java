package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisAuthRequiredException;
import org.redisson.client.RedisReconnectedException;
import org.redisson.client.RedisRetryException;
import org.redisson.client.RedisTimeoutException;
import org.redisson.client.RedisWrongPasswordException;
import org.redisson.config.Config;

/**
 * A translator of failed connects into messages that are enough to act on: what happened, at which address, what to do.
 * The address never contains the login.
 */
public final class ConnectFailures {

    private static final int MAX_DEPTH = 10;
    private static final Duration LATE = Duration.ofMillis(400);

    /** What the native transport puts before the reason. */
    private static final Pattern SYSTEM_CALL = Pattern.compile("^\\S+ failed with error\\(-?\\d+\\):\\s*");

    private static final String TOO_MANY_CLIENTS = "max number of clients";
    private static final String PROTECTED_MODE = "DENIED Redis is running in protected mode";

    private ConnectFailures() {}

    /** Whether Redis takes no client from here, whatever it asks. */
    public static boolean isTurnedAway(Throwable failure) {
        return mentions(failure, TOO_MANY_CLIENTS) || mentions(failure, PROTECTED_MODE);
    }

    public static TransportException of(Config config, Throwable failure) {
        return of(config, failure, Duration.ZERO);
    }

    /**
     * Why no connection was made.
     *
     * @param late how late this process itself was while it connected
     */
    public static TransportException of(Config config, Throwable failure, Duration late) {
        String where = where(config);
        Throwable e = root(failure);
        if (has(failure, RedisWrongPasswordException.class::isInstance) || mentions(failure, "ERR AUTH")) {
            return refused("Redis at " + where + " refused the login; check user and password: " + text(e), failure);
        }
        if (has(failure, RedisAuthRequiredException.class::isInstance)) {
            String login = "Redis at " + where + " wants a login; give one, as in redis://user:password@host:port";
            return refused(login, failure);
        }
        if (has(failure, InterruptedException.class::isInstance)) {
            return lost("Interrupted while connecting to Redis at " + where, failure);
        }
        if (mentions(failure, TOO_MANY_CLIENTS)) {
            return lost("Redis at " + where + " has as many clients as its maxclients allows", failure);
        }
        if (mentions(failure, PROTECTED_MODE)) {
            return refused(
                    "Redis at " + where + " is in protected mode: it takes no clients of other machines until"
                            + " it has a password",
                    failure);
        }
        if (mentions(failure, "DB index is out of range")) {
            return refused("Redis at " + where + " has no database of that number: " + text(e), failure);
        }
        if (mentions(failure, "cluster support disabled")) {
            return refused(where + " is no cluster; connect to it as a single server", failure);
        }
        if (mentions(failure, "unknown command 'SENTINEL'")) {
            return refused(where + " is no Sentinel; connect to it as a single server", failure);
        }
        if (mentions(failure, "GET-MASTER-ADDR-BY-NAME command returns empty result")) {
            String unknown = "The Sentinels at " + where + " know no master named "
                    + config.useSentinelServers().getMasterName() + "; check the master name";
            return refused(unknown, failure);
        }
        return lost(unreachable(config, where, failure, e) + late(late), failure);
    }

    /**
     * Whether nothing was heard while this process stood still itself, which says nothing about Redis.
     *
     * @param late how late this process was while it connected
     */
    public static boolean isInconclusive(TransportException failure, Duration late) {
        return failure.kind() == Kind.CONNECTION_LOST && isSilence(failure) && late.compareTo(LATE) >= 0;
    }

    private static boolean isSilence(Throwable failure) {
        return has(failure, TimeoutException.class::isInstance)
                || has(failure, RedisTimeoutException.class::isInstance);
    }

    /**
     * It has taken longer than it may.
     *
     * @param late how late this process was in an attempt before
     */
    public static TransportException late(Config config, Duration within, Duration late) {
        String where = where(config);
        String silent = "Cannot connect to Redis: " + where + " did not answer within " + within.toMillis()
                + " ms; is it reachable, is it Redis, " + doesItSpeakTls(where);
        return new TransportException(Kind.CONNECTION_LOST, true, silent + late(late), null);
    }

    private static String late(Duration late) {
        return late.compareTo(LATE) < 0
                ? ""
                : " This process itself came " + late.toMillis() + " ms late meanwhile: has it enough processor time?";
    }

    private static String unreachable(Config config, String where, Throwable failure, Throwable root) {
        if (has(failure, UnknownHostException.class::isInstance)) {
            return "Cannot connect to Redis: the host of " + where + " is unknown; check its spelling and the DNS";
        }
        if (has(failure, SSLException.class::isInstance)) {
            return "Cannot connect to Redis: TLS with " + where + " failed (" + text(root)
                    + "); does it speak TLS, and is its certificate trusted?";
        }
        if (has(failure, ConnectException.class::isInstance)) {
            return isItRunning(config, where) + text(root);
        }
        if (mentions(failure, ConnectionBreaker.UNREADABLE)) {
            return "Cannot connect to Redis: what answers at " + where
                    + " is no Redis; or does it speak TLS (then write rediss://)?";
        }
        if (has(failure, RedisRetryException.class::isInstance)) {
            return "Redis at " + where + " is not ready: " + text(root) + "; try again later";
        }
        if (isSilence(failure)) {
            return "Cannot connect to Redis: " + where + " did not answer within "
                    + RedissonSettings.connectMillis(config) + " ms; is it reachable, is it Redis, "
                    + doesItSpeakTls(where);
        }
        if (has(failure, ClosedChannelException.class::isInstance)
                || has(failure, RedisReconnectedException.class::isInstance)
                || mentions(failure, "Broken pipe")
                || mentions(failure, "Connection reset")) { // which of them is seen is a race
            return "Cannot connect to Redis: what answers at " + where + " ended the connection; has it as many clients"
                    + " as its maxclients allows, is it Redis, and " + doesItSpeakTls(where);
        }
        return isItRunning(config, where) + text(root);
    }

    private static String isItRunning(Config config, String where) {
        return config.isSentinelConfig()
                ? "Cannot connect to Redis by the Sentinels at " + where + "; is one of them running, and the master? "
                : "Cannot connect to Redis; is it running at " + where + "? ";
    }

    private static String doesItSpeakTls(String where) {
        return "does it speak TLS "
                + (where.contains("rediss:") ? "(else write redis://)?" : "(then write rediss://)?");
    }

    private static TransportException refused(String message, Throwable cause) {
        return new TransportException(Kind.REFUSED, true, message, cause);
    }

    private static TransportException lost(String message, Throwable cause) {
        return new TransportException(Kind.CONNECTION_LOST, true, message, cause);
    }

    /** What is equal for configurations of the same servers; Sentinels may know several masters. */
    static String servers(Config config) {
        return config.isSentinelConfig()
                ? where(config) + " " + config.useSentinelServers().getMasterName()
                : where(config);
    }

    /** Without user and password. */
    private static String where(Config config) {
        List<String> addresses;
        if (config.isClusterConfig()) {
            addresses = config.useClusterServers().getNodeAddresses();
        } else if (config.isSentinelConfig()) {
            addresses = config.useSentinelServers().getSentinelAddresses();
        } else {
            addresses = List.of(config.useSingleServer().getAddress());
        }
        return String.join(
                ", ", addresses.stream().map(ConnectFailures::withoutLogin).toList());
    }

    private static String withoutLogin(String address) {
        int login = address.lastIndexOf('@');
        return login < 0 ? address : address.substring(0, address.indexOf("//") + 2) + address.substring(login + 1);
    }

    private static boolean mentions(Throwable failure, String text) {
        return has(failure, e -> String.valueOf(e.getMessage()).contains(text));
    }

    private static boolean has(Throwable failure, Predicate<Throwable> wanted) {
        return chain(failure).anyMatch(wanted);
    }

    private static Throwable root(Throwable failure) {
        return chain(failure).reduce(failure, (before, cause) -> cause);
    }

    private static Stream<Throwable> chain(Throwable failure) {
        return Stream.<@Nullable Throwable>iterate(failure, e -> e != null, e -> e == null ? null : e.getCause())
                .<Throwable>mapMulti((e, each) -> {
                    if (e != null) {
                        each.accept(e);
                    }
                })
                .limit(MAX_DEPTH);
    }

    private static String text(Throwable e) {
        return SYSTEM_CALL.matcher(RedissonFailures.firstLine(e)).replaceFirst("");
    }

    /** A hiccup meter: whether something took long because this process had no processor. Thread-safe. */
    public static final class HiccupMeter implements AutoCloseable {

        private static final long PERIOD = TimeUnit.MILLISECONDS.toNanos(50);

        private final Future<?> ticks;
        private long last = System.nanoTime(); // guarded by this, like the one below
        private long longest;

        /** Begins to measure on a timer. */
        public HiccupMeter(ScheduledExecutorService timer) {
            ticks = timer.scheduleWithFixedDelay(this::tick, PERIOD, PERIOD, TimeUnit.NANOSECONDS);
        }

        private synchronized void tick() {
            long now = System.nanoTime();
            longest = Math.max(longest, now - last - PERIOD);
            last = now;
        }

        /** How late the timer was at most; it may be so at this moment. */
        public synchronized Duration longest() {
            tick();
            return Duration.ofNanos(longest);
        }

        @Override
        public void close() {
            boolean unused = ticks.cancel(false);
        }
    }

    /** The same with the stack trace of the thread that connects. */
    public static RuntimeException here(Exception there) {
        Throwable cause = there.getCause();
        Throwable failure = cause == null ? there : cause;
        if (failure instanceof TransportException e) {
            return new TransportException(e.kind(), e.notSent(), String.valueOf(e.getMessage()), e.getCause());
        }
        if (failure instanceof LinkageError e) {
            return RedissonInternals.misfit(e);
        }
        if (failure instanceof Error e) {
            throw e;
        }
        return failure instanceof IllegalArgumentException
                ? new IllegalArgumentException(failure.getMessage(), failure)
                : new IllegalStateException("Redisson failed to connect", failure);
    }
}

package dev.omnibus.testing;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A Sentinel setup: a master, its replicas and three Sentinels that monitor them, for tests of failover.
 *
 * <pre>{@code
 * try (RedisSentinels redis = RedisSentinels.start(1)) {
 *     connect(redis.masterName(), redis.urls());
 *     redis.failover();
 * }
 * }</pre>
 *
 * <p>All servers are processes of their own on 127.0.0.1, like those of {@link RedisServer#start}, with one password. A
 * master that does not answer for {@link #downAfter()} is replaced, whether {@link RedisServer#kill killed} or
 * {@link RedisServer#pause paused}.
 *
 * <p>Thread-safe.
 */
public final class RedisSentinels implements AutoCloseable {
    private static final String MASTER_NAME = "bus";
    private static final int SENTINELS = 3;
    private static final int QUORUM = 2;
    private static final Duration DOWN_AFTER = Duration.ofSeconds(1);
    private static final Duration FAILOVER_TIMEOUT = Duration.ofSeconds(5);

    /** A start takes two seconds, a failover three; this allows for a very busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<RedisServer> servers = new ArrayList<>();
    private final List<RedisServer> sentinels = new ArrayList<>();

    private RedisSentinels() {}

    /**
     * Starts all servers and waits until every Sentinel knows the others and every replica has the data of its master.
     *
     * @param replicas the number of replicas, at least 1
     * @return the servers; close them when done
     * @throws IllegalArgumentException if there is no replica: nothing could take over
     * @throws RedisServerException if there is no Redis, or if they do not agree within 30 seconds
     */
    public static RedisSentinels start(int replicas) {
        if (replicas < 1) {
            throw new IllegalArgumentException("At least one replica is needed to take over, not " + replicas);
        }
        RedisSentinels started = new RedisSentinels();
        try {
            started.startAll(replicas);
            return started;
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
    }

    private void startAll(int replicas) {
        String password = OwnServer.randomPassword();
        RedisServer master = RedisServer.startWithPeers(password, "--repl-diskless-sync-delay", "0");
        servers.add(master);
        for (int i = 0; i < replicas; i++) {
            String following = "127.0.0.1 " + master.port();
            servers.add(
                    RedisServer.startWithPeers(password, "--repl-diskless-sync-delay", "0", "--replicaof", following));
        }
        Patience.until(
                "the replicas of " + master + " have its data",
                PATIENCE,
                () -> servers.stream()
                        .skip(1)
                        .allMatch(replica -> info(replica, "replication").contains("master_link_status:up")));
        String configuration = "requirepass " + password + "\nsentinel monitor " + MASTER_NAME + " 127.0.0.1 "
                + master.port() + " " + QUORUM + "\nsentinel auth-pass " + MASTER_NAME + " " + password
                + "\nsentinel down-after-milliseconds " + MASTER_NAME + " " + DOWN_AFTER.toMillis()
                + "\nsentinel failover-timeout " + MASTER_NAME + " " + FAILOVER_TIMEOUT.toMillis() + "\n";
        for (int i = 0; i < SENTINELS; i++) {
            RedisServer sentinel = RedisServer.of(
                    OwnServer.start(Environment.system(), List.of("--sentinel"), configuration, Port::reserve));
            sentinels.add(sentinel);
            // Makes them discover each other within a fraction of a second instead of several seconds.
            sentinel.command("SENTINEL", "DEBUG", "info-period", "500", "publish-period", "200");
        }
        String complete = ",slaves=" + replicas + ",sentinels=" + SENTINELS;
        Patience.until(
                "the Sentinels know each other",
                PATIENCE,
                () -> sentinels.stream()
                        .allMatch(sentinel -> info(sentinel, "sentinel").contains(complete)));
    }

    private static String info(RedisServer server, String section) {
        return String.valueOf(server.command("INFO", section));
    }

    /**
     * Returns the name of the master in the Sentinels.
     *
     * @return the name
     */
    public String masterName() {
        return MASTER_NAME;
    }

    /**
     * Returns the URLs of the Sentinels.
     *
     * @return one {@code redis://:PASSWORD@127.0.0.1:PORT} for each; the servers have the same password
     */
    public List<String> urls() {
        return sentinels.stream().map(RedisServer::url).toList();
    }

    /**
     * Returns how long a server must be silent to be considered dead.
     *
     * @return the duration
     */
    public Duration downAfter() {
        return DOWN_AFTER;
    }

    /**
     * Returns the Sentinels, which may be killed and paused.
     *
     * @return all of them
     */
    public List<RedisServer> sentinels() {
        return List.copyOf(sentinels);
    }

    /**
     * Returns the server that the Sentinels currently consider the master.
     *
     * @return the master
     * @throws RedisServerException if no Sentinel answers
     */
    public RedisServer master() {
        RedisServerException unanswered = new RedisServerException("No Sentinel answers");
        for (RedisServer sentinel : sentinels) {
            try {
                return masterAccordingTo(sentinel);
            } catch (RedisServerException e) {
                unanswered.addSuppressed(e);
            }
        }
        throw unanswered;
    }

    private RedisServer masterAccordingTo(RedisServer sentinel) {
        Object address = sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME);
        return servers.stream()
                .filter(server -> address instanceof List<?> parts && parts.contains(Integer.toString(server.port())))
                .findFirst()
                .orElseThrow(() -> new RedisServerException(sentinel + " names an unknown master: " + address));
    }

    /**
     * Returns all servers except the current master.
     *
     * @return those that run and those that were killed
     */
    public List<RedisServer> replicas() {
        RedisServer master = master();
        return servers.stream().filter(server -> server != master).toList();
    }

    /**
     * Makes the Sentinels replace the master, which becomes a replica.
     *
     * @return the new master, known to all running Sentinels
     * @throws RedisServerException if that takes more than 30 seconds
     */
    @CanIgnoreReturnValue
    public RedisServer failover() {
        RedisServer before = master();
        RedisServer first = sentinels.get(0);
        Patience.until(before + " is replaced", PATIENCE, () -> {
            if (masterAccordingTo(first) == before) { // again, because a failover that has begun may be abandoned
                first.command("SENTINEL", "FAILOVER", MASTER_NAME);
            }
            return isReplaced(before);
        });
        return master();
    }

    /**
     * Waits until another server is the master, for instance after killing it.
     *
     * @param before the master to be replaced
     * @return the new one, known to all running Sentinels
     * @throws RedisServerException if that takes more than 30 seconds
     */
    @CanIgnoreReturnValue
    public RedisServer awaitFailover(RedisServer before) {
        Patience.until(before + " is replaced", PATIENCE, () -> isReplaced(before));
        return master();
    }

    /**
     * Waits until every other server follows the current master and has its data, for instance after a restart. Only
     * then can the master be replaced again.
     *
     * @throws RedisServerException if that takes more than 30 seconds
     */
    public void awaitReady() {
        Patience.until("all replicas follow the master", PATIENCE, () -> {
            RedisServer master = master();
            return replicas().stream().allMatch(replica -> follows(replica, master))
                    && sentinels.stream().allMatch(RedisSentinels::seesAll);
        });
    }

    /**
     * Waits until every other server has what the master had when this was called: on a busy machine they are behind by
     * themselves.
     *
     * @throws RedisServerException if that takes more than 30 seconds
     */
    public void awaitReplicated() {
        long written = offset(master(), "master_repl_offset");
        Patience.until(
                "all replicas have what the master has",
                PATIENCE,
                () -> replicas().stream().allMatch(replica -> offset(replica, "slave_repl_offset") >= written));
    }

    private static long offset(RedisServer server, String field) {
        return info(server, "replication")
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .mapToLong(line -> Long.parseLong(line.substring(field.length() + 1)))
                .findFirst()
                .orElse(-1);
    }

    private static boolean follows(RedisServer replica, RedisServer master) {
        String replication = info(replica, "replication");
        return replication.contains("master_port:" + master.port() + "\r")
                && replication.contains("master_link_status:up");
    }

    private static boolean seesAll(RedisServer sentinel) {
        return !String.valueOf(sentinel.command("SENTINEL", "REPLICAS", MASTER_NAME))
                .contains("_down");
    }

    private boolean isReplaced(RedisServer before) {
        RedisServer master = master();
        return master != before
                && info(master, "replication").contains("role:master")
                && sentinels.stream().filter(RedisSentinels::answers).allMatch(s -> masterAccordingTo(s) == master);
    }

    private static boolean answers(RedisServer server) {
        try {
            return server.command("PING") != null;
        } catch (RedisServerException e) {
            return false;
        }
    }

    /** Ends all processes. Idempotent. */
    @Override
    public void close() {
        Stream.concat(sentinels.stream(), servers.stream()).forEach(RedisServer::close);
    }

    /** Returns the addresses of the servers. */
    @Override
    public String toString() {
        return "Sentinels " + sentinels + " of " + servers;
    }
}

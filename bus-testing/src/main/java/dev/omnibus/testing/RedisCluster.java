package dev.omnibus.testing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * A Redis cluster of three masters or more, with optional replicas, for tests of moving slots and failing masters.
 *
 * <pre>{@code
 * try (RedisCluster redis = RedisCluster.start(1)) {
 *     connect(redis.urls());
 *     RedisServer dying = redis.masterOf("orders");
 *     dying.kill();
 *     redis.awaitFailover(dying);
 * }
 * }</pre>
 *
 * <p>All nodes are processes of their own on 127.0.0.1, like those of {@link RedisServer#start}, with one password.
 *
 * <p>Thread-safe.
 */
public final class RedisCluster implements AutoCloseable {
    private static final int MIN_MASTERS = 3;
    private static final int SLOTS = 16_384;
    private static final int FIELDS_BEFORE_SLOTS = 8;
    private static final int MIGRATED_TOGETHER = 100;
    private static final int MIGRATE_TIMEOUT_MILLIS = 5_000;
    private static final Duration NODE_TIMEOUT = Duration.ofSeconds(2);

    /**
     * Used without replicas, where no node takes over. Nodes reconnect to a node that is silent for half of the
     * timeout, as on a busy machine, and what was being published to its subscribers is lost.
     */
    private static final Duration PATIENT_NODE_TIMEOUT = Duration.ofSeconds(10);

    /** A start takes two seconds, a failover four; this allows for a very busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Redis silently abandons a requested failover after 5 s, for instance when a server was busy. */
    private static final Duration TAKEOVER = Duration.ofSeconds(6);

    private final int masters;
    private final Duration nodeTimeout;
    private final List<RedisServer> nodes = new ArrayList<>();

    private RedisCluster(int masters, Duration nodeTimeout) {
        this.masters = masters;
        this.nodeTimeout = nodeTimeout;
    }

    /**
     * Starts three masters.
     *
     * @param replicasPerMaster the number of replicas of each master, 0 for none
     * @return the cluster; close it when done
     * @throws IllegalArgumentException if the number is negative
     * @throws RedisServerException if there is no Redis, or if the nodes do not agree within 30 seconds
     */
    public static RedisCluster start(int replicasPerMaster) {
        return start(MIN_MASTERS, replicasPerMaster);
    }

    /**
     * Starts the nodes, joins them, and waits until all of them agree that the cluster works.
     *
     * @param masters the number of masters, 3 at least
     * @param replicasPerMaster the number of replicas of each master, 0 for none
     * @return the cluster; close it when done
     * @throws IllegalArgumentException if there are fewer masters, or the number of replicas is negative
     * @throws RedisServerException if there is no Redis, or if the nodes do not agree within 30 seconds
     */
    public static RedisCluster start(int masters, int replicasPerMaster) {
        if (masters < MIN_MASTERS) {
            throw new IllegalArgumentException("A cluster of " + masters + " masters cannot replace one of them");
        }
        if (replicasPerMaster < 0) {
            throw new IllegalArgumentException("A master cannot have " + replicasPerMaster + " replicas");
        }
        RedisCluster cluster = new RedisCluster(masters, replicasPerMaster == 0 ? PATIENT_NODE_TIMEOUT : NODE_TIMEOUT);
        try {
            cluster.startAll(replicasPerMaster);
            return cluster;
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private void startAll(int replicasPerMaster) {
        int size = masters * (1 + replicasPerMaster);
        String password = OwnServer.randomPassword();
        for (int i = 0; i < size; i++) {
            RedisServer node = RedisServer.startWithPeers(
                    password,
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    Long.toString(nodeTimeout.toMillis()),
                    "--repl-diskless-sync-delay",
                    "0");
            nodes.add(node);
            node.command("CLUSTER", "SET-CONFIG-EPOCH", Integer.toString(i + 1)); // or their claims conflict
        }
        for (int i = 0; i < masters; i++) {
            String first = Integer.toString(SLOTS * i / masters);
            String last = Integer.toString(SLOTS * (i + 1) / masters - 1);
            nodes.get(i).command("CLUSTER", "ADDSLOTSRANGE", first, last);
        }
        for (RedisServer node : nodes.subList(1, size)) {
            nodes.get(0).command("CLUSTER", "MEET", "127.0.0.1", Integer.toString(node.port()));
        }
        Patience.until(
                "the cluster nodes know each other",
                PATIENCE,
                () -> nodes.stream().allMatch(node -> lines(node).size() == size));
        for (int i = masters; i < size; i++) {
            nodes.get(i).command("CLUSTER", "REPLICATE", id(nodes.get(i % masters)));
        }
        awaitReady();
    }

    /**
     * Waits until all nodes see each other and every slot is served, for instance after a restart.
     *
     * @throws RedisServerException if that takes more than 30 seconds
     */
    public void awaitReady() {
        int replicas = nodes.size() - masters;
        Patience.until("the cluster works", PATIENCE, () -> nodes.stream().allMatch(node -> works(node, replicas)));
    }

    private static boolean works(RedisServer node, int replicas) {
        return String.valueOf(node.command("CLUSTER", "INFO")).contains("cluster_state:ok")
                && lines(node).stream().filter(line -> line.contains("slave")).count() == replicas
                && lines(node).stream().allMatch(line -> line.contains(" connected")) // or PUBLISH is not forwarded
                && (isMaster(node)
                        || String.valueOf(node.command("INFO", "replication")).contains("master_link_status:up"));
    }

    private static List<String> lines(RedisServer node) {
        return String.valueOf(node.command("CLUSTER", "NODES")).lines().toList();
    }

    private static String id(RedisServer node) {
        return String.valueOf(node.command("CLUSTER", "MYID"));
    }

    private static boolean isMaster(RedisServer node) {
        return lines(node).stream().anyMatch(line -> line.contains("myself,master"));
    }

    /**
     * Returns the URLs of the nodes.
     *
     * @return one {@code redis://:PASSWORD@127.0.0.1:PORT} for each, masters first
     */
    public List<String> urls() {
        return nodes.stream().map(RedisServer::url).toList();
    }

    /**
     * Returns all nodes, which may be killed and paused.
     *
     * @return masters first, as they were at the start
     */
    public List<RedisServer> nodes() {
        return List.copyOf(nodes);
    }

    /**
     * Returns how long a node must be silent to be considered dead.
     *
     * @return the duration
     */
    public Duration nodeTimeout() {
        return nodeTimeout;
    }

    /**
     * Returns the slot of a key or channel.
     *
     * @param key its name; only a {@code {tag}} counts if it has one
     * @return 0 to 16383
     */
    public int slot(String key) {
        Object slot = first(RedisCluster::answers).command("CLUSTER", "KEYSLOT", key);
        return Integer.parseInt(String.valueOf(slot));
    }

    /**
     * Returns the current master of a key or channel.
     *
     * @param key its name
     * @return the node that claims to be the master
     * @throws RedisServerException if none does, such as during a failover
     */
    public RedisServer masterOf(String key) {
        return owner(slot(key));
    }

    private RedisServer owner(int slot) {
        return first(node -> answers(node)
                && lines(node).stream().anyMatch(line -> line.contains("myself,master") && owns(line, slot)));
    }

    private RedisServer first(Predicate<RedisServer> wanted) {
        return nodes.stream()
                .filter(wanted)
                .findFirst()
                .orElseThrow(
                        () -> new RedisServerException("No node of " + this + " matches at the moment; retry later"));
    }

    /**
     * Returns whether a line of CLUSTER NODES, which ends with ranges such as 0-5460 and single slots such as 7, has a
     * slot.
     */
    private static boolean owns(String line, int slot) {
        return Arrays.stream(line.split(" ", -1))
                .skip(FIELDS_BEFORE_SLOTS)
                .filter(part -> !part.startsWith("["))
                .anyMatch(part -> {
                    int dash = part.indexOf('-');
                    int from = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
                    return from <= slot && slot <= (dash < 0 ? from : Integer.parseInt(part.substring(dash + 1)));
                });
    }

    /**
     * Moves one slot with its keys to another master, step by step as an operator does, while the cluster keeps
     * working.
     *
     * @param slot 0 to 16383
     * @param to its new master
     * @throws RedisServerException if a node refuses
     */
    public void moveSlot(int slot, RedisServer to) {
        RedisServer from = owner(slot);
        if (from == to) {
            return;
        }
        String number = Integer.toString(slot);
        to.command("CLUSTER", "SETSLOT", number, "IMPORTING", id(from));
        from.command("CLUSTER", "SETSLOT", number, "MIGRATING", id(to));
        for (List<String> keys = keys(from, number); !keys.isEmpty(); keys = keys(from, number)) {
            List<String> migrate = new ArrayList<>(List.of("MIGRATE", "127.0.0.1", Integer.toString(to.port()), ""));
            migrate.addAll(List.of("0", Integer.toString(MIGRATE_TIMEOUT_MILLIS), "AUTH", to.password(), "KEYS"));
            migrate.addAll(keys);
            from.command(migrate.toArray(String[]::new));
        }
        to.command("CLUSTER", "SETSLOT", number, "NODE", id(to));
        from.command("CLUSTER", "SETSLOT", number, "NODE", id(to));
        String owner = id(to);
        Patience.until(
                "all nodes know the new master of slot " + slot,
                PATIENCE,
                () -> nodes.stream()
                        .filter(RedisCluster::answers)
                        .allMatch(node ->
                                lines(node).stream().anyMatch(line -> line.startsWith(owner) && owns(line, slot))));
    }

    private static List<String> keys(RedisServer from, String slot) {
        Object keys = from.command("CLUSTER", "GETKEYSINSLOT", slot, Integer.toString(MIGRATED_TOGETHER));
        return keys instanceof List<?> names
                ? names.stream().map(String::valueOf).toList()
                : List.of();
    }

    /**
     * Makes a replica take over from a master that is alive, and that becomes a replica.
     *
     * @param master the master to replace
     * @throws RedisServerException if the master has no replica, or if it takes more than 30 seconds
     */
    public void failover(RedisServer master) {
        String id = id(master);
        askToTakeOver(id);
        long[] asked = {System.nanoTime()};
        Patience.until(master + " is replaced", PATIENCE, () -> {
            if (!isReplaced(master) && System.nanoTime() - asked[0] > TAKEOVER.toNanos()) {
                asked[0] = System.nanoTime();
                askToTakeOver(id);
            }
            return isReplaced(master);
        });
    }

    private void askToTakeOver(String master) {
        first(node -> answers(node) && lines(node).stream().anyMatch(line -> line.contains("myself,slave " + master)))
                .command("CLUSTER", "FAILOVER");
    }

    /**
     * Waits until another node has the slots of a master, for instance after killing it, and all running nodes know.
     *
     * @param before the master to be replaced
     * @throws RedisServerException if that takes more than 30 seconds
     */
    public void awaitFailover(RedisServer before) {
        Patience.until(before + " is replaced", PATIENCE, () -> isReplaced(before));
    }

    private boolean isReplaced(RedisServer before) {
        return nodes.stream()
                .filter(node -> node != before && answers(node))
                .allMatch(node ->
                        String.valueOf(node.command("CLUSTER", "INFO")).contains("cluster_state:ok")
                                && lines(node).stream().noneMatch(line -> hasSlots(line, before.port())));
    }

    private static boolean hasSlots(String line, int port) {
        return line.contains(":" + port + "@") && line.split(" ", -1).length > FIELDS_BEFORE_SLOTS;
    }

    private static boolean answers(RedisServer node) {
        try {
            return node.command("PING") != null;
        } catch (RedisServerException e) {
            return false;
        }
    }

    /** Ends all processes. Idempotent. */
    @Override
    public void close() {
        nodes.forEach(RedisServer::close);
    }

    /** Returns the addresses of the nodes. */
    @Override
    public String toString() {
        return "cluster of " + nodes;
    }
}

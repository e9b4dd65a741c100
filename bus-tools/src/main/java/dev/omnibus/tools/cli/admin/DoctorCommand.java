package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.tools.cli.admin.CheckResult.Level;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.cli.base.RedisCommands;
import dev.omnibus.tools.cli.base.Shapes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.redisson.client.RedisException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Looks for what is wrong. */
@Command(
        name = "doctor",
        description = {
            "Looks at the server and at all nodes, and says what is wrong and what to do. Changes nothing.",
            "Exit code 0 if all is well, 1 with warnings, 2 if something is broken, 3 if it cannot be known.%n"
        },
        footer = {"", "omnibus doctor", "omnibus doctor --json"})
public final class DoctorCommand extends Action {

    private static final int PINGS = 20;
    private static final long MIN_BUFFER = 32L * 1024 * 1024;
    private static final long MAX_UNREAD = 1024L * 1024;

    @Option(
            names = "--slow",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "From which round trip on it is a warning. Default: 5ms.")
    Duration slow = Duration.ofMillis(5);

    private final List<ObjectNode> findings = new ArrayList<>();
    private Level worst = Level.OK;

    @Override
    public Integer call() throws Exception {
        Connection connection = omnibus().connection();
        try (Bus bus = connect();
                RedisCommands redis = RedisCommands.open(connection)) {
            examine(connection, bus, redis);
        }
        out().table("findings", findings);
        return worst.code;
    }

    /** The same for others than the command line. */
    List<ObjectNode> examine(Connection connection, Bus bus, RedisCommands redis) throws Exception {
        found(Level.OK, "connection", "a message to the own inbox has come back", "");
        roundTrip(redis);
        server(redis);
        rights(connection, redis);
        counts(bus, redis);
        buffers(redis);
        List<NodeInfo> nodes = await(Directory.on(bus).nodes());
        leases(bus, redis, nodes);
        drift(nodes);
        versions(nodes);
        return findings;
    }

    private void found(Level level, String check, String finding, String remedy) {
        findings.add(Output.object()
                .put("level", level.name())
                .put("check", check)
                .put("finding", finding)
                .put("remedy", remedy));
        worst = worst.or(level);
    }

    private void roundTrip(RedisCommands redis) {
        long[] nanos = new long[PINGS];
        for (int i = 0; i < PINGS; i++) {
            long began = System.nanoTime();
            Object unusedPong = redis.run("PING");
            nanos[i] = System.nanoTime() - began;
        }
        Arrays.sort(nanos);
        long median = nanos[PINGS / 2];
        String said = "median of " + PINGS + " PINGs: " + Durations.text(Duration.ofNanos(median));
        if (median > slow.toNanos()) {
            found(Level.WARNING, "round trip", said, "a call takes two of these; is Redis near, and not busy?");
        } else {
            found(Level.OK, "round trip", said, "");
        }
    }

    private void server(RedisCommands redis) {
        Map<String, String> server = redis.info("server");
        String version = server.getOrDefault("valkey_version", server.getOrDefault("redis_version", ""));
        if (version.isEmpty()) {
            found(Level.UNKNOWN, "version", "this user may not ask (INFO)", "");
            return;
        }
        int dot = version.indexOf('.');
        boolean old = dot > 0 && Integer.parseInt(version.substring(0, dot)) < 7;
        found(
                old ? Level.WARNING : Level.OK,
                "version",
                (server.containsKey("valkey_version") ? "Valkey " : "Redis ") + version + ", "
                        + server.getOrDefault("redis_mode", "standalone"),
                old ? "durable topics, sharded channels and the lists of omnibus acl need 7.0" : "");
        String role = redis.info("replication").getOrDefault("role", "master");
        if (!role.equals("master")) {
            found(Level.CRITICAL, "role", "this server is a " + role, "connect to the master");
        }
        Map<String, String> memory = redis.info("memory");
        String policy = memory.getOrDefault("maxmemory_policy", "noeviction");
        boolean bounded = !memory.getOrDefault("maxmemory", "0").equals("0");
        if (bounded && !policy.equals("noeviction")) {
            found(
                    Level.WARNING,
                    "memory",
                    "maxmemory-policy is " + policy,
                    "set it to noeviction, or Redis may evict leases, durable topics and queued calls");
        } else {
            found(Level.OK, "memory", "nothing is evicted", "");
        }
    }

    private void rights(Connection connection, RedisCommands redis) {
        String user = redis.text("ACL", "WHOAMI");
        if (user.isEmpty()) {
            found(Level.UNKNOWN, "rights", "this user may not ask who it is (ACL WHOAMI)", "");
            return;
        }
        String key = connection.prefix() + ":doctor";
        List<String> missing = new ArrayList<>();
        try {
            for (List<String> need : List.of(
                    List.of("EVAL", "return 0", "1", key),
                    List.of("EVALSHA", "0", "1", key),
                    List.of("SCRIPT", "LOAD", "return 0"),
                    List.of("PUBSUB", "NUMSUB", key))) {
                if (!AclCommand.refusal(redis, user, need).isEmpty()) {
                    missing.add(need.get(0));
                }
            }
        } catch (RedisException e) {
            found(Level.UNKNOWN, "rights", "the user " + user + " may not ask what it may (ACL DRYRUN)", "");
            return;
        }
        if (missing.isEmpty()) {
            found(Level.OK, "rights", "the user " + user + " may count receivers", "");
        } else {
            found(
                    Level.WARNING,
                    "rights",
                    "the user " + user + " may not run " + String.join(", ", missing),
                    "without counts a call nobody serves may take its whole timeout; omnibus acl has the rights");
        }
    }

    private void counts(Bus bus, RedisCommands redis) {
        if (BusRuntime.of(bus).channels().countsTrusted()) {
            found(Level.OK, "counts", "receivers are counted, and the counts are right", "");
        } else {
            found(
                    Level.WARNING,
                    "counts",
                    "a message came back that was counted as received by nobody",
                    "connect to the master itself, and not by a proxy or a replica");
        }
        long patterns = number(redis.text("PUBSUB", "NUMPAT"));
        if (patterns > 0) {
            found(
                    Level.WARNING,
                    "pattern subscribers",
                    patterns + " patterns are subscribed to",
                    "each makes counted publishes, as of calls, use a script; end what only watches");
        } else {
            found(Level.OK, "pattern subscribers", "none", "");
        }
    }

    private static long number(String text) {
        return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
    }

    private void buffers(RedisCommands redis) {
        String limits = redis.text("CONFIG", "GET", "client-output-buffer-limit");
        int at = limits.indexOf("pubsub ");
        if (at < 0) {
            found(Level.UNKNOWN, "output buffers", "this user may not ask (CONFIG GET)", "");
        } else {
            long hard = number(limits.substring(at + 7).split("[ \\],]", 2)[0]);
            boolean small = hard > 0 && hard < MIN_BUFFER;
            found(
                    small ? Level.WARNING : Level.OK,
                    "output buffers",
                    "client-output-buffer-limit of pubsub is " + (hard == 0 ? "unlimited" : hard + " bytes"),
                    small ? "give it 32mb or more, or subscribers are cut off when they pause" : "");
        }
        Set<String> slow = new TreeSet<>();
        redis.text("CLIENT", "LIST", "TYPE", "pubsub").lines().forEach(client -> {
            Map<String, String> fields = new TreeMap<>();
            for (String field : client.split(" ", -1)) {
                int equals = field.indexOf('=');
                if (equals > 0) {
                    fields.put(field.substring(0, equals), field.substring(equals + 1));
                }
            }
            if (number(fields.getOrDefault("omem", "0")) > MAX_UNREAD) {
                String name = fields.getOrDefault("name", "");
                slow.add((name.isEmpty() ? fields.getOrDefault("addr", "?") : name) + " (" + fields.get("omem")
                        + " bytes)");
            }
        });
        if (!slow.isEmpty()) {
            found(
                    Level.WARNING,
                    "slow subscribers",
                    String.join(", ", slow) + " unread",
                    "what reads there is too slow, or stopped; Redis will end its connection");
        }
    }

    /** Compares who is listed with who listens. */
    private void leases(Bus bus, RedisCommands redis, List<NodeInfo> nodes) {
        Channels channels = BusRuntime.of(bus).channels();
        ChannelNames names = channels.names();
        if (channels.sharded()) {
            found(Level.OK, "nodes", nodes.size() + " nodes; in a cluster it is not compared who listens", "");
            return;
        }
        Set<String> listed = new HashSet<>();
        for (NodeInfo node : nodes) {
            listed.add(node.node());
            if (redis.run("PUBSUB", "NUMSUB", names.inbox(node.node())) instanceof List<?> counts
                    && counts.size() == 2
                    && counts.get(1).toString().equals("0")) {
                found(
                        Level.CRITICAL,
                        "nodes",
                        node.node() + " has a lease, and listens to nothing",
                        "it has lost its subscriptions, or its user may not subscribe; restart it");
            }
        }
        Set<String> unlisted = new TreeSet<>();
        if (redis.run("PUBSUB", "CHANNELS", names.method("*", "*")) instanceof List<?> subscribed) {
            for (Object channel : subscribed) {
                String node = names.parse(channel.toString()).node();
                if (!listed.contains(node)) {
                    unlisted.add(node);
                }
            }
        }
        if (!unlisted.isEmpty()) {
            found(
                    Level.WARNING,
                    "nodes",
                    String.join(", ", unlisted) + " listen for calls, and have no lease",
                    "broadcasts wait for them; they cannot write their lease, or have just come");
        }
        found(
                Level.OK,
                "nodes",
                nodes.size() + " nodes, of which "
                        + nodes.stream().filter(NodeInfo::isServing).count() + " serve something",
                "");
    }

    private void drift(List<NodeInfo> nodes) {
        Set<String> drifting = new TreeSet<>();
        for (NodeInfo node : nodes) {
            node.services()
                    .forEach((service, methods) -> methods.keySet().stream()
                            .map(method -> service + "." + method)
                            .filter(method -> Shapes.differ(method, nodes))
                            .forEach(drifting::add));
        }
        if (drifting.isEmpty()) {
            found(Level.OK, "contracts", "all nodes agree", "");
        } else {
            found(
                    Level.WARNING,
                    "contracts",
                    "nodes do not agree on " + String.join(", ", drifting),
                    "finish the rollout; omnibus describe says who has which");
        }
    }

    private void versions(List<NodeInfo> nodes) {
        Map<String, Set<String>> versions = new TreeMap<>();
        for (NodeInfo node : nodes) {
            if (!node.version().isEmpty()) {
                versions.computeIfAbsent(node.application(), any -> new TreeSet<>(Comparator.naturalOrder()))
                        .add(node.version());
            }
        }
        versions.forEach((application, several) -> {
            if (several.size() > 1) {
                found(
                        Level.WARNING,
                        "versions",
                        application + " runs in " + String.join(", ", several),
                        "finish the rollout");
            }
        });
    }
}

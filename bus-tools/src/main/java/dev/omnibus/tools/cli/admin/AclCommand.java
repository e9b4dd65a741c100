package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.tools.cli.admin.AccessRoles.Role;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import dev.omnibus.tools.cli.base.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.redisson.client.RedisException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes access control lists. */
@Command(
        name = "acl",
        description = {
            "Prints the least rights of a role, as a command for redis-cli; or checks whether a user has them.",
            "The password is that of OMNIBUS_ACL_PASSWORD, of which only the digest is printed.%n"
        },
        footer = {
            "",
            "omnibus acl --role caller --for shop --methods stock.left,stock.add",
            "omnibus acl --role subscriber --for audit --topics 'orders.*'",
            "omnibus acl --role worker --for stock --methods 'stock.*'",
            "omnibus acl --role server --for stock --methods 'stock.*' --check"
        })
public final class AclCommand extends Action {

    private static final int OLDEST_MAJOR = 7; // the first one with selectors and DRYRUN

    @Option(
            names = "--role",
            required = true,
            paramLabel = "ROLE",
            description =
                    "publisher, subscriber, caller, server, watcher, console; of queued calls enqueuer, worker; of"
                            + " durable topics appender, relay, consumer, follower.")
    Role role = Role.caller;

    @Option(
            names = "--for",
            paramLabel = "USER",
            description = "The user, whose bus has the same name. Default: the name of the role.")
    @Nullable
    String subject;

    @Option(names = "--topics", split = ",", paramLabel = "PATTERN", description = "Topics, or patterns of them.")
    List<String> topics = List.of();

    @Option(
            names = "--methods",
            split = ",",
            paramLabel = "METHOD",
            description = "Methods, or services with .* behind them.")
    List<String> methods = List.of();

    @Option(names = "--group", paramLabel = "NAME", description = "The consumer group, for --role consumer.")
    String group = "";

    @Option(names = "--cluster", description = "For a cluster. Default: as the server says, with --check.")
    boolean cluster;

    @Option(names = "--check", description = "Change nothing: ask Redis, by ACL DRYRUN, whether the user has them.")
    boolean check;

    @Override
    public Integer call() {
        if (role.needsTopics() && topics.isEmpty()) {
            throw new Failures.UsageException("Which topics? The role " + role + " needs --topics");
        }
        if (role.needsOneTopic() && (topics.size() > 1 || topics.get(0).contains("*"))) {
            throw new Failures.UsageException("A list for --role " + role + " is for one durable topic");
        }
        if (role.needsMethods() && methods.isEmpty()) {
            throw new Failures.UsageException("Which methods? The role " + role + " needs --methods");
        }
        if (role == Role.consumer && group.isEmpty()) {
            throw new Failures.UsageException("Which group? The role consumer needs --group");
        }
        String user = subject == null ? role.name() : subject;
        Connection connection = omnibus().connection();
        AccessRoles roles =
                new AccessRoles(new ChannelNames(connection.prefix()), user, topics, methods, group, cluster);
        return check ? check(roles, user, connection) : print(roles, user);
    }

    private int print(AccessRoles roles, String user) {
        List<String> rules = new ArrayList<>(List.of("reset", "on"));
        rules.add(omnibus()
                .terminal()
                .variable("OMNIBUS_ACL_PASSWORD")
                .map(password -> "#" + digest(password))
                .orElse(">secret"));
        rules.addAll(roles.rules(role));
        String line = "ACL SETUSER " + user + " " + String.join(" ", rules);
        ObjectNode result = Output.object().put("role", role.name()).put("user", user);
        result.set("rules", Output.array(rules));
        out().element(result.put("line", line), line);
        return ExitCode.OK;
    }

    private static String digest(String password) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(password.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java platform lacks SHA-256, which is mandatory", e);
        }
    }

    private int check(AccessRoles roles, String user, Connection connection) {
        try (RedisCommands redis = RedisCommands.open(connection)) {
            requireSelectors(redis.info("server"));
            List<ObjectNode> rows = new ArrayList<>();
            boolean all = true;
            for (List<String> need : roles.needs(role)) {
                String refusal = refusal(redis, user, need);
                all &= refusal.isEmpty();
                rows.add(Output.object()
                        .put("command", String.join(" ", need))
                        .put("allowed", refusal.isEmpty() ? "yes" : "no")
                        .put("why", refusal));
            }
            out().table("rights", rows);
            return all ? ExitCode.OK : ExitCode.REFUSED;
        } catch (RedisException e) {
            throw new Failures.UsageException("Redis does not let this user ask (ACL DRYRUN): " + e.getMessage());
        }
    }

    /** Why a user may not do something; empty if it may. */
    static String refusal(RedisCommands redis, String user, List<String> command) {
        List<String> words = new ArrayList<>(List.of("DRYRUN", user));
        words.addAll(command);
        Object answer = redis.run("ACL", words.toArray(String[]::new));
        return "OK".equals(answer) ? "" : String.valueOf(answer);
    }

    private static void requireSelectors(Map<String, String> server) {
        String version =
                Optional.ofNullable(server.get("valkey_version")).orElse(server.getOrDefault("redis_version", ""));
        int dot = version.indexOf('.');
        if (dot > 0 && Integer.parseInt(version.substring(0, dot)) < OLDEST_MAJOR) {
            throw new Failures.UsageException(
                    "Redis " + version + " knows neither these lists nor ACL DRYRUN; 7.0 does");
        }
    }
}

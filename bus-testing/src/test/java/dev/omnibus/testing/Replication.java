package dev.omnibus.testing;

import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How far replicas are. {@code WAIT} cannot tell: it knows the writes of its own connection only. */
final class Replication {

    private static final Pattern OFFSET = Pattern.compile("master_repl_offset:(\\d+)");

    private Replication() {}

    /** Waits until one of the servers is a replica of this master, and has everything that the master has now. */
    static void awaitReplicaOf(RedisServer master, List<RedisServer> servers) {
        long written = offset(info(master));
        Patience.until(
                "a replica has all of " + master,
                Duration.ofSeconds(20),
                () -> servers.stream()
                        .map(Replication::info)
                        .anyMatch(info -> info.contains("master_port:" + master.port() + "\r")
                                && info.contains("master_link_status:up")
                                && offset(info) >= written));
    }

    private static String info(RedisServer server) {
        return String.valueOf(server.command("INFO", "replication"));
    }

    private static long offset(String info) {
        Matcher said = OFFSET.matcher(info);
        return said.find() ? Long.parseLong(said.group(1)) : -1;
    }
}

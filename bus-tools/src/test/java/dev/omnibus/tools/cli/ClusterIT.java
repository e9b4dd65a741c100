package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.redisson.config.Config;

/** The command line on a cluster, where calls go by channels that no pattern matches. */
class ClusterIT {

    @TempDir
    static Path folder;

    private static RedisCluster cluster;
    private static Bus shop;
    private static Shell shell;

    @BeforeAll
    static void start() throws Exception {
        cluster = RedisCluster.start(3, 0);
        Config config = new Config();
        config.useClusterServers().setNodeAddresses(cluster.urls());
        shop = Bus.builder(RedissonTransport.connect(config)).name("shop").build();
        RpcServer.on(shop).serve("stock.left", params -> 3).ready().get(60, SECONDS);
        Path yaml = folder.resolve("cluster.yaml");
        Files.writeString(yaml, yaml());
        shell = new Shell(
                Map.of(
                        "XDG_CONFIG_HOME",
                        folder.toString(),
                        "OMNIBUS_REDIS",
                        cluster.urls().get(0)),
                Connection::open);
        assertEquals(
                0,
                shell.run("omnibus context add prod --url redis://127.0.0.1:1 --select --redisson " + yaml)
                        .code());
    }

    private static String yaml() throws IOException {
        StringBuilder yaml = new StringBuilder("clusterServersConfig:\n  nodeAddresses:\n");
        cluster.urls().forEach(address -> yaml.append("  - \"").append(address).append("\"\n"));
        return yaml.toString();
    }

    @AfterAll
    static void stop() {
        shop.close();
        cluster.close();
    }

    @Test
    void callsAndBroadcastsGoThroughAContextOfACluster() {
        assertEquals("3\n", shell.run("omnibus call stock.left").out());
        Shell.Result asked = shell.run("omnibus ask stock.left");
        assertEquals(0, asked.code(), asked::toString);
        assertEquals(0, shell.run("omnibus doctor --json").code() & ~1); // a slow machine is a warning
    }

    @Test
    void aWatchSaysThatItSeesNoCallsAndSeesEvents() {
        ScheduledExecutorService ticks = Executors.newScheduledThreadPool(1);
        ticks.scheduleAtFixedRate(() -> shop.publish("news", 1), 0, 50, TimeUnit.MILLISECONDS);
        try {
            Shell.Result watched = shell.run("omnibus watch all --count 1 --wait 60s");
            assertEquals(0, watched.code(), watched::toString);
            assertTrue(watched.err().contains("calls cannot be seen"), watched::err);
            assertTrue(watched.out().contains(" event news "), watched::out);
        } finally {
            ticks.shutdownNow();
        }
    }
}

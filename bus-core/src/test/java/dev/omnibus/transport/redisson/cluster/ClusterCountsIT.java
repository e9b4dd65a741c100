package dev.omnibus.transport.redisson.cluster;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.redisson.config.Config;

/** How many have received what was published, while the servers of a cluster change their parts. */
@WithRedis(replicas = 1)
public class ClusterCountsIT {

    private static final long NOT_PUBLISHED = -1;

    public static long count(RedissonTransport transport) throws Exception {
        return count(transport, "c", true);
    }

    private static long count(RedissonTransport transport, String channel, boolean apart) throws Exception {
        CompletableFuture<Long> outcome = new CompletableFuture<>();
        transport.publish(List.of(new Publication(channel, new byte[] {'x'}, apart, new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {
                outcome.complete(receivers);
            }

            @Override
            public void failed(TransportException failure) {
                outcome.complete(NOT_PUBLISHED);
            }
        })));
        return outcome.get(20, SECONDS);
    }

    /** For two seconds, and until something was published: the publisher follows the new master within one. */
    public static void assertNobodyIsCountedOut(RedissonTransport transport) {
        List<Long> counts = new ArrayList<>();
        long until = System.nanoTime() + SECONDS.toNanos(2);
        await().atMost(20, SECONDS).pollInterval(10, MILLISECONDS).until(() -> {
            counts.add(count(transport));
            counts.add(count(transport, "c", false));
            return System.nanoTime() - until > 0 && counts.stream().anyMatch(count -> count > 0);
        });
        assertFalse(counts.contains(0L), counts::toString);
    }

    /** However many channels there are; what is remembered is where their slots are. */
    @Test
    void onlyTheServerOfAChannelIsAskedOnceItHasStoodForAWhile(RedisCluster redis) throws Exception {
        redis.awaitReady();
        Config config = new Config();
        config.useClusterServers().addNodeAddress(redis.urls().toArray(String[]::new));
        List<String> channels =
                IntStream.range(0, 1_500).mapToObj(i -> "many-" + i).toList();
        List<Socket> subscribers = new ArrayList<>();
        try (RedissonTransport transport = RedissonTransport.connect(config)) {
            for (RedisServer server : redis.nodes()) {
                subscribers.add(subscribe(server, String.join(" ", channels)));
            }
            await().atMost(40, SECONDS).pollInterval(500, MILLISECONDS).until(() -> {
                long before = counts(redis);
                for (String channel : channels) {
                    assertTrue(count(transport, channel, true) > 0, channel);
                }
                return counts(redis) - before == channels.size(); // the one of the script that publishes
            });
        } finally {
            for (Socket subscriber : subscribers) {
                subscriber.close();
            }
        }
    }

    /** By a plain socket, which follows no master anywhere. */
    public static Socket subscribe(RedisServer server, String channels) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        String lines = "AUTH " + server.password() + "\r\nSUBSCRIBE " + channels + "\r\n";
        socket.getOutputStream().write(lines.getBytes(StandardCharsets.UTF_8));
        byte[] answers = socket.getInputStream().readNBytes("+OK\r\n*".length()); // it is subscribed now
        assertEquals("+OK\r\n*", new String(answers, StandardCharsets.UTF_8));
        return socket;
    }

    private static long counts(RedisCluster redis) {
        long calls = 0;
        for (RedisServer server : redis.nodes()) {
            Matcher found = Pattern.compile("pubsub\\|numsub:calls=(\\d+)")
                    .matcher(String.valueOf(server.command("INFO", "commandstats")));
            calls += found.find() ? Long.parseLong(found.group(1)) : 0;
        }
        return calls;
    }

    /** A subscriber follows a second later than the publisher at worst; this one has not followed yet. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nobodyIsSaidToHaveHeardNothingWhoIsWithTheOldMasterStill(boolean withANewClient, RedisCluster redis)
            throws Exception {
        redis.awaitReady();
        Config config = new Config();
        config.useClusterServers().addNodeAddress(redis.urls().toArray(String[]::new));
        RedisServer master = redis.masterOf("c");
        try (RedissonTransport transport = RedissonTransport.connect(config)) {
            await().atMost(20, SECONDS).until(() -> count(transport) == 0); // a slow server may have one, it is said
            try (Socket subscriber = subscribe(master, "c")) {
                await().atMost(20, SECONDS).until(() -> count(transport) == 1);

                redis.failover(master);
                if (withANewClient) { // which knows no other master
                    transport.reconnect().get(20, SECONDS);
                }
                assertNobodyIsCountedOut(transport);
                assertFalse(subscriber.isClosed());
            }
        }
    }
}

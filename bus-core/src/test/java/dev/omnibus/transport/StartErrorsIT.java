package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.RedissonOptions;
import dev.omnibus.transport.redisson.RedissonTransport;
import dev.omnibus.transport.redisson.connection.ConnectFailures.HiccupMeter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.redisson.config.Config;

/** Each way in which connecting can fail: soon, typed, with a message that says what to do and no password. */
class StartErrorsIT {

    private static final String SECRET = "S3cret-w0rd";
    private static final long PROMISED_MILLIS = 6_000;
    private static final long ROOM_MILLIS = 1_000; // for a machine that does other things as well
    private static final long AGAIN_MILLIS = 400; // whoever comes so late himself tries again
    private static final long MAX_MILLIS = 20_000 + ROOM_MILLIS;

    /**
     * Netty's and the JDK's own end a while after their last work, and one is that which looks. Since JDK 25 the
     * timeouts of a CompletableFuture run in the common pool.
     */
    private static final Pattern NOT_OURS = Pattern.compile("(globalEventExecutor|process reaper"
            + "|CompletableFutureDelayScheduler|ForkJoinPool|VirtualThread-|awaitility).*");

    private static RedisServer open;
    private static RedisServer locked;
    private Set<String> threadsBefore;

    @BeforeAll
    static void startRedis() {
        open = RedisServer.start("--requirepass", "");
        locked = RedisServer.start("--requirepass", SECRET);
        RedissonTransport.connect(open.url()).close(); // whatever the first one loads is no part of the time
    }

    @AfterAll
    static void stopRedis() {
        open.close();
        locked.close();
    }

    @BeforeEach
    void lookAtThreads() {
        threadsBefore = threads();
    }

    @AfterEach
    void noThreadIsLeft() {
        await().atMost(15, SECONDS)
                .untilAsserted(
                        () -> { // an attempt that was cut ends when Redisson gives up
                            Set<String> left = new HashSet<>(threads());
                            left.removeAll(threadsBefore);
                            left.removeIf(name -> NOT_OURS.matcher(name).matches());
                            assertEquals(Set.of(), left);
                        });
    }

    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).collect(Collectors.toSet());
    }

    @Test
    void aWrongPasswordIsRefused() {
        assertFails(
                Kind.REFUSED,
                "Redis at redis://127.0.0.1:" + locked.port()
                        + " refused the login; check user and password: WRONGPASS",
                single("redis://:" + SECRET + "x@127.0.0.1:" + locked.port()));
        assertFails(
                Kind.REFUSED, "wants a login; give one, as in redis://user:password@", single(withoutLogin(locked)));
    }

    @Test
    void aWrongUserIsRefused() {
        String address = "redis://nobody:" + SECRET + "@127.0.0.1:" + locked.port();
        assertFails(Kind.REFUSED, "check user and password: WRONGPASS", single(address));
    }

    @Test
    void aPasswordWhereNoneIsWantedIsRefused() {
        String address = "redis://:" + SECRET + "@127.0.0.1:" + open.port();
        assertFails(Kind.REFUSED, "called without any password configured", single(address));
    }

    @Test
    void aPortWithoutAServerCannotBeReached() throws IOException {
        int port = unusedPort();
        String address = "redis://:" + SECRET + "@127.0.0.1:" + port;
        assertFails(
                Kind.CONNECTION_LOST,
                "is it running at redis://127.0.0.1:" + port + "? Connection refused",
                single(address));
    }

    @Test
    void aPortThatAcceptsAndNeverAnswersIsGivenUp() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String address = "redis://127.0.0.1:" + silent.getLocalPort();
            assertFails(Kind.CONNECTION_LOST, address + " did not answer within 1600 ms; is it", single(address));
            String withLogin = "redis://:" + SECRET + "@127.0.0.1:" + silent.getLocalPort();
            assertFails(Kind.CONNECTION_LOST, address + " did not answer within 1600 ms; is it", single(withLogin));
        }
    }

    @Test
    void anUnknownHostIsNamed() {
        String address = "redis://:" + SECRET + "@no-such-host.invalid:6379";
        assertFails(Kind.CONNECTION_LOST, "the host of redis://no-such-host.invalid:6379 is unknown", single(address));
    }

    @Test
    void tlsSpokenToAPlainServerIsGivenUp() {
        assertFails(
                Kind.CONNECTION_LOST,
                "speak TLS (else write redis://)?",
                single("rediss://:" + SECRET + "@127.0.0.1:" + open.port()));
    }

    @Test
    void plainSpokenToATlsServerAndAStrangeCertificateAreNamed(@TempDir Path folder) throws Exception {
        writeCertificate(folder);
        int port = unusedPort();
        try (RedisServer tls = RedisServer.start(
                "--tls-port", Integer.toString(port),
                "--tls-cert-file", folder.resolve("cert.pem").toString(),
                "--tls-key-file", folder.resolve("key.pem").toString(),
                "--tls-ca-cert-file", folder.resolve("cert.pem").toString(),
                "--tls-auth-clients", "no")) {
            tls.command("PING");
            assertFails(Kind.CONNECTION_LOST, "speak TLS (then write rediss://)?", single("redis://127.0.0.1:" + port));
            assertFails(Kind.CONNECTION_LOST, "is its certificate trusted?", single("rediss://localhost:" + port));
        }
    }

    @Test
    void aServerThatIsFullAnInterruptionAndADatabaseThatIsNotThereAreNamed() throws IOException {
        try (RedisServer full = RedisServer.start("--maxclients", "2", "--databases", "2", "--requirepass", "")) {
            List<Socket> clients = new ArrayList<>();
            while (clients.size() < 2) { // the places of both; the first may still be that of whoever started it
                Socket client = new Socket(InetAddress.getLoopbackAddress(), full.port());
                client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
                if (client.getInputStream().read() == '+') {
                    clients.add(client);
                } else {
                    client.close();
                }
            }
            assertFails(Kind.CONNECTION_LOST, "maxclients", single(full.url()));
            for (Socket client : clients) {
                client.close();
            }
        }
        Thread.currentThread().interrupt();
        assertFails(Kind.CONNECTION_LOST, "Interrupted while connecting", single(open.url()));
        assertTrue(Thread.interrupted());
        assertFails(Kind.REFUSED, "has no database of that number", single(open.url(), 99));
    }

    private static Config single(String address, int database) {
        Config config = new Config();
        config.useSingleServer().setAddress(address).setDatabase(database);
        return config;
    }

    @Test
    void aMasterThatTheSentinelsDoNotKnowIsRefused() {
        try (RedisSentinels redis = RedisSentinels.start(1)) {
            threadsBefore = threads();
            Config config = new Config();
            config.useSentinelServers()
                    .setMasterName("nope")
                    .addSentinelAddress(redis.urls().toArray(String[]::new));
            assertFails(Kind.REFUSED, "know no master named nope; check the master name", config);
        }
    }

    @Test
    void aServerThatIsNoSentinelOrNotThereIsNamed() throws IOException {
        Config config = new Config();
        config.useSentinelServers().setMasterName("bus").addSentinelAddress(open.url());
        assertFails(Kind.REFUSED, open.url() + " is no Sentinel; connect to it as a single server", config);
        Config absent = new Config();
        absent.useSentinelServers().setMasterName("bus").addSentinelAddress("redis://127.0.0.1:" + unusedPort());
        assertFails(Kind.CONNECTION_LOST, "by the Sentinels at redis://127.0.0.1:", absent);
    }

    @Test
    void aServerThatIsNoClusterOrRefusesTheLoginIsNamed() {
        Config config = new Config();
        config.useClusterServers().addNodeAddress(open.url());
        assertFails(Kind.REFUSED, open.url() + " is no cluster; connect to it as a single server", config);
        Config login = new Config();
        login.setPassword(SECRET + "x");
        login.useClusterServers().addNodeAddress(withoutLogin(locked));
        assertFails(Kind.REFUSED, "refused the login; check user and password: WRONGPASS", login);
    }

    /** What fails in this way, given the time that connecting may take. */
    private record Way(String name, Connecting connecting) {

        @Override
        public String toString() {
            return name;
        }
    }

    private interface Connecting {
        void within(Duration longest) throws Exception;
    }

    private static List<Way> ways() {
        return List.of(
                new Way("refused", longest -> connect("redis://127.0.0.1:" + unusedPort(), longest)),
                new Way("unknown host", longest -> connect("redis://no-such-host.invalid", longest)),
                new Way("silent", longest -> whileSilent("redis", longest)),
                new Way("silent to TLS", longest -> whileSilent("rediss", longest)),
                new Way("wrong TLS", longest -> connect("rediss://127.0.0.1:" + open.port(), longest)),
                new Way("silent to SUBSCRIBE", StartErrorsIT::whileDeaf),
                new Way("silent Sentinels", longest -> {
                    try (FaultProxy first = silent();
                            FaultProxy second = silent();
                            FaultProxy third = silent()) {
                        Config config = new Config();
                        config.useSentinelServers()
                                .setMasterName("bus")
                                .addSentinelAddress(plain(first), plain(second), plain(third));
                        connect(config, longest);
                    }
                }),
                new Way("silent cluster", longest -> {
                    try (FaultProxy first = silent();
                            FaultProxy second = silent();
                            FaultProxy third = silent()) {
                        Config config = new Config();
                        config.useClusterServers().addNodeAddress(plain(first), plain(second), plain(third));
                        connect(config, longest);
                    }
                }));
    }

    /** Accepts, and says nothing. */
    private static FaultProxy silent() {
        FaultProxy proxy = FaultProxy.to(open);
        proxy.blackhole(Direction.BOTH);
        return proxy;
    }

    private static void whileSilent(String scheme, Duration longest) {
        try (FaultProxy proxy = silent()) {
            connect(scheme + "://127.0.0.1:" + proxy.port(), longest);
        }
    }

    private static String plain(FaultProxy proxy) {
        return "redis://127.0.0.1:" + proxy.port();
    }

    private static void connect(String address, Duration longest) {
        Bus.builder(address).connectWithin(longest).build().close();
    }

    private static void connect(Config config, Duration longest) {
        RedissonTransport.connect(config, RedissonOptions.defaults().withConnectWithin(longest))
                .close();
    }

    /** Redis, as it seems, but whoever subscribes is not answered. */
    private static void whileDeaf(Duration longest) throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread answers = new Thread(() -> answerAllButSubscriptions(deaf), "deaf");
            answers.start();
            connect("redis://127.0.0.1:" + deaf.getLocalPort(), longest);
        }
    }

    private static void answerAllButSubscriptions(ServerSocket deaf) {
        while (!deaf.isClosed()) {
            try {
                Socket client = deaf.accept();
                new Thread(() -> answerAllButSubscriptions(client), "deaf").start();
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void answerAllButSubscriptions(Socket client) {
        try (client) {
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int parts = Integer.parseInt(line.substring(1)); // *3, and then for each a length and itself
                String command = "";
                for (int part = 0; part < parts; part++) {
                    lines.readLine();
                    String word = lines.readLine();
                    command = part == 0 ? word : command;
                }
                if (!command.equalsIgnoreCase("SUBSCRIBE")) {
                    client.getOutputStream().write(":1\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException gone) {
            return;
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void connectingEndsWithinItsTime(Way way) {
        Duration longest = Duration.ofMillis(700);
        try (Stopwatch stopwatch = new Stopwatch()) {
            RuntimeException failure = assertThrows(RuntimeException.class, () -> way.connecting.within(longest));
            long millis = stopwatch.millis();
            System.out.println("[connect] " + way + ": " + millis + " ms, " + failure.getMessage());
            Throwable told = failure instanceof ConnectionException ? failure.getCause() : failure;
            assertTrue(assertInstanceOf(TransportException.class, told).notSent());
            long room = ROOM_MILLIS + 2 * stopwatch.lateMillis();
            assertTrue(millis < longest.toMillis() + room, () -> "took " + millis + " ms, with " + room + " of room");
        }
    }

    private static String withoutLogin(RedisServer redis) {
        return "redis://127.0.0.1:" + redis.port();
    }

    private static Config single(String address) {
        Config config = new Config();
        config.useSingleServer().setAddress(address);
        return config;
    }

    private static void assertFails(Kind kind, String said, Config config) {
        long millis;
        long late;
        TransportException failure;
        try (Stopwatch stopwatch = new Stopwatch()) {
            failure = assertThrows(TransportException.class, () -> {
                Transport unexpected = RedissonTransport.connect(config);
                unexpected.close();
            });
            millis = stopwatch.millis();
            late = stopwatch.lateMillis();
        }
        StringWriter everything = new StringWriter();
        failure.printStackTrace(new PrintWriter(everything));
        assertTrue(String.valueOf(failure.getMessage()).contains(said), everything::toString);
        assertEquals(kind, failure.kind());
        assertTrue(failure.notSent());
        assertFalse(everything.toString().contains(SECRET), everything::toString);
        long promised = late < AGAIN_MILLIS ? PROMISED_MILLIS + 2 * late : MAX_MILLIS;
        assertTrue(millis < promised, () -> "took " + millis + " ms, and this machine came " + late + " ms late");
    }

    /** Measures how long something takes, and how late this machine itself came meanwhile. */
    private static final class Stopwatch implements AutoCloseable {

        private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        private final HiccupMeter hiccups = new HiccupMeter(timer);
        private final long begun = System.nanoTime();

        long millis() {
            return (System.nanoTime() - begun) / 1_000_000;
        }

        long lateMillis() {
            return hiccups.longest().toMillis();
        }

        @Override
        public void close() {
            timer.shutdownNow();
        }
    }

    private static int unusedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Self-signed, made by the tool that comes with Java. */
    private static void writeCertificate(Path folder) throws Exception {
        Path store = folder.resolve("store.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "redis",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-keystore",
                        store.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "changeit")
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, keytool.waitFor(), output);
        KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
        Key key = keys.getKey("redis", "changeit".toCharArray());
        Files.writeString(folder.resolve("key.pem"), pem("PRIVATE KEY", key.getEncoded()));
        Files.writeString(
                folder.resolve("cert.pem"),
                pem("CERTIFICATE", keys.getCertificate("redis").getEncoded()));
    }

    private static String pem(String kind, byte[] bytes) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(bytes) + "\n-----END " + kind
                + "-----\n";
    }
}

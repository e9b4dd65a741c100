package dev.omnibus.tools.cli.admin;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxRow;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.rpc.CallQueue;
import dev.omnibus.rpc.QueueOptions;
import dev.omnibus.rpc.Queued;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.RedisServerException;
import dev.omnibus.tools.cli.Shell;
import dev.omnibus.tools.cli.admin.AccessRoles.Role;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The lists of {@code omnibus acl} on a real Redis: each role may do what it is for, and nothing else. */
class AccessRolesIT {

    private static final Path PAGE = Path.of("../docs/explanation/security.md");
    private static final Path MATRIX = Path.of("src/test/resources/access-matrix.txt");

    private static RedisServer redis;
    private static Bus shop;

    @BeforeAll
    static void grant() throws Exception {
        redis = RedisServer.start();
        for (Role role : Role.values()) {
            List<String> words = new ArrayList<>(List.of("ACL", "SETUSER", role.name(), "reset", "on", ">secret"));
            words.addAll(roles(role).rules(role)); // a selector is one word
            redis.command(words.toArray(String[]::new));
        }
        shop = Bus.builder(redis.url()).name("shop").build();
        RpcServer.on(shop).serve("stock.left", params -> 3).ready().get(20, SECONDS);
        RpcServer.on(shop).serve("pay.charge", params -> 3).ready().get(20, SECONDS);
    }

    @AfterAll
    static void stop() {
        shop.close();
        redis.close();
    }

    private static AccessRoles roles(Role role) {
        List<String> topics = role == Role.subscriber ? List.of("news", "orders.*") : List.of("orders.placed");
        boolean serves = role == Role.server || role == Role.worker;
        List<String> methods = List.of(serves ? "stock.*" : "stock.left");
        return new AccessRoles(new ChannelNames("bus"), role.name(), topics, methods, "billing", false);
    }

    private static Shell shell(Role role) {
        Map<String, String> environment = Map.of(
                "OMNIBUS_REDIS",
                "redis://127.0.0.1:" + redis.port(),
                "OMNIBUS_USER",
                role.name(),
                "OMNIBUS_PASSWORD",
                "secret");
        return new Shell(environment, Connection::open);
    }

    /** The line of a user on the page, without what belongs to it on other lines. */
    private static String onPage(String user) throws IOException {
        return Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("ACL SETUSER " + user + " reset on >secret "))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(names = {"publisher", "subscriber", "server", "appender", "consumer", "follower"})
    void theListsAreThoseOfThePage(Role role) throws IOException {
        String line = "ACL SETUSER " + role + " reset on >secret "
                + String.join(" ", roles(role).rules(role));
        assertEquals(onPage(role.name()), line);
    }

    @Test
    void thatOfACallerHasTheRightToCountBesides() throws IOException {
        AccessRoles roles =
                new AccessRoles(new ChannelNames("bus"), "client", List.of(), List.of("stock.left"), "", false);
        String line = "ACL SETUSER client reset on >secret " + String.join(" ", roles.rules(Role.caller));
        assertTrue(line.startsWith(onPage("client") + " (+eval "), line);
    }

    /** What a user of the page gets in addition. */
    private static String more(String user, String containing) throws IOException {
        String beginning = "ACL SETUSER " + user + " ";
        return Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith(beginning) && !line.contains(" reset ") && line.contains(containing))
                .findFirst()
                .orElseThrow()
                .substring(beginning.length());
    }

    @Test
    void thoseOfQueuedCallsAndOfAnOutboxHaveWhatThePageAdds() throws IOException {
        ChannelNames names = new ChannelNames("bus");
        AccessRoles server = new AccessRoles(names, "server", List.of(), List.of("stock.*"), "", false);
        assertEquals(
                String.join(" ", server.rules(Role.server)) + " " + more("server", "{stock.*}"),
                String.join(" ", server.rules(Role.worker)));
        AccessRoles client = new AccessRoles(names, "client", List.of(), List.of("stock.left"), "", false);
        String enqueuer = String.join(" ", client.rules(Role.enqueuer));
        assertTrue(enqueuer.endsWith(" " + more("client", "{stock.left}")), enqueuer);
        AccessRoles appender = new AccessRoles(names, "appender", List.of("orders.placed"), List.of(), "", false);
        Set<String> relay = new TreeSet<>(appender.rules(Role.appender));
        for (String added : List.of("+rename", ":held:outbox")) {
            relay.addAll(List.of(more("appender", added).split(" ", -1)));
        }
        assertEquals(relay, new TreeSet<>(appender.rules(Role.relay)));
    }

    private static Bus as(Role role) {
        return Bus.builder("redis://" + role + ":secret@127.0.0.1:" + redis.port())
                .name(role.name())
                .announce(role == Role.worker)
                .build();
    }

    /** What scripts were refused, which no exception tells; INFO is asked for and done without. */
    private static List<String> refusedInScripts() {
        return ((List<?>) Objects.requireNonNull(redis.command("ACL", "LOG")))
                .stream()
                        .map(String::valueOf)
                        .filter(one -> one.contains("lua") && !one.contains("object, info"))
                        .toList();
    }

    @ServiceName("stock")
    interface Stock {
        int left(String sku);
    }

    @Test
    void anEnqueuerEnqueuesCallsThatAWorkerTakesAndNoOthers() throws Exception {
        redis.command("ACL", "LOG", "RESET");
        try (Bus worker = as(Role.worker);
                Bus enqueuer = as(Role.enqueuer)) {
            RpcServer.on(worker)
                    .serve(Stock.class, sku -> 4, ServiceOptions.defaults().withQueued())
                    .ready()
                    .get(20, SECONDS);
            CallQueue<Stock> queue = RpcClient.on(enqueuer).queue(Stock.class);
            assertEquals(4, queue.enqueue(stock -> stock.left("sku-1")).result().get(20, SECONDS));
            Queued<Integer> later = RpcClient.on(enqueuer)
                    .queue(Stock.class, QueueOptions.defaults().withDelay(Duration.ofHours(1)))
                    .enqueue(stock -> stock.left("sku-1"));
            later.enqueued().get(20, SECONDS);
            assertTrue(later.cancel().get(20, SECONDS));
            assertEquals(List.of(), refusedInScripts());
            Queued<Integer> foreign =
                    RpcClient.on(enqueuer).enqueue("pay.charge", Integer.class, QueueOptions.defaults());
            ExecutionException e = assertThrows(
                    ExecutionException.class, () -> foreign.result().get(20, SECONDS));
            assertEquals(
                    RpcException.Reason.REFUSED,
                    assertInstanceOf(RpcException.class, e.getCause()).reason());
        }
    }

    @Test
    void aRelayPublishesAnOutboxAndNothingElse() throws Exception {
        redis.command("ACL", "LOG", "RESET");
        Map<String, OutboxRow<Integer>> table = new ConcurrentHashMap<>(Map.of("a", new OutboxRow<>("a", 1)));
        OutboxSource<Integer> source = new OutboxSource<>() {

            @Override
            public List<OutboxRow<Integer>> next(int max) {
                return table.values().stream().limit(max).toList();
            }

            @Override
            public void done(Collection<String> ids) {
                table.keySet().removeAll(ids);
            }
        };
        try (Bus bus = as(Role.relay)) {
            DurableTopic<Integer> orders = DurableTopics.on(bus)
                    .topic(Topic.of("orders.placed", Integer.class), Retention.untilAcknowledged());
            OutboxRelay relay = OutboxRelay.start(orders, source);
            await().until(table::isEmpty);
            relay.close();
            relay.closed().get(20, SECONDS);
            assertThrows(ExecutionException.class, () -> bus.publish("news", 1).get(20, SECONDS));
        }
    }

    @Test
    void everyRoleMayDoWhatItNeedsAndOfAllOthersNeedNothingMore() throws IOException {
        StringBuilder matrix = new StringBuilder();
        for (Role role : Role.values()) {
            List<List<String>> own = roles(role).needs(role);
            List<String> allowed = Stream.of(Role.values())
                    .flatMap(other -> roles(other).needs(other).stream())
                    .distinct()
                    .filter(command -> isAllowed(role.name(), command))
                    .map(command -> String.join(" ", command))
                    .sorted()
                    .toList();
            List<String> missing = own.stream()
                    .map(command -> String.join(" ", command))
                    .filter(command -> !allowed.contains(command))
                    .toList();
            assertEquals(List.of(), missing, role + " may not do what it needs");
            matrix.append(role).append('\n');
            allowed.forEach(command -> matrix.append("    ").append(command).append('\n'));
        }
        if (Boolean.getBoolean("sessions.accept")) {
            Files.writeString(MATRIX, matrix);
        }
        assertEquals(Files.readString(MATRIX), matrix.toString());
    }

    private static boolean isAllowed(String user, List<String> command) {
        List<String> words = new ArrayList<>(List.of("ACL", "DRYRUN", user));
        words.addAll(command);
        try {
            return "OK".equals(redis.command(words.toArray(String[]::new)));
        } catch (RedisServerException e) {
            return false;
        }
    }

    @Test
    void aCallerMayCallItsMethodAndIsRefusedTheOthers() {
        Shell shell = shell(Role.caller);
        assertEquals("3\n", shell.run("omnibus call stock.left --name caller").out());
        assertEquals(0, shell.run("omnibus ask stock.left --name caller").code());
        assertEquals(71, shell.run("omnibus call pay.charge --name caller").code());
        assertEquals(
                ExitCode.NOT_SENT, shell.run("omnibus pub news 1 --name caller").code());
        assertEquals(71, shell.run("omnibus sub news --name caller --wait 5s").code());
        assertEquals(71, shell.run("omnibus watch --name caller --wait 5s").code());
    }

    @Test
    void aPublisherMayPublishAndNothingElse() {
        Shell shell = shell(Role.publisher);
        assertEquals(
                0, shell.run("omnibus pub orders.placed 1 --name publisher").code());
        assertEquals(
                ExitCode.NOT_SENT,
                shell.run("omnibus pub news 1 --name publisher").code());
        Shell.Result call = shell.run("omnibus call stock.left --name publisher");
        assertEquals(71, call.code(), call::toString); // it may not read who serves it
    }

    @Test
    void anInboxOfAnotherNameIsRefusedAtOnceWithAWordOfWhy() {
        Shell.Result result = shell(Role.publisher).run("omnibus pub orders.placed 1");
        assertEquals(ExitCode.UNREACHABLE, result.code());
        assertTrue(result.err().contains("is it that of the access list?"), result::err);
        assertTrue(!result.err().contains("secret"), result::err);
    }

    @Test
    void aWatcherSeesCallsAndMayMakeNone() throws Exception {
        Shell shell = shell(Role.watcher);
        Thread caller = new Thread(() -> {
            Shell other = shell(Role.caller);
            while (!Thread.currentThread().isInterrupted()) {
                other.run("omnibus call stock.left --name caller");
            }
        });
        caller.start();
        assertEquals(
                0,
                shell.run("omnibus watch calls --name watcher --count 1 --wait 60s")
                        .code());
        caller.interrupt();
        caller.join();
        assertEquals(71, shell.run("omnibus call stock.left --name watcher").code());
    }

    @Test
    void aConsoleFindsOutWhatIsThereAndCallsWhatItMay() {
        Shell shell = shell(Role.console);
        for (String command : List.of("nodes", "services", "describe stock", "openrpc", "call stock.left")) {
            assertEquals(0, shell.run("omnibus " + command + " --name console").code(), command);
        }
        assertEquals(71, shell.run("omnibus call pay.charge --name console").code());
    }

    @Test
    void aSubscriberSeesItsTopicsOnly() {
        Shell shell = shell(Role.subscriber);
        shop.publish("news", 1);
        assertEquals(
                ExitCode.OK,
                shell.run("omnibus sub news 'orders.*' --name subscriber --wait 100ms")
                        .code());
        assertEquals(
                71, shell.run("omnibus sub other --name subscriber --wait 5s").code());
    }

    @Test
    void aCheckSaysWhatIsMissing() {
        redis.command("ACL", "SETUSER", "half", "reset", "on", ">secret", "resetchannels", "+publish", "&bus:evt:news");
        Shell shell = new Shell(Map.of("OMNIBUS_REDIS", redis.url()), Connection::open);
        Shell.Result result = shell.run("omnibus acl --role publisher --topics news --for half --check");
        assertEquals(71, result.code());
        List<String> lines = result.out().lines().skip(1).toList();
        assertEquals(3, lines.size(), result::out);
        assertEquals(1, lines.stream().filter(line -> line.contains("  yes")).count(), result::out);
        for (Role role : Role.values()) {
            String all = "omnibus acl --role " + role
                    + " --topics orders.placed --methods stock.left --group billing --check";
            int code = role == Role.subscriber || role == Role.server || role == Role.worker
                    ? 0
                    : shell.run(all).code();
            assertEquals(0, code, role.name());
        }
    }
}

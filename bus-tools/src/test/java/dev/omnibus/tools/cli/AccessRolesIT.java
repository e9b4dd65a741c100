package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.RedisServerException;
import dev.omnibus.tools.cli.AccessRoles.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        List<String> methods = List.of(role == Role.server ? "stock.*" : "stock.left");
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
        assertEquals(ExitCode.CONNECTION_LOST, call.code(), call::toString); // it may not read who serves it
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
            int code = role == Role.subscriber || role == Role.server
                    ? 0
                    : shell.run(all).code();
            assertEquals(0, code, role.name());
        }
    }
}

package dev.omnibus.testing;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrphanReaperTest {
    private static final Duration LATER_START = Duration.ofMinutes(10);

    @TempDir
    Path home;

    private Path servers;

    @BeforeEach
    void findFolder() {
        servers = home.resolve("omnibus/servers");
    }

    @Test
    void orphanOfAKilledJvmIsReaped() throws IOException {
        try (ServerOwner owner = ServerOwner.launch(home)) {
            Path file = servers.resolve(Long.toString(owner.serverPid));
            OrphanReaper.reap(servers);
            assertTrue(answers(owner.serverPort), "spared while its owner runs");

            owner.kill();
            assertTrue(answers(owner.serverPort), "nobody has stopped it yet");
            OrphanReaper.reap(servers);

            await().until(() -> !answers(owner.serverPort));
            assertFalse(Files.exists(owner.serverFolder));
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void nextStartReapsTheOrphan() throws IOException {
        try (ServerOwner owner = ServerOwner.launch(home)) {
            owner.kill();
            try (RedisServer next =
                    RedisServer.start(Environments.with(home, Map.of("XDG_CACHE_HOME", home.toString())))) {
                assertEquals("PONG", next.command("PING"));
                await().until(() -> !answers(owner.serverPort));
            }
        }
    }

    @Test
    void serverIsGoneWhenItsJvmEndsNormally() throws IOException {
        try (ServerOwner owner = ServerOwner.launch(home)) {
            owner.exitNormally();
            assertFalse(answers(owner.serverPort));
            assertFalse(Files.exists(owner.serverFolder));
            assertFalse(Files.exists(servers.resolve(Long.toString(owner.serverPid))));
        }
    }

    @Test
    void strangerWithThePidOfAServerIsSpared() throws IOException {
        try (RedisServer stranger = RedisServer.start()) {
            ProcessIdentity server = earlier(identity(stranger.pid()));
            Path file = new ServerFile(server, goneOwner(), home.resolve("gone")).write(servers);

            OrphanReaper.reap(servers);

            assertEquals("PONG", stranger.command("PING"));
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void serverWhoseOwnersPidBelongsToAStrangerIsReaped() throws IOException {
        try (RedisServer server = RedisServer.start()) {
            Path folder = RedisServerTest.folderOf(server);
            OrphanReaper.mark(folder, goneOwner());
            Path file = new ServerFile(identity(server.pid()), goneOwner(), folder).write(servers);

            OrphanReaper.reap(servers);

            assertFalse(answers(server.port()));
            assertFalse(Files.exists(folder));
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void folderThatIsNotOursIsNeverDeleted() throws IOException {
        Path precious = Files.createDirectories(home.resolve("precious"));
        Path named = Files.createDirectories(home.resolve(OrphanReaper.TEMPORARY_PREFIX + "1"));
        for (Path folder : List.of(precious, named)) {
            Path file = new ServerFile(earlier(goneOwner()), goneOwner(), folder).write(servers);
            OrphanReaper.reap(servers);
            assertTrue(Files.exists(folder));
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void processThatAServerFileOnlyNamesIsSpared() throws Exception {
        Process innocent = new ProcessBuilder("sleep", "60").start();
        try (RedisServer server = RedisServer.start()) {
            Path folder = home.resolve(OrphanReaper.TEMPORARY_PREFIX + "of-another");
            for (long pid : List.of(innocent.pid(), server.pid())) {
                Path file = new ServerFile(identity(pid), goneOwner(), folder).write(servers);
                OrphanReaper.reap(servers);
                assertFalse(Files.exists(file));
            }
            assertTrue(innocent.isAlive());
            assertEquals("PONG", server.command("PING"));
        } finally {
            innocent.destroyForcibly();
        }
    }

    @Test
    void serverThatAnotherOwnerStartedIsSpared() throws IOException {
        try (RedisServer server = RedisServer.start()) {
            Path folder = RedisServerTest.folderOf(server);
            Path file = new ServerFile(identity(server.pid()), goneOwner(), folder).write(servers);

            OrphanReaper.reap(servers);

            assertEquals("PONG", server.command("PING"));
            assertTrue(Files.exists(folder));
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void folderBehindALinkIsNeverDeleted() throws IOException {
        Path precious = Files.createDirectories(home.resolve(OrphanReaper.TEMPORARY_PREFIX + "precious"));
        OrphanReaper.mark(precious, goneOwner());
        Path link = Files.createSymbolicLink(home.resolve(OrphanReaper.TEMPORARY_PREFIX + "link"), precious);
        Path file = new ServerFile(earlier(goneOwner()), goneOwner(), link).write(servers);

        OrphanReaper.reap(servers);

        assertTrue(Files.exists(precious));
        assertFalse(Files.exists(file));
    }

    @Test
    void whatAnotherUserHasWrittenIsLeftAlone() throws IOException {
        Path theirs = Files.createDirectories(home.resolve(OrphanReaper.TEMPORARY_PREFIX + "theirs"));
        OrphanReaper.mark(theirs, goneOwner());
        giveToAnotherUser(theirs);
        Path ours = new ServerFile(earlier(goneOwner()), goneOwner(), theirs).write(servers);
        OrphanReaper.reap(servers);
        assertTrue(Files.exists(theirs));
        assertFalse(Files.exists(ours));

        Path folder = Files.createDirectories(home.resolve(OrphanReaper.TEMPORARY_PREFIX + "ours"));
        OrphanReaper.mark(folder, goneOwner());
        Path planted = new ServerFile(earlier(goneOwner()), goneOwner(), folder).write(servers);
        giveToAnotherUser(planted);
        OrphanReaper.reap(servers);
        assertTrue(Files.exists(folder));
        assertTrue(Files.exists(planted));
    }

    private static void giveToAnotherUser(Path path) {
        try {
            Files.setOwner(
                    path, path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        } catch (IOException | UnsupportedOperationException e) {
            assumeTrue(false, "only root may give files away: " + e);
        }
    }

    @Test
    void unreadableServerFileDoesNotStopTheNextStart() throws IOException {
        Files.createDirectories(servers);
        Files.writeString(servers.resolve("1"), "nonsense");
        OrphanReaper.reap(servers);
        OrphanReaper.reap(home.resolve("missing"));
        assertTrue(Files.exists(servers.resolve("1")));
    }

    @Test
    void startSeenASecondApartIsTheSameProcess() {
        ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current());
        assertTrue(new ProcessIdentity(self.pid(), self.started().minusSeconds(1))
                .findRunning()
                .isPresent());
        assertEquals(self, ProcessIdentity.parse(self.toString()));
    }

    private static ProcessIdentity identity(long pid) {
        return ProcessIdentity.of(ProcessHandle.of(pid).orElseThrow());
    }

    private static ProcessIdentity goneOwner() {
        return earlier(ProcessIdentity.of(ProcessHandle.current()));
    }

    private static ProcessIdentity earlier(ProcessIdentity process) {
        return new ProcessIdentity(process.pid(), process.started().minus(LATER_START));
    }

    private static boolean answers(int port) {
        try (RespConnection connection = RespConnection.open(RedisAddress.local(port, ""), Duration.ofSeconds(1))) {
            connection.call("PING");
            return true;
        } catch (RedisServerException e) {
            return true; // it wants its password
        } catch (IOException e) {
            return false;
        }
    }
}

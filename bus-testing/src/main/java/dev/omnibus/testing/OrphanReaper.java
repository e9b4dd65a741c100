package dev.omnibus.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends servers whose JVM was killed before its shutdown hook could.
 *
 * <p>Never fails the caller: a server that cannot be reaped is left for the next start. Several JVMs may reap at once.
 */
final class OrphanReaper {
    static final String TEMPORARY_PREFIX = "omnibus-redis-";
    private static final Logger log = LoggerFactory.getLogger(OrphanReaper.class);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration EXIT_POLL = Duration.ofMillis(5);

    private OrphanReaper() {}

    static void reap(Path servers) {
        for (Path file : serverFiles(servers)) {
            try {
                reapIfOrphaned(ServerFile.read(file), file);
            } catch (NoSuchFileException e) {
                log.debug("{} was removed by another process", file);
            } catch (IOException e) {
                log.warn("Cannot clean up after the server in {}; delete the file if it stays: {}", file, e.toString());
            }
        }
    }

    private static List<Path> serverFiles(Path servers) {
        if (Files.notExists(servers)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(servers)) {
            return files.filter(file -> file.getFileName().toString().chars().allMatch(Character::isDigit))
                    .toList();
        } catch (IOException e) {
            log.warn("Cannot look for orphaned servers in {}", servers, e);
            return List.of();
        }
    }

    private static void reapIfOrphaned(ServerFile orphan, Path file) throws IOException {
        if (orphan.owner().findRunning().isPresent()) {
            return;
        }
        orphan.server().findRunning().ifPresent(OrphanReaper::kill);
        // The path comes from a file: nothing but a folder of ours is ever deleted.
        if (String.valueOf(orphan.temporaryFolder().getFileName()).startsWith(TEMPORARY_PREFIX)) {
            Folders.deleteTree(orphan.temporaryFolder());
        }
        Files.deleteIfExists(file);
    }

    private static void kill(ProcessHandle server) {
        log.info("Stopping redis-server {}, left behind by a JVM that was killed", server.pid());
        server.destroyForcibly();
        // Not onExit(): for a process that is not a child it looks every 300 ms or less often. Past the deadline it is
        // a
        // zombie, in a container whose first process collects no children, and does no harm.
        long deadline = System.nanoTime() + EXIT_TIMEOUT.toNanos();
        while (server.isAlive() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(EXIT_POLL.toNanos());
        }
    }
}

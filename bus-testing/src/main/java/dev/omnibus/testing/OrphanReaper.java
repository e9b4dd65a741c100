package dev.omnibus.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reaper of orphans: ends servers whose JVM was killed before its shutdown hook could run.
 *
 * <p>It never fails the caller: a server that cannot be reaped is left for the next start. Several JVMs may reap at the
 * same time.
 */
final class OrphanReaper {
    static final String TEMPORARY_PREFIX = "omnibus-redis-";

    /**
     * A file in each folder that {@link OwnServer} has created, which names its JVM; a folder that a forged server file
     * points to has none.
     */
    private static final String MARKER = ".omnibus";

    private static final Logger log = LoggerFactory.getLogger(OrphanReaper.class);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration EXIT_POLL = Duration.ofMillis(5);

    private OrphanReaper() {}

    /** Marks a folder as owned by a JVM. */
    static void mark(Path folder, ProcessIdentity owner) throws IOException {
        Files.writeString(folder.resolve(MARKER), owner.toString());
    }

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
                    .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        } catch (IOException e) {
            log.warn("Cannot search for orphaned servers in {}", servers, e);
            return List.of();
        }
    }

    private static void reapIfOrphaned(ServerFile orphan, Path file) throws IOException {
        if (orphan.owner().findRunning().isPresent()) {
            return;
        }
        if (!isOfThisUser(file)) {
            log.warn("Ignoring the server in {}: the file belongs to another user", file);
            return;
        }
        // Pid and path come from a file, which another container or user may have written: only a server of this user
        // that runs in that folder is ended, and only a folder that was created for that owner is deleted.
        Path folder = orphan.temporaryFolder();
        boolean ours = isOurs(folder, orphan.owner());
        if (ours || isGone(folder)) {
            orphan.server()
                    .findRunning()
                    .filter(process -> runsIn(folder, process))
                    .ifPresent(OrphanReaper::kill);
        }
        if (ours) {
            Folders.deleteTree(folder);
        }
        Files.deleteIfExists(file);
    }

    private static boolean runsIn(Path folder, ProcessHandle process) {
        List<String> arguments = List.of(process.info().arguments().orElse(new String[0]));
        int dir = arguments.indexOf("--dir");
        return process.info().user().equals(thisUser())
                && dir >= 0
                && dir + 1 < arguments.size()
                && arguments.get(dir + 1).equals(folder.toString());
    }

    /**
     * Returns whether the folder was deleted, for instance with other temporary files; then the arguments of the server
     * show that it is ours.
     */
    private static boolean isGone(Path folder) {
        return isNamedAsOurs(folder) && Files.notExists(folder, LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean isNamedAsOurs(Path folder) {
        return String.valueOf(folder.getFileName()).startsWith(TEMPORARY_PREFIX);
    }

    private static boolean isOurs(Path folder, ProcessIdentity owner) throws IOException {
        Path marker = folder.resolve(MARKER);
        return isNamedAsOurs(folder)
                && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                && Files.isRegularFile(marker, LinkOption.NOFOLLOW_LINKS)
                && isOfThisUser(folder)
                && isOfThisUser(marker)
                && Files.readString(marker).equals(owner.toString());
    }

    /**
     * Returns whether a file belongs to this user. A user without a name, as in some containers, is not root, and can
     * do no harm to others.
     */
    private static boolean isOfThisUser(Path file) throws IOException {
        String owner = Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName();
        return thisUser().map(owner::equals).orElse(true);
    }

    private static Optional<String> thisUser() {
        return ProcessHandle.current().info().user();
    }

    private static void kill(ProcessHandle server) {
        log.info("Stopping redis-server {}, left behind by a JVM that was killed", server.pid());
        server.destroyForcibly();
        // Not onExit(): for a process that is not a child it polls every 300 ms or less often. Past the deadline the
        // process is a zombie, in a container whose init does not reap children, and does no harm.
        long deadline = System.nanoTime() + EXIT_TIMEOUT.toNanos();
        while (server.isAlive() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(EXIT_POLL.toNanos());
        }
    }
}

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
 * Ends servers whose JVM was killed before its shutdown hook could.
 *
 * <p>Never fails the caller: a server that cannot be reaped is left for the next start. Several JVMs may reap at once.
 */
final class OrphanReaper {
    static final String TEMPORARY_PREFIX = "omnibus-redis-";

    /**
     * In each folder that {@link OwnServer} has made, and says for which JVM: what a stranger's file names has none.
     */
    private static final String MARKER = ".omnibus";

    private static final Logger log = LoggerFactory.getLogger(OrphanReaper.class);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration EXIT_POLL = Duration.ofMillis(5);

    private OrphanReaper() {}

    /** Makes the folder one of that JVM. */
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
            log.warn("Cannot look for orphaned servers in {}", servers, e);
            return List.of();
        }
    }

    private static void reapIfOrphaned(ServerFile orphan, Path file) throws IOException {
        if (orphan.owner().findRunning().isPresent()) {
            return;
        }
        if (!isOfThisUser(file)) {
            log.warn("Leaving alone what {} names: another user has written it", file);
            return;
        }
        // Pid and path come from a file, which another container or a stranger may have written: nothing is ended but a
        // server of this user that runs in that folder, and nothing is deleted but a folder made for that owner.
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

    /** Such as when temporary files are cleared away; then the arguments of the server tell that it is ours. */
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

    /** Who has no name, as in some containers, is not root, and can do no harm to others. */
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
        // Not onExit(): for a process that is not a child it looks every 300 ms or less often. Past the deadline it is
        // a
        // zombie, in a container whose first process collects no children, and does no harm.
        long deadline = System.nanoTime() + EXIT_TIMEOUT.toNanos();
        while (server.isAlive() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(EXIT_POLL.toNanos());
        }
    }
}

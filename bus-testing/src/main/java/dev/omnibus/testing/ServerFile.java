package dev.omnibus.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.List;

/** A record of one own server on disk, a file {@code <pid>} with three lines, for {@link OrphanReaper}. */
record ServerFile(ProcessIdentity server, ProcessIdentity owner, Path temporaryFolder) {

    static Path folder(Environment environment) {
        return environment.cacheFolder().resolve("servers");
    }

    Path write(Path servers) throws IOException {
        String content = server + "\n" + owner + "\n" + temporaryFolder + "\n";
        return Folders.writeAtomically(servers, Long.toString(server.pid()), content.getBytes(StandardCharsets.UTF_8));
    }

    static ServerFile read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        try {
            return new ServerFile(
                    ProcessIdentity.parse(lines.get(0)), ProcessIdentity.parse(lines.get(1)), Path.of(lines.get(2)));
        } catch (IndexOutOfBoundsException | NumberFormatException | DateTimeException e) {
            throw new IOException("Not a server file: " + file, e);
        }
    }
}

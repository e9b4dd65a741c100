package dev.omnibus.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server that this library manages: a port, a temporary folder, arguments, and the current process, if any.
 *
 * <p>Thread-safe: its methods are mutually exclusive.
 */
final class OwnServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OwnServer.class);
    private static final int PORT_ATTEMPTS = 10;

    private static final int PASSWORD_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Pattern PASSWORD = Pattern.compile("(?mi)^requirepass[ \t]+(.*?)[ \t]*$");

    /** Lines that define who may log in, and how. */
    private static final Pattern USERS = Pattern.compile("(?mi)^(aclfile|user[ \t]+default)[ \t]");

    private static final Set<OwnServer> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> OPEN.forEach(OwnServer::close), "redis-shutdown"));
    }

    private final RedisBinary binary;
    private final boolean windows;
    private final List<String> arguments;
    private final String configuration;
    private final String password;
    private final Path serverFiles;
    private final Path folder;
    private @Nullable Port port;
    private @Nullable ServerProcess process;
    private @Nullable Path file;
    private boolean closed;

    private OwnServer(
            RedisBinary binary,
            boolean windows,
            List<String> arguments,
            String configuration,
            String password,
            Path serverFiles,
            Path folder) {
        this.binary = binary;
        this.windows = windows;
        this.arguments = arguments;
        this.configuration = configuration;
        this.password = password;
        this.serverFiles = serverFiles;
        this.folder = folder;
    }

    static OwnServer start(Environment environment, List<String> arguments) {
        return start(environment, arguments, "", Port::reserve);
    }

    /**
     * Starts a server with additional lines in its configuration file. The server may write to the file, and reads it
     * again after a restart.
     *
     * <p>It has a random password, which keeps out other users of this machine, unless the lines or arguments set
     * another one; an empty one means none. The password is in the file and not among the arguments, which every user
     * can read.
     */
    static OwnServer start(
            Environment environment, List<String> arguments, String configuration, Supplier<Port> ports) {
        Path serverFiles = ServerFile.folder(environment);
        OrphanReaper.reap(serverFiles);
        RedisBinary binary = RedisBinary.find(environment);
        String lines = "requirepass " + randomPassword() + "\n" + configuration;
        OwnServer server = new OwnServer(
                binary,
                environment.isWindows(),
                arguments,
                lines,
                passwordIn(lines + linesOf(arguments)),
                serverFiles,
                temporaryFolder());
        OPEN.add(server);
        try {
            server.writeConfiguration();
            server.startOnAnyPort(ports);
            return server;
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    static String randomPassword() {
        byte[] bytes = new byte[PASSWORD_BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /**
     * Returns the arguments as configuration lines, as Redis does: each one that starts with two hyphens starts a line.
     */
    private static String linesOf(List<String> arguments) {
        StringBuilder lines = new StringBuilder();
        for (String argument : arguments) {
            lines.append(argument.startsWith("--") ? "\n" + argument.substring(2) : argument)
                    .append(' ');
        }
        return lines.toString();
    }

    /**
     * Returns the last password; empty if the lines define users, and the default one among them, whose passwords only
     * the caller knows.
     */
    private static String passwordIn(String lines) {
        return USERS.matcher(lines).find()
                ? ""
                : PASSWORD.matcher(lines).results().map(match -> match.group(1)).reduce("", (before, next) -> next);
    }

    private void writeConfiguration() {
        try {
            Files.writeString(configurationFile(), configuration);
        } catch (IOException e) {
            throw new RedisServerException("Cannot write to " + folder + "; is java.io.tmpdir writable?", e);
        }
    }

    private Path configurationFile() {
        return folder.resolve("server.conf");
    }

    private synchronized void startOnAnyPort(Supplier<Port> ports) {
        for (int attempt = 1; attempt <= PORT_ATTEMPTS; attempt++) {
            Port reserved = ports.get();
            port = reserved;
            if (run(reserved)) {
                return;
            }
            reserved.close();
        }
        throw new RedisServerException(binary.origin() + " found its port taken " + PORT_ATTEMPTS
                + " times, the last one was " + address().port() + "; are too many servers running?");
    }

    private synchronized boolean run(Port port) {
        List<String> command = new ArrayList<>(List.of(binary.executable().toString()));
        command.add(configurationFile().toString());
        command.addAll(
                List.of("--bind", "127.0.0.1", "--protected-mode", "yes", "--port", Integer.toString(port.number())));
        command.addAll(List.of("--dir", folder.toString(), "--save", "", "--appendonly", "no"));
        // Redis would overwrite the arguments with its address, and OrphanReaper recognizes servers by them.
        command.addAll(List.of("--set-proc-title", "no"));
        command.addAll(arguments);
        ServerProcess started = ServerProcess.launch(binary.origin(), command, folder, address());
        process = started;
        remember(started);
        return started.awaitReady();
    }

    private synchronized void remember(ServerProcess started) {
        Path previous = file;
        ServerFile current = new ServerFile(
                ProcessIdentity.of(started.handle()), ProcessIdentity.of(ProcessHandle.current()), folder);
        try {
            file = current.write(serverFiles);
            if (previous != null && !previous.equals(file)) {
                Files.deleteIfExists(previous);
            }
        } catch (IOException e) {
            throw new RedisServerException(
                    "Cannot write to " + serverFiles + "; set XDG_CACHE_HOME to a writable folder", e);
        }
    }

    String origin() {
        return binary.origin();
    }

    synchronized RedisAddress address() {
        return RedisAddress.local(port == null ? 0 : port.number(), password);
    }

    synchronized long pid() {
        return running().handle().pid();
    }

    synchronized void kill() {
        if (process != null) {
            process.kill();
        }
    }

    synchronized void restart() {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
        kill();
        if (port == null || !run(port)) {
            throw new RedisServerException(this + " cannot be restarted: another program has taken its port");
        }
    }

    synchronized void signal(String signal) {
        running().signal(signal, windows);
    }

    private synchronized ServerProcess running() {
        if (process == null || !process.isAlive()) {
            throw new IllegalStateException(this + " is not running; restart() starts it again");
        }
        return process;
    }

    /**
     * Kills the server instead of asking it to stop: a paused server would not react, and its data is deleted anyway.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        OPEN.remove(this);
        kill();
        if (port != null) {
            port.close();
        }
        try {
            Folders.deleteTree(folder);
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.warn("Cannot remove the files of {}; the next start removes them", this, e);
        }
    }

    @Override
    public String toString() {
        return binary.origin() + " on port " + address().port();
    }

    private static Path temporaryFolder() {
        try {
            Path folder = Files.createTempDirectory(OrphanReaper.TEMPORARY_PREFIX);
            OrphanReaper.mark(folder, ProcessIdentity.of(ProcessHandle.current()));
            return folder;
        } catch (IOException e) {
            throw new RedisServerException("Cannot create a temporary folder; is java.io.tmpdir writable?", e);
        }
    }
}

package dev.omnibus.tools.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.tools.cli.base.Connection;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Set;
import org.redisson.Redisson;
import org.redisson.config.Config;

/**
 * The start of a process: what every connection needs is initialized on another processor while the line is parsed, and
 * the script is notified when there is one. Confined to the main thread.
 */
final class Startup {

    private static final Set<String> LOCAL =
            Set.of("errors", "context", "completion", "--help", "-h", "--version", "-V");

    /** A file that is made when this process has connected: the script keeps the archive of its classes then. */
    private static final String CONNECTED = "omnibus.connected";

    private final Thread thread = new Thread(Startup::run, "omnibus-preload");

    /** Begins, unless the line names something that needs no connection. */
    Startup(String... words) {
        thread.setDaemon(true);
        if (words.length > 0 && List.of(words).stream().noneMatch(LOCAL::contains)) {
            thread.start();
        }
    }

    private static void run() {
        try {
            boolean unused = Epoll.isAvailable();
            unused &= ByteBufAllocator.DEFAULT.directBuffer(16).release();
            new Config().useSingleServer();
            Class.forName(Redisson.class.getName());
            new SecureRandom().nextBytes(new byte[1]);
            JsonMapper.builder().build().readTree("{\"a\":[1]}");
        } catch (Exception | LinkageError e) {
            // whoever needs it says so
        }
    }

    /** Opens the bus of a command, beside what is still being initialized: to wait for that costs all that it saves. */
    Bus open(Connection connection) {
        Bus bus = connection.open();
        String mark = System.getProperty(CONNECTED, "");
        if (!mark.isEmpty()) {
            try {
                Files.write(Path.of(mark), new byte[0]);
            } catch (IOException e) {
                // then the next command starts as slowly as this one
            }
        }
        return bus;
    }
}

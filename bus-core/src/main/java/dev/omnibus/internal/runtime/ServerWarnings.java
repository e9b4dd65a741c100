package dev.omnibus.internal.runtime;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.StreamServer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The warnings about servers that may lose or refuse what they are to keep: each is logged once for a bus. Thread-safe.
 */
public final class ServerWarnings {

    private static final Logger LOG = LoggerFactory.getLogger(Bus.class);

    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    private ServerWarnings() {}

    /** Returns those of a bus. */
    public static ServerWarnings of(BusRuntime bus) {
        return bus.layer(ServerWarnings.class, any -> new ServerWarnings());
    }

    /** Logs what is at risk at a server that was asked, if it answers. */
    public void about(CompletableFuture<StreamServer> asked) {
        CompletableFuture<Void> unused = asked.thenAccept(this::about);
    }

    /** Logs what is at risk, unless that was logged before. */
    public void about(StreamServer server) {
        server.risks().stream().filter(logged::add).forEach(risk -> FailureLog.safely(() -> LOG.warn(risk)));
    }
}

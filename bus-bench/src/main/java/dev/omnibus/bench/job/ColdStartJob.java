package dev.omnibus.bench.job;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bench.peer.Caller;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Addresses;
import dev.omnibus.bench.server.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * How soon a program that has just been started has the answer to its first call, from a server that runs already. Each
 * sample is a JVM of its own, and counts from the beginning of {@code main}.
 *
 * @param archived whether the JVM finds the program's classes in an archive, as it has left them at an earlier end
 */
public record ColdStartJob(String name, String title, boolean archived) implements Job {

    @Override
    public boolean suits(Peer peer) {
        return ColdStartMain.PROGRAMS.contains(peer.name());
    }

    @Override
    public Metric metric() {
        return Metric.START;
    }

    /** The median of as many starts as there is time for. */
    @Override
    public Measured measure(Peer peer, Stage stage) throws Exception {
        Addresses addresses = stage.servers().addresses();
        Path folder = Files.createTempDirectory("omnibus-cold-start");
        Path archive = folder.resolve("classes.jsa");
        try (Caller server = peer.caller(addresses, 1)) {
            var unused = server.call(Order.of(0, "")); // what it needs for it is loaded and compiled there
            if (archived) {
                start(peer, addresses, "-XX:ArchiveClassesAtExit=" + archive);
                if (!Files.exists(archive)) {
                    throw new IOException("no archive was made; the class path must have jars only");
                }
            }
            String shared = archived ? "-XX:SharedArchiveFile=" + archive : "-Xshare:auto"; // the JVM's default
            List<Double> millis = new ArrayList<>();
            long end = System.nanoTime() + stage.nanos();
            do {
                millis.add(start(peer, addresses, shared));
            } while (System.nanoTime() < end);
            Collections.sort(millis);
            return new Measured(Map.of(Metric.START, millis.get(millis.size() / 2)));
        } finally {
            Files.deleteIfExists(archive);
            Files.delete(folder);
        }
    }

    @CanIgnoreReturnValue
    private static double start(Peer peer, Addresses addresses, String... options) throws IOException {
        try (ChildJvm program = new ChildJvm(
                nothing -> {},
                List.of(options),
                ColdStartMain.class,
                peer.name(),
                addresses.redis(),
                addresses.nats())) {
            return Long.parseLong(program.answer()) / 1e6;
        }
    }
}

package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.internal.directory.NodeTable;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What a directory that could not be read for a while makes of nodes that are missing. */
class DirectoryAwayTest extends PlayedNodes {

    /** A bus that reads the leases, but while this is set. */
    private Bus looker(AtomicBoolean away) {
        Transport looking = new PassingOn(network.open()) {
            @Override
            public CompletableFuture<LeaseUpdate> leases(String index, long since) {
                return away.get()
                        ? CompletableFuture.failedFuture(
                                new TransportException(Kind.CONNECTION_LOST, true, "it is away", null))
                        : super.leases(index, since);
            }
        };
        Bus looker = Bus.builder(looking).name("looker").announce(false).build();
        open.add(looker);
        return looker;
    }

    /** As when a reader and a node are cut off from Redis together, and the others miss the node meanwhile. */
    @Test
    void aReaderThatWasAwayItselfGivesANodeTheTimeToComeBackAsWell() {
        AtomicBoolean away = new AtomicBoolean();
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(looker(away));
        List<String> lost = new CopyOnWriteArrayList<>();
        directory.runtime().onLost(lost::add);
        directory.runtime().ready().join();
        away.set(true);
        link.endLease("bus:nodes", "bus:node:{bus:nodes}:a").join();
        await().pollDelay(NodeTable.CONFIRM_AFTER.plusSeconds(1)).until(() -> true);

        away.set(false);
        directory.runtime().refresh().join();
        directory.runtime().refresh().join();
        assertEquals(List.of(), lost);
        lease(link, "a");
        directory.runtime().refresh().join();
        assertEquals(1, Insides.serving(directory.nodes()).size());
        assertEquals(List.of(), lost);
    }

    /** As when Redis is away twice: it comes back without leases, and goes again before they are written. */
    @Test
    void aLeaseIsNotMissedWhileNobodyCouldHaveWrittenIt() {
        AtomicBoolean away = new AtomicBoolean();
        Bus looker = looker(away);
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(looker);
        List<String> lost = new CopyOnWriteArrayList<>();
        directory.runtime().onLost(lost::add);
        directory.runtime().ready().join();
        link.endLease("bus:nodes", "bus:node:{bus:nodes}:a").join();
        directory.runtime().refresh().join();
        away.set(true);
        long since = System.nanoTime();
        await().until(() -> System.nanoTime() - since > NodeTable.CONFIRM_AFTER.toNanos()
                && directory
                        .runtime()
                        .refresh()
                        .handle((done, failure) -> failure != null)
                        .join());

        away.set(false);
        directory.runtime().refresh().join();
        assertEquals(List.of(), lost);
        lease(link, "a");
        directory.runtime().refresh().join();
        assertEquals(1, Insides.serving(directory.nodes()).size());
        assertEquals(List.of(), lost);
    }
}

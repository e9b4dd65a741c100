package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** How nodes come and go. */
class DirectoryTest extends PlayedNodes {

    @Test
    void aNodeThatHasLeftDoesNotComeBackByItsOldLease() {
        Transport link = played("gone", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        assertEquals(1, directory.nodes().join().size());

        say(link, Announcement.LEFT, "gone"); // and yet its lease is still to be seen
        await().until(() -> directory.nodes().join().isEmpty());
        directory.lookAfresh().join();
        assertEquals(List.of(), directory.nodes().join());

        say(link, Announcement.JOINED, "gone");
        await().until(() -> directory.nodes().join().size() == 1);
    }

    @Test
    void aNodeThatDrainsOrIsDoubtedIsNotChosenUntilItSpeaks() {
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        directory.ready().join();

        say(link, Announcement.DRAINING, "a");
        await().until(() -> directory.serving("echo.say").isEmpty());
        directory.lookAfresh().join();
        assertTrue(directory.serving("echo.say").isEmpty());
        say(link, Announcement.JOINED, "a");
        await().until(() -> directory.serving("echo.say").size() == 1);

        directory.suspect(directory.serving("echo.say").get(0), "echo.say");
        directory.lookAfresh().join();
        assertTrue(directory.serving("echo.say").isEmpty());
        say(link, Announcement.JOINED, "a");
        await().until(() -> directory.serving("echo.say").size() == 1);
    }

    @Test
    void doubtAboutOneMethodIsNoneAboutTheOthersOfANode() {
        Node node = new Node(new NodeInfo("a", Map.of("echo", List.of("say", "shout"))));

        node.suspect("echo.say");

        assertTrue(node.serves("echo.shout"));
        assertEquals(false, node.serves("echo.say"));
    }

    @Test
    void aLeaseThatIsMissedInManyQuickLooksIsNotYetLost() {
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        directory.ready().join();
        List<String> lost = new CopyOnWriteArrayList<>();
        directory.onLost(lost::add);

        link.endLease("bus:nodes", "bus:node:a").join(); // as FLUSHALL does
        for (int i = 0; i < 5; i++) {
            directory.lookAfresh().join();
        }
        assertEquals(List.of(), lost);
        await().atMost(Duration.ofSeconds(5)).until(() -> lost.equals(List.of("a")));
        assertEquals(List.of(), directory.nodes().join());
    }

    @Test
    void aServiceThatCouldNotBeOpenedCanBeServedAgain() {
        Bus bus = bus("server");
        RpcServer server = RpcServer.on(bus);
        network.down();
        Registration first = server.serve(Echo.class, new Answering("a"));
        assertThrows(Exception.class, () -> first.ready().join());
        network.up();

        server.serve(Echo.class, new Answering("b")).ready().join();

        assertEquals(
                "b",
                RpcClient.on(bus("caller")).call("echo.say", String.class, "x").join());
    }

    @Test
    void aClosedBusServesNothingMore() {
        Bus bus = bus("server");
        RpcServer server = RpcServer.on(bus);
        bus.close();
        assertThrows(IllegalStateException.class, () -> server.serve(Echo.class, new Answering("a")));
    }
}

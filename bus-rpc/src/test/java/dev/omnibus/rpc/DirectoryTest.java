package dev.omnibus.rpc;

import static java.util.Objects.requireNonNull;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.directory.Manifests;
import dev.omnibus.rpc.internal.directory.NodeEndpoint;
import dev.omnibus.rpc.internal.directory.NodeTable;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.LeaseUpdate;
import dev.omnibus.transport.Transport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** How nodes come and go. */
class DirectoryTest extends PlayedNodes {

    static NodeInfo node(String id, long revision) {
        Map<String, Map<String, String>> services = Map.of("echo", Map.of("say", "", "shout", ""));
        return new NodeInfo(id, "", "", 0, "", Instant.EPOCH, false, revision, services);
    }

    @Test
    void aNodeThatHasLeftIsGoneAtOnceAndIsThereAgainWithItsLease() {
        Transport link = played("gone", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        assertEquals(1, Insides.serving(directory.nodes()).size());

        say(link, Presence.LEFT, "gone");
        await().atMost(NodeTable.CONFIRM_AFTER)
                .until(() -> Insides.serving(directory.nodes()).isEmpty());
        assertTrue(directory.runtime().knows("gone")); // its last replies may be on their way

        lease(link, "gone");
        say(link, Presence.JOINED, "gone");
        await().until(() -> Insides.serving(directory.nodes()).size() == 1);
    }

    @Test
    void whateverIsSaidOfANodeItsLeaseDecides() {
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        NodeInfo before = Insides.serving(directory.nodes()).get(0);
        List<String> lost = new CopyOnWriteArrayList<>();
        List<String> changes = new CopyOnWriteArrayList<>();
        directory.runtime().onLost(lost::add);
        directory.runtime().follow(changes::add);

        for (String node : List.of("a", "invented", "a")) {
            for (String what : List.of(Presence.JOINED, Presence.DRAINING, Presence.LEFT)) {
                for (String revision : List.of("9223372036854775807", "-1", "1e400", "\"x\"", "[]")) {
                    for (String services : List.of("{}", "{\"echo\":[\"shout\"]}", "[]", "7", "{\"echo\":7}")) {
                        publish(
                                link,
                                "bus:presence",
                                "{\"jsonrpc\":\"2.0\",\"method\":\"" + what + "\",\"params\":{\"node\":\"" + node
                                        + "\",\"draining\":true,\"revision\":" + revision + ",\"services\":" + services
                                        + "}}");
                    }
                }
            }
        }
        Bus honest = serving("honest"); // said after all of that

        await().until(() -> Insides.serving(directory.nodes()).size() == 2);
        assertEquals(before, directory.runtime().table().info("a"));
        assertTrue(directory.runtime().serving("echo.say").stream()
                .anyMatch(node -> node.id().equals("a")));
        assertEquals(List.of(), lost);
        assertEquals(List.of(honest.node()), changes.stream().distinct().toList());
    }

    @Test
    void aFloodOfWordsIsNoFloodOfReads() {
        AtomicInteger looks = new AtomicInteger();
        Transport counting = new PassingOn(network.open()) {
            @Override
            public CompletableFuture<LeaseUpdate> leases(String index, long since) {
                looks.incrementAndGet();
                return super.leases(index, since);
            }
        };
        Transport link = played("a", request -> List.of());
        Bus looker = Bus.builder(counting).name("looker").announce(false).build();
        open.add(looker);
        Directory directory = Directory.on(looker);
        directory.runtime().ready().join();
        String methods =
                IntStream.range(0, 9_990).mapToObj(i -> "\"m" + i + "\"").collect(Collectors.joining(","));

        for (int i = 0; i < 10_000; i++) {
            String services = i % 100 == 0 ? "{\"echo\":[" + methods + "]}" : "{\"echo\":[\"say\"]}";
            publish(
                    link,
                    "bus:presence",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"$/joined\",\"params\":{\"node\":\"invented-" + i
                            + "\",\"services\":" + services + "}}");
        }
        lease(link, "b");
        say(link, Presence.JOINED, "b");

        await().until(() -> Insides.serving(directory.nodes()).size() == 2);
        assertTrue(looks.get() < 100, looks::toString); // some ten, and one a second
    }

    @Test
    void newcomersThatAreTooMuchDisplaceNobody() {
        NodeTable members = new NodeTable(id -> {});
        assertTrue(members.take(node("real", 1), new byte[0]));
        Map<String, String> many = IntStream.range(0, 9_990)
                .boxed()
                .collect(Collectors.toMap(i -> "m" + i, i -> "(" + "x".repeat(200) + ")"));
        int taken = 0;
        while (members.take(
                new NodeInfo("made-up-" + taken, "", "", 0, "", Instant.EPOCH, false, 1, Map.of("echo", many)),
                new byte[0])) {
            taken++;
        }
        assertTrue(taken > 10 && taken < 30, "taken " + taken);
        assertEquals(
                false,
                members.take(
                        new NodeInfo("real", "", "", 0, "", Instant.EPOCH, false, 2, Map.of("echo", many)),
                        new byte[0]));
        assertTrue(members.take(node("real", 3), new byte[0]));
        assertEquals(3, requireNonNull(members.info("real")).revision());
        assertEquals(false, members.hasRoomAgain());
        members.markMissing("made-up-0", Duration.ZERO);
        assertTrue(members.leaves("made-up-0"));
        assertTrue(members.hasRoomAgain());
        assertEquals(false, members.hasRoomAgain());
    }

    @Test
    void moreNodesThanThereIsRoomForDisplaceNobody() {
        NodeTable members = new NodeTable(id -> {});
        for (int i = 0; i < NodeTable.MAX_NODES; i++) {
            assertTrue(members.take(node("n" + i, 1), new byte[0]));
        }
        assertEquals(false, members.take(node("one-more", 1), new byte[0]));
        assertTrue(members.take(node("n7", 2), new byte[0]));
        assertEquals(false, members.lists("one-more"));
    }

    @Test
    void nobodyIsToldThatSomebodyHasLeftWhoWasNeverThere() {
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        directory.runtime().ready().join();
        List<String> lost = new CopyOnWriteArrayList<>();
        directory.runtime().onLost(lost::add);

        publish(link, "bus:presence", word(Presence.LEFT, "invented"));
        say(link, Presence.LEFT, "a");

        await().atMost(Duration.ofSeconds(20)).until(() -> !lost.isEmpty());
        assertEquals(List.of("a"), lost);
    }

    @Test
    void aNodeWhoseLeaseWasForgottenAsItWasSaidToHaveLeftIsThereAgain() {
        Bus live = serving("live");
        Transport link = network.open();
        Directory directory = Directory.on(bus("looker"));
        await().until(() -> Insides.serving(directory.nodes()).size() == 1);

        link.endLease("bus:nodes", "bus:node:{bus:nodes}:" + live.node()).join(); // as FLUSHALL does
        publish(link, "bus:presence", word(Presence.LEFT, live.node()));

        await().until(() -> Insides.serving(directory.nodes()).isEmpty());
        await().atMost(Duration.ofSeconds(20))
                .until(() -> Insides.serving(directory.nodes()).size() == 1);
        link.close();
    }

    private static String word(String what, String node) {
        return "{\"jsonrpc\":\"2.0\",\"method\":\"" + what + "\",\"params\":{\"node\":\"" + node
                + "\",\"services\":{\"echo\":[\"say\"]}}}";
    }

    @Test
    void aNodeThatDrainsOrIsDoubtedIsNotChosenUntilItSpeaks() {
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        directory.runtime().ready().join();

        String manifest = "{\"node\":\"a\",\"draining\":true,\"services\":{\"echo\":{\"say\":\"\"}}}";
        link.renewLease(
                        "bus:nodes",
                        "bus:node:{bus:nodes}:a",
                        manifest.getBytes(StandardCharsets.UTF_8),
                        Duration.ofSeconds(30))
                .join();
        say(link, Presence.DRAINING, "a");
        await().until(() -> directory.runtime().serving("echo.say").isEmpty());
        directory.runtime().refresh().join();
        assertTrue(directory.runtime().serving("echo.say").isEmpty());
        lease(link, "a");
        say(link, Presence.JOINED, "a");
        await().until(() -> directory.runtime().serving("echo.say").size() == 1);

        directory.runtime().suspect(directory.runtime().serving("echo.say").get(0), "echo.say");
        directory.runtime().refresh().join();
        assertTrue(directory.runtime().serving("echo.say").isEmpty());
        say(link, Presence.JOINED, "a");
        await().until(() -> directory.runtime().serving("echo.say").size() == 1);
    }

    /** Not only with its next renewal, which may be a second away, or fail. */
    @Test
    void aNodeThatWasCutOffIsCalledAgainAsSoonAsItsSubscriptionsStand() {
        AtomicBoolean stuck = new AtomicBoolean();
        Transport link = new PassingOn(network.open()) {
            @Override
            public CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl) {
                return stuck.get() ? new CompletableFuture<>() : super.renewLease(index, key, value, ttl);
            }
        };
        Bus cutOff = Bus.builder(link).name("cut-off").announce(false).build();
        open.add(cutOff);
        RpcServer.on(cutOff).serve(Echo.class, new Answering("cut-off")).ready().join();
        List<String> words = new CopyOnWriteArrayList<>();
        Transport listening = network.open();
        open.add(listening);
        listening
                .subscribe("bus:presence", new FrameListener() {
                    @Override
                    public void onFrame(String channel, byte[] frame) {
                        words.add(new String(frame, StandardCharsets.UTF_8));
                    }

                    @Override
                    public void onInterrupted() {}
                })
                .join();
        stuck.set(true);
        words.clear();

        network.down();
        network.up();

        await().atMost(Duration.ofSeconds(20))
                .until(() -> words.stream()
                        .anyMatch(word -> word.contains(Presence.JOINED) && word.contains(cutOff.node())));
    }

    @Test
    void whoWasCutOffHimselfForgetsHisDoubts() {
        played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        directory.runtime().ready().join();
        directory.runtime().suspect(directory.runtime().serving("echo.say").get(0), "echo.say");
        assertEquals(List.of(), directory.runtime().serving("echo.say"));

        network.down();
        network.up();

        await().atMost(Duration.ofNanos(NodeTable.DOUBT_NANOS * 6 / 7)) // after all of which it would end by itself
                .until(() -> directory.runtime().serving("echo.say").size() == 1);
    }

    @Test
    void doubtAboutOneMethodIsNoneAboutTheOthersOfANode() {
        Node node = new Node(node("a", 0), new byte[0]);

        node.suspect("echo.say");

        assertTrue(node.serves("echo.shout"));
        assertEquals(false, node.serves("echo.say"));
    }

    @Test
    void aLeaseThatIsMissedInManyQuickLooksIsNotYetLost() {
        Transport link = played("a", request -> List.of());
        Directory directory = Directory.on(bus("looker"));
        directory.runtime().ready().join();
        List<String> lost = new CopyOnWriteArrayList<>();
        directory.runtime().onLost(lost::add);

        link.endLease("bus:nodes", "bus:node:{bus:nodes}:a").join(); // as FLUSHALL does
        for (int i = 0; i < 5; i++) {
            directory.runtime().refresh().join();
        }
        assertEquals(List.of(), lost);
        await().atMost(Duration.ofSeconds(5)).until(() -> lost.equals(List.of("a")));
        assertEquals(List.of(), Insides.serving(directory.nodes()));
    }

    /** What a listener is told, as words in order. */
    private static final class Told implements Directory.Listener {

        private final List<String> words = new CopyOnWriteArrayList<>();

        @Override
        public void joined(NodeInfo node) {
            words.add("joined " + node.application());
        }

        @Override
        public void changed(NodeInfo before, NodeInfo now) {
            words.add("changed " + now.application() + " " + before.services().size() + "->"
                    + now.services().size());
        }

        @Override
        public void draining(NodeInfo node) {
            words.add("draining " + node.application());
        }

        @Override
        public void left(NodeInfo node) {
            words.add("left " + node.application());
        }
    }

    interface Other {
        int one();
    }

    @Test
    void aListenerIsToldInOrderHowANodeComesAndGoes() {
        serving("before");
        Told told = new Told();
        Directory looker = Directory.on(bus("looker"));
        looker.watch(told);
        await().until(() -> told.words.equals(List.of("joined before")));

        Bus bus = serving("shop");
        await().until(() -> told.words.size() == 2);
        CountDownLatch called = new CountDownLatch(1);
        CompletableFuture<Integer> goOn = new CompletableFuture<>();
        Other slow = () -> {
            called.countDown();
            return goOn.join();
        };
        RpcServer.on(bus).serve(Other.class, slow).ready().join();
        await().until(() -> told.words.size() == 3);
        CompletableFuture<Integer> last = RpcClient.on(bus("caller")).call("other.one", Integer.class);
        await().until(() -> called.getCount() == 0);
        CompletableFuture<Void> closing = CompletableFuture.runAsync(bus::close);
        await().until(() -> told.words.contains("draining shop")); // a node that has left is not said to drain
        looker.runtime().refresh().join(); // the lease, which says the same
        goOn.complete(1);
        closing.join();

        assertEquals(1, last.join());
        await().until(() -> told.words.contains("left shop"));
        assertEquals(
                List.of("joined before", "joined shop", "changed shop 2->3", "draining shop", "left shop"),
                told.words.stream().filter(word -> !word.isEmpty()).toList());
    }

    @Test
    void aListenerIsToldAfterABrokenLinkWhatItMissed() {
        Transport kept = played("kept", request -> List.of());
        Told told = new Told();
        Directory.on(bus("looker")).watch(told);
        await().until(() -> told.words.size() == 1);

        network.tamper((channel, frame) -> channel.equals("bus:presence") ? List.of() : List.of(frame));
        serving("missed"); // its word is lost, and its lease is not
        await().until(() -> told.words.contains("joined missed"));
        network.tamper((channel, frame) -> List.of(frame));
        network.down();
        network.forget();
        network.up();
        lease(kept, "kept");

        Bus late = serving("late");
        await().until(() -> told.words.contains("joined late"));
        late.close();
        await().until(() -> told.words.contains("left late"));
        assertEquals(0, told.words.stream().filter("left missed"::equals).count(), told.words::toString);
    }

    @Test
    void aListenerThatThrowsIsToldOfTheNextAndAClosedOneOfNothing() {
        List<String> told = new CopyOnWriteArrayList<>();
        Directory directory = Directory.on(bus("looker"));
        Directory.Watch watch = directory.watch(new Directory.Listener() {
            @Override
            public void joined(NodeInfo node) {
                told.add(node.application());
                throw new IllegalStateException("of the program");
            }
        });
        serving("a");
        serving("b");
        await().until(() -> told.equals(List.of("a", "b")));

        watch.close();
        serving("c");
        await().until(() -> Insides.serving(directory.nodes()).size() == 3);
        assertEquals(List.of("a", "b"), told);
    }

    @Test
    void aLeaseDecidesWhateverItsRevision() {
        NodeTable members = new NodeTable(id -> {});
        members.take(node("a", 2), new byte[0]);
        members.take(node("a", 1), new byte[0]);
        assertEquals(1, requireNonNull(members.info("a")).revision());
    }

    @Test
    void aManifestSaysWhoseItIsBeforeItIsRead() throws Exception {
        assertEquals("a", Manifests.node(message("{\"services\":{\"node\":[1,{\"node\":2}]},\"node\":\"a\",\"x\"")));
        for (String none : List.of("{}", "[\"node\",\"a\"]", "\"node\"", "{\"node\":7}", "{\"node\":\"a b\"}", "")) {
            assertThrows(IOException.class, () -> Manifests.node(message(none)), none);
        }
    }

    private static Message message(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Message(bytes, 0, bytes.length);
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

    @Test
    void aTransportThatThrowsOnceDoesNotBlindTheDirectory() {
        AtomicInteger throwing = new AtomicInteger();
        Transport link = new PassingOn(network.open()) {
            @Override
            public CompletableFuture<LeaseUpdate> leases(String index, long since) {
                if (throwing.getAndDecrement() > 0) {
                    throw new IllegalStateException("told to fail");
                }
                return super.leases(index, since);
            }
        };
        Bus looker = Bus.builder(link).name("looker").announce(false).build();
        open.add(looker);
        Directory directory = Directory.on(looker);
        throwing.set(1);
        assertThrows(CompletionException.class, () -> Insides.serving(directory.nodes()));
        assertEquals(List.of(), Insides.serving(directory.nodes()), "who asks again reads again");

        throwing.set(1);
        assertThrows(
                CompletionException.class, () -> directory.runtime().refresh().join());
        serving("a");
        directory.runtime().refresh().join();
        assertEquals(1, Insides.serving(directory.nodes()).size());
    }

    @Test
    void moreThanOthersReadIsNotAnnounced() {
        Bus bus = bus("large");
        NodeEndpoint announcement = NodeEndpoint.of(BusRuntime.of(bus));
        announcement.requireRoom(Map.of("echo", methods(9_000, 1)));
        announcement.requireRoom(Map.of("echo", methods(4_000, 240)));

        String many = message(() -> announcement.requireRoom(Map.of("echo", methods(10_000, 1))));
        assertEquals(
                "Node " + bus.node() + " would announce 10005 services and methods; a node may announce 10000."
                        + " Let another node serve some of it",
                many);
        String much = message(() -> announcement.requireRoom(Map.of("echo", methods(5_000, 240))));
        assertTrue(
                much.matches(".* would announce \\d+ bytes of names and shapes; a node may announce 1048576\\. .*"),
                much);
        String quoted = message(() -> announcement.requireRoom(Map.of("echo", Map.of("say", "\"".repeat(600_000)))));
        assertTrue(quoted.contains("1048576"), quoted);
    }

    private static Map<String, String> methods(int number, int shape) {
        return IntStream.range(0, number).boxed().collect(Collectors.toMap(i -> "m" + i, i -> "x".repeat(shape)));
    }

    private static String message(Executable action) {
        return String.valueOf(assertThrows(IllegalStateException.class, action).getMessage());
    }

    @Test
    void aNodeSaysOnWhichMachineItRuns(@TempDir Path folder) throws IOException {
        Path none = folder.resolve("none");
        Path empty = Files.writeString(folder.resolve("empty"), " \n");
        Path named = Files.writeString(folder.resolve("named"), "rack-7\n");
        List<Path> files = List.of(none, empty, named);

        assertEquals("desk", Presence.host(Map.of("HOSTNAME", " desk ")::get, files));
        assertEquals("office", Presence.host(Map.of("HOSTNAME", " ", "COMPUTERNAME", "office")::get, files));
        assertEquals("rack-7", Presence.host(name -> null, files));
        assertEquals("", Presence.host(name -> null, List.of(none, empty, folder)));
    }
}

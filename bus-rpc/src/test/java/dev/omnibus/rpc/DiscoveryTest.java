package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.presence.Manifest;
import dev.omnibus.rpc.Discovery.Drift;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.OpenRpc;
import dev.omnibus.rpc.internal.directory.Manifests;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What nodes say of the methods that they serve. */
class DiscoveryTest extends PlayedNodes {

    record Item(String sku, int pieces) {}

    @ServiceName("stock")
    interface Stock {
        int left(String sku);

        Item find(String sku);
    }

    record OtherItem(String sku, int pieces, String shelf) {}

    @ServiceName("stock")
    interface NewerStock {
        int left(String sku);

        OtherItem find(String sku);
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Stock STOCK = new Stock() {
        @Override
        public int left(String sku) {
            return 1;
        }

        @Override
        public Item find(String sku) {
            return new Item(sku, 1);
        }
    };

    private static final NewerStock NEWER = new NewerStock() {
        @Override
        public int left(String sku) {
            return 1;
        }

        @Override
        public OtherItem find(String sku) {
            return new OtherItem(sku, 1, "a");
        }
    };

    private <S> Bus serving(Class<S> contract, S service) {
        Bus bus = bus("server");
        RpcServer.on(bus).serve(contract, service).ready().join();
        return bus;
    }

    @Test
    void theDocumentOfANodeIsOpenRpc() throws Exception {
        JsonNode document = OpenRpc.document(
                new ObjectMapper(),
                "shop-8d2k4n6p3rtx",
                List.of(Contract.of(Stock.class, TypeFactory.defaultInstance())),
                List.of());
        JsonNode golden = JSON.readTree(Files.readString(Path.of("src/test/resources/wire/v1/openrpc.json")));

        assertEquals(golden.toPrettyString(), sorted(document).toPrettyString());
    }

    /** The methods of an interface come in no certain order. */
    private static JsonNode sorted(JsonNode document) {
        if (document.path("methods") instanceof ArrayNode methods) {
            List<JsonNode> byName = methods.valueStream()
                    .sorted((a, b) ->
                            a.path("name").asText().compareTo(b.path("name").asText()))
                    .toList();
            methods.removeAll().addAll(byName);
        }
        return document;
    }

    @Test
    void everyServingNodeAnswersDiscoverAndAllDocumentsAreMerged() {
        Bus one = serving(Stock.class, STOCK);
        Bus two = serving("echo");

        Discovery discovery = Discovery.of(bus("looker")).join();

        assertTrue(discovery.replies().isComplete(), discovery::toString);
        assertEquals(List.of(), discovery.drift());
        Set<String> methods = new TreeSet<>();
        discovery
                .document()
                .path("methods")
                .forEach(method -> methods.add(method.path("name").asText() + " "
                        + method.path("x-nodes").path(0).asText()));
        assertEquals(
                Set.of(
                        "stock.left " + one.node(),
                        "stock.find " + one.node(),
                        "echo.say " + two.node(),
                        "echo.later " + two.node()),
                methods);
    }

    @Test
    void aMethodThatDiffersIsReportedWithItsNodes() {
        Bus old = serving(Stock.class, STOCK);
        Bus newer = serving(NewerStock.class, NEWER);

        Discovery discovery = Discovery.of(bus("looker")).join();

        assertEquals(
                List.of(new Drift(
                        "stock.find",
                        Map.of(
                                "(sku: string): {pieces: integer, sku: string}", List.of(old.node()),
                                "(sku: string): {pieces: integer, shelf: string, sku: string}",
                                        List.of(newer.node())))),
                discovery.drift());
        assertTrue(discovery.document().toString().contains("x-drift"));
    }

    @Test
    void aMethodThatIsServedByNameIsFoundAndDiffersFromNothing() {
        serving(Stock.class, STOCK);
        Bus plain = bus("plain");
        RpcServer.on(plain).serve("stock.find", params -> params).ready().join();
        RpcServer.on(plain).serve("stock.other", params -> params).ready().join();

        Discovery discovery = Discovery.of(bus("looker")).join();

        Set<String> names = new TreeSet<>();
        discovery
                .document()
                .path("methods")
                .forEach(method -> names.add(method.path("name").asText()));
        assertTrue(names.containsAll(List.of("stock.find", "stock.other")), names::toString);
        assertTrue(
                discovery.document().toString().contains("(sku: string): {pieces: integer, sku: string}"),
                "of two that have it, who knows its shape says it");
        assertEquals(List.of(), discovery.drift());
    }

    @Test
    void withoutAServerThereIsNothingToDiscover() {
        assertEquals(
                Reason.NO_SERVER,
                CallContract.failure(Discovery.of(bus("looker"))).reason());
    }

    @Test
    void aManifestSaysWhoTheNodeIsAndWhatItServes() {
        Bus server = serving(Stock.class, STOCK);

        NodeInfo node = Insides.serving(Directory.on(bus("looker")).nodes()).get(0);

        assertEquals(server.node(), node.node());
        assertEquals("server", node.application());
        assertEquals(ProcessHandle.current().pid(), node.pid());
        assertEquals(Set.of("stock", "rpc"), node.services().keySet());
        assertEquals("(sku: string): integer", node.shape("stock.left"));
        assertTrue(node.serves("rpc.discover"));
    }

    @Test
    void aManifestIsReadAsItIsWritten() throws Exception {
        NodeInfo node = Insides.serving(
                        Directory.on(serving(Stock.class, STOCK)).nodes())
                .get(0);
        byte[] bytes = manifest(node).bytes(false);
        assertEquals(node, Manifests.read(new Message(bytes, 0, bytes.length)));

        byte[] golden = Files.readAllBytes(Path.of("src/test/resources/wire/v1/manifest.json"));
        NodeInfo read = Manifests.read(new Message(golden, 0, golden.length));
        assertEquals(
                JSON.readTree(golden).toPrettyString(), manifest(read).tree().toPrettyString());
        assertEquals("shop-8d2k4n6p3rtx", read.node());
    }

    private static Manifest manifest(NodeInfo node) {
        return new Manifest(
                node.node(),
                node.application(),
                node.host(),
                node.pid(),
                node.version(),
                node.started(),
                node.draining(),
                node.revision(),
                node.services());
    }

    @Test
    void aCallThatFailsOfADifferentContractSaysSo() {
        Bus server = bus("server");
        RpcServer.on(server).serve(Texts.class, sku -> "many").ready().join();
        Numbers numbers = RpcClient.on(bus("caller")).proxy(Numbers.class);

        await().untilAsserted(() -> {
            String message = String.valueOf(
                    assertThrows(RpcException.class, () -> numbers.left("x")).getMessage());
            assertTrue(
                    message.contains("the contracts differ: it is (sku: string): integer here,"
                            + " and (sku: string): string there"),
                    message);
        });
    }

    @ServiceName("texts")
    interface Texts {
        String left(String sku);
    }

    @ServiceName("texts")
    interface Numbers {
        int left(String sku);
    }

    /** One reader would take the first one, and another one the last. */
    @Test
    void aManifestThatSaysSomethingTwiceIsNone() {
        for (String twice : List.of(
                "{\"node\":\"n-1\",\"node\":\"n-2\",\"services\":{}}",
                "{\"node\":\"n-1\",\"services\":{\"a\":[]},\"services\":{\"b\":[]}}",
                "{\"node\":\"n-1\",\"services\":{\"a\":{\"m\":\"1\",\"m\":\"2\"}}}")) {
            assertThrows(IOException.class, () -> Manifests.read(message(twice)), twice);
        }
    }

    @Test
    void ofAManifestOnlyWhatCanBeCalledIsTakenAndNotTooMuch() throws IOException {
        String strange =
                "{\"node\":\"a\",\"services\":{\"s\":{\"m\":\"\",\"m\\nERROR\":\"\"},\"\\u001b[2J\":[],\"t\":[\"n\",7,{}]}}";
        assertEquals(
                Map.of("s", Map.of("m", ""), "t", Map.of("n", "", "7", "")),
                Manifests.read(message(strange)).services());

        String many = "{\"node\":\"a\",\"services\":{\"s\":[" + "\"m\",".repeat(10_000) + "\"m\"]}}";
        IOException e = assertThrows(IOException.class, () -> Manifests.read(message(many)));
        assertEquals("it lists more than 10000 services and methods", e.getMessage());
        assertThrows(
                IOException.class,
                () -> Manifests.read(message("{\"node\":\"" + "a".repeat(600) + "\",\"services\":{}}")));
    }

    private static Message message(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Message(bytes, 0, bytes.length);
    }

    interface Wide {
        String oneMethodWithALongName(String first, String second);

        String anotherMethodWithALongName(String first, String second);

        String yetAnotherMethodWithALongName(String first, String second);
    }

    @Test
    void aDocumentThatIsTooLargeIsAFaultAndNotSilence() {
        Bus server = Bus.builder(network.open())
                .name("server")
                .maxMessageBytes(1_024)
                .build();
        open.add(server);
        RpcServer.on(server)
                .serve(Wide.class, (Wide) Proxy.newProxyInstance(
                        Wide.class.getClassLoader(), new Class<?>[] {Wide.class}, (proxy, method, given) -> ""))
                .ready()
                .join();

        Discovery discovery = Discovery.of(bus("caller")).join();

        RpcException fault = Objects.requireNonNull(discovery.replies().faults().get(server.node()));
        assertEquals(Reason.FAULT, fault.reason());
        assertTrue(
                String.valueOf(fault.getMessage()).endsWith("ms: the document is too large to be sent"),
                fault::toString);
    }
}

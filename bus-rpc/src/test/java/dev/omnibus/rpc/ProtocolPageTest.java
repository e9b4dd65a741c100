package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.rpc.internal.directory.Manifests;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of the protocol shows what is on the wire. */
class ProtocolPageTest {

    private static final Path GOLDEN = Path.of("src/test/resources/wire/v1");
    private static final Path SCRIPT =
            Path.of("../bus-core/src/main/resources/dev/omnibus/transport/redisson/lease/leases.lua");

    private static String squeezed(Path file) {
        try {
            return Files.readString(file).replaceAll("\\s", "");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thePageShowsEveryGoldenMessageAndTheScript() throws IOException {
        String page = squeezed(Path.of("../docs/reference/rpc-protocol.md"));
        try (Stream<Path> files = Files.list(GOLDEN)) {
            List<Path> missing =
                    files.filter(file -> !page.contains(squeezed(file))).toList();
            assertEquals(List.of(), missing);
        }
        assertTrue(page.contains(squeezed(SCRIPT)), "the script");
    }

    @Test
    void aCancelIsWrittenAsThePageShowsIt() throws IOException {
        RpcCodec codec = new RpcCodec(new ObjectMapper(), "desk-k3xq7m2v9bca", "bus:inbox:desk-k3xq7m2v9bca");
        assertEquals(
                Files.readString(GOLDEN.resolve("cancel.json")).strip(),
                new String(codec.cancel(7), StandardCharsets.UTF_8));
    }

    @Test
    void whatThePageSaysToWriteByHandIsRead() throws IOException {
        RpcCodec codec = new RpcCodec(new ObjectMapper(), "desk-k3xq7m2v9bca", "bus:inbox:desk-k3xq7m2v9bca");
        assertEquals("hand-7", codec.readRequest(golden("request-by-position")).from());
        assertEquals(
                "{\"numbers\":[1,2,3.5]}",
                String.valueOf(codec.readRequest(golden("request-by-name")).params()));
        assertEquals(
                "6.5",
                String.valueOf(codec.readResponse(golden("result-of-sum")).result()));
        NodeInfo least = Manifests.read(golden("manifest-least"));
        assertEquals("hand-7", least.node());
        for (String word : List.of("joined", "left")) {
            RpcCodec.Request said = codec.readRequest(golden(word));
            assertEquals("$/" + word, said.method());
            assertEquals(golden("manifest-least").toString(), String.valueOf(said.params()));
        }
    }

    private static Message golden(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(GOLDEN.resolve(name + ".json"));
        return new Message(bytes, 0, bytes.length);
    }
}

package dev.omnibus.rpc.internal.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes contracts as an OpenRPC document. Beside what the standard defines, each method has its shape as
 * {@code x-shape}, and the document the node as {@code x-node}.
 *
 * @see <a href="https://spec.open-rpc.org/">OpenRPC</a>
 */
public final class OpenRpc {

    /** Newer versions of the standard add nothing that is used here, and older tools do not know them. */
    public static final String VERSION = "1.3.2";

    private OpenRpc() {}

    public static ObjectNode document(ObjectMapper json, String node, List<Contract> contracts, List<String> byName) {
        ObjectNode document = JsonNodeFactory.instance.objectNode().put("openrpc", VERSION);
        document.putObject("info").put("title", "Node " + node).put("version", "1");
        document.put("x-node", node);
        Schemas schemas = new Schemas(json);
        List<ObjectNode> methods = new ArrayList<>();
        for (Contract contract : contracts) {
            for (Operation operation : contract.operations().values()) {
                methods.add(method(operation, schemas));
            }
        }
        ObjectNode shared = schemas.shared();
        methods.forEach(method -> method.put("x-shape", shape(method, shared)));
        byName.forEach(name -> methods.add(bare(name)));
        document.putArray("methods").addAll(methods);
        document.putObject("components").set("schemas", shared);
        return document;
    }

    /** A method that is served without a contract: what it takes and gives, only its author knows. */
    private static ObjectNode bare(String name) {
        ObjectNode method = JsonNodeFactory.instance.objectNode().put("name", name);
        method.put("description", "Served by name; its parameters and its result are not known");
        method.putArray("params");
        method.putObject("result").put("name", "result").putObject("schema");
        return method.put("x-shape", "");
    }

    private static ObjectNode method(Operation operation, Schemas schemas) {
        ObjectNode method = JsonNodeFactory.instance.objectNode().put("name", operation.name());
        boolean named = !operation.parameterNames().isEmpty();
        method.put("paramStructure", named ? "either" : "by-position");
        ArrayNode params = method.putArray("params");
        List<String> names = MethodSignature.names(operation);
        for (int i = 0; i < names.size(); i++) {
            ObjectNode param = params.addObject().put("name", names.get(i)).put("required", true);
            param.set("schema", schemas.of(operation.parameters().get(i)));
        }
        method.putObject("result").put("name", "result").set("schema", schemas.of(operation.result()));
        return method;
    }

    private static String shape(ObjectNode method, JsonNode shared) {
        List<String> names = new ArrayList<>();
        List<JsonNode> schemas = new ArrayList<>();
        method.path("params").forEach(param -> {
            names.add(param.path("name").asText());
            schemas.add(param.path("schema"));
        });
        return MethodSignature.line(names, schemas, method.path("result").path("schema"), shared);
    }
}

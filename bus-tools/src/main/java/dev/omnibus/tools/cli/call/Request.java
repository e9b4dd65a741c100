package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.OmnibusCommand;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Parameters;

/**
 * A mixin for commands that call: what is called, and with what. Headers are options of each of them, because one
 * speaks of a server and the other of several.
 */
final class Request {

    @Parameters(index = "0", paramLabel = "METHOD", description = "service.method")
    String method = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "PARAMS",
            description = "A JSON array or object; or name=text and name:=json; - for stdin, @FILE for a file.")
    List<String> params = List.of();

    JsonNode params(OmnibusCommand omnibus) {
        return Input.params(params, omnibus.terminal());
    }

    static CallOptions options(OmnibusCommand omnibus, List<String> headers) {
        CallOptions options = CallOptions.defaults().withTimeout(omnibus.timeout());
        for (String header : headers) {
            Map.Entry<String, String> pair = Input.pair(header);
            options = options.withHeader(pair.getKey(), pair.getValue());
        }
        return options;
    }
}

package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Discovery;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Output;
import picocli.CommandLine.Command;

/** Prints the OpenRPC document of all nodes. */
@Command(
        name = "openrpc",
        description = "Prints one OpenRPC document for all nodes, as JSON.%n",
        footer = {"", "omnibus openrpc > openrpc.json"})
public final class OpenRpcCommand extends Action {

    @Override
    public Integer call() throws Exception {
        try (Bus bus = connect()) {
            Discovery discovery = await(Discovery.of(bus));
            ObjectNode document = discovery.document();
            out().line(out().isJson() ? Output.compact(document) : document.toPrettyString());
            if (!discovery.replies().isComplete()) {
                out().problem("missing: " + discovery.replies().missing().keySet());
                return ExitCode.INCOMPLETE;
            }
            return ExitCode.OK;
        }
    }
}

package dev.omnibus.rpc.internal.directory;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.MethodSignature;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects drift between the contracts that this process calls and serves, and the manifests of the nodes. A difference
 * is logged once per method and node, and added to the message of every call that fails because of it. Contracts are
 * compared by signature, so a difference need not do harm: readers skip what they do not know. Thread-safe.
 */
public final class ContractDrift {

    private static final Logger LOG = LoggerFactory.getLogger(ContractDrift.class);
    private static final int MAX_REPORTS = 1_000; // more are not read by anyone

    /** A program that has just started needs its processors for its first calls. */
    private static final Duration FIRST_CALLS = Duration.ofMillis(500);

    private final String self;
    private final NodeTable table;
    private final ObjectMapper json;
    private final Channels channels;
    private final Executor executor;
    private final Map<Class<?>, Boolean> types = new ConcurrentHashMap<>();
    private final Map<String, String> expected = new ConcurrentHashMap<>(); // by service.method
    private final Set<String> reported = ConcurrentHashMap.newKeySet();

    public ContractDrift(BusRuntime bus, NodeTable table) {
        this.self = bus.node();
        this.table = table;
        this.json = bus.json();
        this.channels = bus.channels();
        this.executor = new CallerRunsExecutor(bus.executor());
    }

    /** Expects nodes to serve this contract as it is here. Computing signatures takes a while, and is done later. */
    public void expect(Contract contract) {
        if (types.putIfAbsent(contract.type(), true) == null) {
            channels.later(
                    FIRST_CALLS,
                    () -> executor.execute(() -> expect(
                            contract.service(),
                            MethodSignature.of(contract.operations().values(), json))));
        }
    }

    public void expect(String service, Map<String, String> shapes) {
        shapes.forEach((method, shape) -> expected.put(service + "." + method, shape));
        table.all().forEach(this::compare);
    }

    /** The manifest of a node has changed; must not block. */
    public void onChanged(String node) {
        if (!expected.isEmpty()) {
            executor.execute(() -> {
                NodeInfo info = table.info(node);
                if (info != null) {
                    compare(info);
                }
            });
        }
    }

    private void compare(NodeInfo node) {
        if (node.node().equals(self)) {
            return;
        }
        node.services()
                .forEach((service, methods) -> methods.forEach((name, theirs) -> {
                    String method = service + "." + name;
                    if (differ(method, theirs)
                            && reported.size() < MAX_REPORTS
                            && reported.add(method + "@" + node.node() + theirs)) {
                        FailureLog.safely(() -> LOG.warn(
                                "Contracts differ: {} is {} here on {}, and {} on node {}",
                                method,
                                expected.get(method),
                                self,
                                theirs,
                                node.node()));
                    }
                }));
    }

    private boolean differ(String method, String theirs) {
        String ours = expected.get(method);
        return ours != null && !ours.isEmpty() && !theirs.isEmpty() && !ours.equals(theirs);
    }

    /** The failure of a call; if its arguments did not fit, with the difference of the contracts. */
    public RpcException explained(RpcCodec.Response reply, RpcException failure) {
        return reply.code() == RpcCodec.INVALID_PARAMS
                ? RpcFailures.withDetail(failure, difference(failure.method(), reply.from()))
                : failure;
    }

    /**
     * What to add to the message of a call that may have failed because of drift; empty if the signatures are the same.
     */
    public String difference(String method, String node) {
        NodeInfo info = table.info(node);
        String theirs = info == null ? "" : info.shape(method);
        return differ(method, theirs)
                ? "; the contracts differ: it is " + expected.get(method) + " here, and " + theirs + " there"
                : "";
    }
}

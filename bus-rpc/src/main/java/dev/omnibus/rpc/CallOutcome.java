package dev.omnibus.rpc;

import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What became of a call, for interceptors. Immutable.
 *
 * @param method {@code service.method}
 * @param node at the caller's side the node that had it last, empty if none had or all of them; at the server's side
 *     the caller
 * @param headers what the caller sent along
 * @param elapsed from the beginning to the end; at the server's side from its arrival there
 * @param failure why there is no value; empty if there is one
 * @param code of the JSON-RPC error that was answered, positive for a fault of the service; 0 if it was a result, or
 *     there was no answer. Always 0 for broadcasts, and at the caller's side of queued calls
 */
public record CallOutcome(
        String method,
        String node,
        Map<String, String> headers,
        Duration elapsed,
        Optional<Reason> failure,
        int code) {}

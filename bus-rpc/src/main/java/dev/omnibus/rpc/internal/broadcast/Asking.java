package dev.omnibus.rpc.internal.broadcast;

import dev.omnibus.rpc.internal.wire.RpcCodec;

/**
 * What is the same in all requests of one question, and for how long it may be answered.
 *
 * @param headers the caller's, as {@link RpcCodec#headerPart} wrote them
 */
public record Asking(byte[] params, byte[] headers, long nanos) {

    byte[] request(RpcCodec codec, long id, String method, long ttlMillis) {
        return codec.request(id, codec.methodPart(method), params, ttlMillis, "", headers);
    }
}

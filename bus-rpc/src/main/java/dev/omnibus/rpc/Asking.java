package dev.omnibus.rpc;

/**
 * What is the same in all requests of one question, and for how long it may be answered.
 *
 * @param headers the caller's, as {@link RpcCodec#headerPart} wrote them
 */
record Asking(byte[] params, byte[] headers, long nanos) {

    byte[] request(RpcCodec codec, long id, String method, long ttlMillis) {
        return codec.request(id, codec.methodPart(method), params, ttlMillis, "", headers);
    }
}

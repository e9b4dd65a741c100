/** JSON-RPC 2.0 as bytes. Start at {@link dev.omnibus.rpc.internal.wire.RpcCodec}. */
@NullMarked
package dev.omnibus.rpc.internal.wire;

import org.jspecify.annotations.NullMarked;

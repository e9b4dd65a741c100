/**
 * Calls, broadcast calls and discovery on a bus. Start at {@link dev.omnibus.rpc.RpcServer} and
 * {@link dev.omnibus.rpc.RpcClient}.
 */
@NullMarked
package dev.omnibus.rpc;

import org.jspecify.annotations.NullMarked;

/**
 * Calls in the protocol of redisrpc, a small library for Python, Ruby and PHP that sends JSON through lists of Redis:
 * its clients can call services of ours, and our programs its servers. Start at
 * {@link dev.omnibus.rpc.redisrpc.RedisRpc}.
 */
@NullMarked
package dev.omnibus.rpc.redisrpc;

import org.jspecify.annotations.NullMarked;

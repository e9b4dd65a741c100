/** Sharded channels of a cluster: who owns a slot, and publishing and subscribing there, also while it moves. */
@NullMarked
package dev.omnibus.transport.redisson.shard;

import org.jspecify.annotations.NullMarked;

/**
 * A broadcast at its caller: who was asked, who has answered, and when that is complete. Start at
 * {@link dev.omnibus.rpc.internal.broadcast.ScatterGather}.
 */
@NullMarked
package dev.omnibus.rpc.internal.broadcast;

import org.jspecify.annotations.NullMarked;

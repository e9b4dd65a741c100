/**
 * A call at the node that serves it: deduplication, admission, execution, reply. Start at
 * {@link dev.omnibus.rpc.internal.server.ServedService}.
 */
@NullMarked
package dev.omnibus.rpc.internal.server;

import org.jspecify.annotations.NullMarked;

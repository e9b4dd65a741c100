/**
 * A call at its caller: attempts, retries, and the table of what waits for replies. Start at
 * {@link dev.omnibus.rpc.internal.client.Call}.
 */
@NullMarked
package dev.omnibus.rpc.internal.client;

import org.jspecify.annotations.NullMarked;

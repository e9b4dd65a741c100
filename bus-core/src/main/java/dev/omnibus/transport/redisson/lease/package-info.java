/** Leases in Redis: by one script, or with plain commands. */
@NullMarked
package dev.omnibus.transport.redisson.lease;

import org.jspecify.annotations.NullMarked;

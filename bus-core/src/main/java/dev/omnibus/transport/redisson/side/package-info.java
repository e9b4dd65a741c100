/** Connections beside those of the bus, for commands that would hold up what it sends. */
@NullMarked
package dev.omnibus.transport.redisson.side;

import org.jspecify.annotations.NullMarked;

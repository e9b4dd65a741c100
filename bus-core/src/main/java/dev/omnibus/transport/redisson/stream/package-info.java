/** Streams of Redis, with the scripts that make each operation atomic. */
@NullMarked
package dev.omnibus.transport.redisson.stream;

import org.jspecify.annotations.NullMarked;

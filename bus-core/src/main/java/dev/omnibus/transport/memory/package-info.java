/** A transport inside one JVM, with the semantics of Redis pub/sub, for tests. */
@NullMarked
package dev.omnibus.transport.memory;

import org.jspecify.annotations.NullMarked;

/** The layers of a bus, and their access to its internals. Start at {@link dev.omnibus.internal.runtime.Layer}. */
@NullMarked
package dev.omnibus.internal.runtime;

import org.jspecify.annotations.NullMarked;

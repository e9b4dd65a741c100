/**
 * What stands on a bus beside its events, and how it gets at what the bus is made of. Start at
 * {@link dev.omnibus.internal.runtime.Layer}.
 */
@NullMarked
package dev.omnibus.internal.runtime;

import org.jspecify.annotations.NullMarked;

/**
 * What a node says of itself to the others, whatever it does. Start at {@link dev.omnibus.internal.presence.Presence}.
 */
@NullMarked
package dev.omnibus.internal.presence;

import org.jspecify.annotations.NullMarked;

/**
 * Events, between the API and the channels: written, numbered, read once, and dispatched to handlers. Start at
 * {@link dev.omnibus.internal.event.Events}.
 */
@NullMarked
package dev.omnibus.internal.event;

import org.jspecify.annotations.NullMarked;

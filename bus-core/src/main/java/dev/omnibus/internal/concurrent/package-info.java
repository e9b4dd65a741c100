/** Threads, mailboxes and timers, for all other internal packages. */
@NullMarked
package dev.omnibus.internal.concurrent;

import org.jspecify.annotations.NullMarked;

/** Threads, mailboxes and timers: one of each kind, for all other internal packages. */
@NullMarked
package dev.omnibus.internal.concurrent;

import org.jspecify.annotations.NullMarked;

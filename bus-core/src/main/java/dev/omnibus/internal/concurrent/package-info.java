/** Threads, mailboxes and timers: one of each kind, for all rooms. */
@NullMarked
package dev.omnibus.internal.concurrent;

import org.jspecify.annotations.NullMarked;

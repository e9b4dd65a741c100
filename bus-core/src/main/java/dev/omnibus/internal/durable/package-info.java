/** The engine of durable topics: opens their logs, which are appended to and read in the rooms below. */
@NullMarked
package dev.omnibus.internal.durable;

import org.jspecify.annotations.NullMarked;

/** The engine of durable topics: appends to logs, and reads them for consumer groups and followers. */
@NullMarked
package dev.omnibus.internal.durable;

import org.jspecify.annotations.NullMarked;

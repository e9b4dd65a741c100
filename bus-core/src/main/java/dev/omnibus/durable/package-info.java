/** Durable topics: events that are kept in Redis until every consumer group has acknowledged them. */
@NullMarked
package dev.omnibus.durable;

import org.jspecify.annotations.NullMarked;

/** Tests of the outbox desk. */
@NullMarked
package dev.omnibus.examples.outbox;

import org.jspecify.annotations.NullMarked;

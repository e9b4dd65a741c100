/** Tests of the order desk. */
@NullMarked
package dev.omnibus.examples.orders;

import org.jspecify.annotations.NullMarked;

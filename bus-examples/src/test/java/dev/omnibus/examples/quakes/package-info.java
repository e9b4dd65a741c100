/** Tests of the quake desk. */
@NullMarked
package dev.omnibus.examples.quakes;

import org.jspecify.annotations.NullMarked;

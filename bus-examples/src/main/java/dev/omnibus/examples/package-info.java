/**
 * The listings of the documentation, each of which runs. The larger example is
 * {@link dev.omnibus.examples.quakes.QuakeDesk}.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.examples;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;

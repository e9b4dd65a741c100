/**
 * The quake desk: one real week of earthquakes, replayed over the bus to processes that keep, count and watch it. Start
 * at {@link dev.omnibus.examples.quakes.QuakeDesk}.
 */
@NullMarked
@CheckReturnValue
package dev.omnibus.examples.quakes;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;

/** Taps: what goes over a bus, decoded, with each call and its answers together. */
@NullMarked
package dev.omnibus.tools.watch;

import org.jspecify.annotations.NullMarked;

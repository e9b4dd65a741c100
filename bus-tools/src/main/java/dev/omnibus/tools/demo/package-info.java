/** A small shop that keeps a bus busy, so that there is something to look at. */
@NullMarked
package dev.omnibus.tools.demo;

import org.jspecify.annotations.NullMarked;

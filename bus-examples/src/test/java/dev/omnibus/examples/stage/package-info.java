/** Tests of what the demonstrations stand on. */
@NullMarked
package dev.omnibus.examples.stage;

import org.jspecify.annotations.NullMarked;

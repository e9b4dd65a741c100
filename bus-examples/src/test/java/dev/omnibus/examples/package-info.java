/** Tests of the examples and of the documents that show them. */
@NullMarked
package dev.omnibus.examples;

import org.jspecify.annotations.NullMarked;

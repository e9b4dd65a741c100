/**
 * The command line: {@code omnibus}. Here is only its entry point, which knows the rooms of the commands; these know
 * {@code base}, and not each other.
 */
@NullMarked
package dev.omnibus.tools.cli;

import org.jspecify.annotations.NullMarked;

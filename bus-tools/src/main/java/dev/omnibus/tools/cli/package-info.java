/** The command line: {@code omnibus}. Each command is a class; what they print goes through one {@code Output}. */
@NullMarked
package dev.omnibus.tools.cli;

import org.jspecify.annotations.NullMarked;

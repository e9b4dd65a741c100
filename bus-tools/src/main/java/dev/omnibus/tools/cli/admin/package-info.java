/** Commands for whoever looks after a bus: its rights and its health, contexts, failures, and the console. */
@NullMarked
package dev.omnibus.tools.cli.admin;

import org.jspecify.annotations.NullMarked;

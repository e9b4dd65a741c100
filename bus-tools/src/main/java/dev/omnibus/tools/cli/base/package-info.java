/**
 * What all commands stand on: options, contexts and a connection at one end, {@code Output} and exit codes at the
 * other. Start at {@link dev.omnibus.tools.cli.base.OmnibusCommand}.
 */
@NullMarked
package dev.omnibus.tools.cli.base;

import org.jspecify.annotations.NullMarked;

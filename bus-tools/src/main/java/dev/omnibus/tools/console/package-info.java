/**
 * The web console: a page that shows a bus as it runs, served on the loopback address alone.
 *
 * <p>{@link dev.omnibus.tools.console.Console} is the door. Behind it {@code Gatekeeper} decides who may come in,
 * {@code LiveFeed} watches the bus for as long as anybody looks, {@code EventStream} is one page that looks, and
 * {@code Queries} answers what is asked once.
 */
@NullMarked
package dev.omnibus.tools.console;

import org.jspecify.annotations.NullMarked;

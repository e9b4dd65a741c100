/**
 * What is common to those who append to a log and those who read it: its format, its times, the history of its server.
 */
@NullMarked
package dev.omnibus.internal.durable.log;

import org.jspecify.annotations.NullMarked;

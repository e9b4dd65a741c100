/**
 * Observability: metrics by Micrometer, spans by OpenTelemetry, and the trace in the log. Start at
 * {@link dev.omnibus.micrometer.MicrometerObserver} and {@link dev.omnibus.micrometer.OpenTelemetryObserver}.
 */
@NullMarked
package dev.omnibus.micrometer;

import org.jspecify.annotations.NullMarked;

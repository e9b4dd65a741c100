package dev.omnibus.bus;

import java.time.Instant;
import java.util.Map;

/**
 * A received event: its payload, and the attributes of its envelope, which is a CloudEvents 1.0 event.
 *
 * <p>Handlers of one process that subscribe with the same type may get the same {@code data} object: treat it as
 * read-only, or use records. Immutable otherwise.
 *
 * @param id unique among the events of its source
 * @param source its publisher; {@code /nodes/<node id>} for a bus, whose id is new with each start of the process
 * @param type the CloudEvents type
 * @param topic the topic that it was published to
 * @param time when it was published, by the publisher's clock; when it arrived, if the publisher gave no time
 * @param sequence its sequence number among the events of this source on this topic; 0 if the publisher does not number
 *     its events
 * @param headers all other attributes of the envelope, as text, including those that this version does not know
 * @param data the payload
 * @param <T> the type of the payload
 * @see <a href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md">CloudEvents 1.0</a>
 */
public record Event<T>(
        String id,
        String source,
        String type,
        String topic,
        Instant time,
        long sequence,
        Map<String, String> headers,
        T data) {}

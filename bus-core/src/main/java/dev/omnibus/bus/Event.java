package dev.omnibus.bus;

import java.time.Instant;
import java.util.Map;

/**
 * An event as it arrives: what it carries, and what its envelope says. The envelope is a CloudEvents 1.0 event.
 *
 * <p>Handlers of one process that ask for the same type may get the same {@code data} object: treat it as read-only, or
 * use records. Immutable otherwise.
 *
 * @param id unique among the events of its source
 * @param source who published it; {@code /nodes/<node id>} for a bus, whose id is new with each start of the process
 * @param type what kind of event it is
 * @param topic the topic that it was published to
 * @param time when it was published, by the publisher's clock; when it arrived, if the publisher did not say
 * @param sequence its number among the events of this source on this topic; 0 if the publisher does not count
 * @param headers what the publisher sent along: all other attributes of the envelope, as text, also those that this
 *     version does not know
 * @param data what it carries
 * @param <T> what it carries
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

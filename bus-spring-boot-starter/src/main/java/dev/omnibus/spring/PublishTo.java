package dev.omnibus.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A reply topic: publishes what a {@link TopicListener} returns, unless that is null.
 *
 * <p>If a {@link dev.omnibus.durable.DurableTopic} bean has this name, the result is appended there. A listener with a
 * group has handled its event only when the result is published; one without does not wait for that, and a failure is
 * reported to the {@link dev.omnibus.bus.BusListener}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
public @interface PublishTo {

    /**
     * The topic to publish to.
     *
     * @return a topic's name, which may have placeholders: {@code ${…}}
     */
    String value();
}

package dev.omnibus.spring;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.Overflow;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.durable.Delivery;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.GroupOptions;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;

/**
 * A message listener: the method of a bean gets the events of topics, from when the application has started until it
 * stops.
 *
 * <pre>{@code
 * @TopicListener("orders.placed")
 * void ship(OrderPlaced order) { … }
 * }</pre>
 *
 * <p>The first parameter is the data, or an {@link Event} with it; its type is what events are read as, and one that
 * does not fit is reported and skipped. A method with a {@link #group()} may have a {@link Delivery} as its second. The
 * method returns nothing, or what {@link PublishTo} publishes, or a {@link java.util.concurrent.CompletionStage} of
 * either, whose completion ends the handling. What it throws counts as a failure, which is retried as the options say
 * and reported to the {@link dev.omnibus.bus.BusListener}.
 *
 * <p>Every text may have placeholders: {@code ${…}}. An empty one stands for what {@code omnibus.listener} says, and
 * that for {@link SubscribeOptions#defaults()}. A listener that cannot work, such as one with an invalid topic, keeps
 * the application from starting.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
public @interface TopicListener {

    /**
     * The topics, as {@link #topics()}.
     *
     * @return names or patterns
     */
    @AliasFor("topics")
    String[] value() default {};

    /**
     * The topics to subscribe to: names or, without a group, patterns. Each of them is a subscription of its own with
     * these options.
     *
     * @return at least one
     */
    @AliasFor("value")
    String[] topics() default {};

    /**
     * The name of the listener in {@link TopicListenerRegistry}, in logs and at the actuator.
     *
     * @return unique in the application; by default the name of the bean and of the method
     */
    String id() default "";

    /**
     * The consumer group of a durable topic: every event is handled by one node of the group until the method returns.
     * There must be a bean for each of the topics: {@code @Bean DurableTopic<OrderPlaced> orders(DurableTopics
     * topics)}.
     *
     * @return the group's name; by default the topic is not a durable one
     * @see DurableTopic#subscribe(String, GroupOptions, dev.omnibus.durable.DeliveryHandler)
     */
    String group() default "";

    /**
     * How many events are handled at the same time.
     *
     * @return a number from 1 to 1,024; 1 by default, which keeps their order
     */
    String concurrency() default "";

    /**
     * What events must have in common to be handled in order, if several are handled at a time: an expression of Spring
     * (SpEL) over the {@link Event}, such as {@code data.customer} or {@code headers['partitionkey']}.
     *
     * @return no key by default
     */
    String key() default "";

    /**
     * What happens to events when more of them wait than may. Not with a group, which reads no more than it handles.
     *
     * @return one of them; that of {@code omnibus.listener.overflow} by default
     */
    Overflow[] overflow() default {};

    /**
     * How often an event is passed to the method again after that threw an exception.
     *
     * @return a number; by default 0 and, with a group, 5
     */
    String retries() default "";

    /**
     * How long the first retry waits; each further one waits twice as long.
     *
     * @return a duration such as {@code 100ms}, which is also the default; with a group that is a second
     */
    String retryDelay() default "";

    /**
     * Whether the listener starts with the application. If not, {@link TopicListenerRegistry#start} starts it.
     *
     * @return {@code true} or {@code false}; that of {@code omnibus.listener.auto-startup} by default
     */
    String autoStartup() default "";
}

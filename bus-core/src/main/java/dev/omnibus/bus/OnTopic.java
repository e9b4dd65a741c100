package dev.omnibus.bus;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks which events a method with Guava's {@code @Subscribe} gets from the bus, once its object is passed to
 * {@link Bus#register}.
 *
 * <p>The method has one parameter: the data, or an {@link Event} with it. It gets the events of the topic whose
 * CloudEvents {@code type} is the simple name of the data's class, which is what {@link Bus#publish} writes by default:
 * that of the interface for collections and maps, such as {@code List}. With {@code JsonNode} or {@code Object} as data
 * it gets all events.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface OnTopic {

    /**
     * The topic to subscribe to.
     *
     * @return a topic's name, or a pattern
     */
    String value();

    /**
     * The type of the events that the method gets, if that is not the simple name of the data's class.
     *
     * @return the CloudEvents {@code type}; empty for the default
     */
    String type() default "";
}

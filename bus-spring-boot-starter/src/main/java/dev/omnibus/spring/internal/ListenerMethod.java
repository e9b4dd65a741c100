package dev.omnibus.spring.internal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.bus.Event;
import dev.omnibus.durable.Delivery;
import dev.omnibus.spring.PublishTo;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/** An adapter from events to a method of a bean, and from what that returns to a topic. Immutable. */
final class ListenerMethod {

    private final Object bean;
    private final Method method; // can be called on the bean, which may be a proxy
    private final Type payload;
    private final boolean wantsEvent;
    private final boolean wantsDelivery;
    private final @Nullable String publishTo;

    private ListenerMethod(Object bean, Method declared, @Nullable String publishTo) {
        Type first = declared.getGenericParameterTypes()[0];
        this.bean = bean;
        this.method = AopUtils.selectInvocableMethod(declared, bean.getClass());
        this.wantsEvent = declared.getParameterTypes()[0] == Event.class;
        this.payload = wantsEvent ? dataOf(first) : boxed(first);
        this.wantsDelivery = declared.getParameterCount() == 2;
        this.publishTo = publishTo;
        ReflectionUtils.makeAccessible(method);
    }

    /**
     * Reads a method.
     *
     * @param declared the method of the class, which the bean may have a proxy around
     * @throws IllegalArgumentException if it cannot be a listener
     * @throws IllegalStateException if the bean's proxy does not have it
     */
    static ListenerMethod of(Object bean, Method declared, boolean group, Texts texts) {
        Class<?>[] parameters = declared.getParameterTypes();
        boolean fits = parameters.length == 1 || (parameters.length == 2 && group && parameters[1] == Delivery.class);
        if (!fits) {
            throw new IllegalArgumentException("it must have one parameter, the data or an Event with it"
                    + (group ? ", and may have a Delivery after that" : "; a Delivery needs a group"));
        }
        PublishTo reply = AnnotatedElementUtils.findMergedAnnotation(declared, PublishTo.class);
        boolean returns = declared.getReturnType() != void.class;
        if (reply == null && returns && !CompletionStage.class.isAssignableFrom(declared.getReturnType())) {
            throw new IllegalArgumentException(
                    "what it returns would go nowhere; annotate it with @PublishTo," + " or let it return nothing");
        }
        if (reply != null && !returns) {
            throw new IllegalArgumentException("it returns nothing that @PublishTo could publish");
        }
        return new ListenerMethod(bean, declared, reply == null ? null : texts.text(reply.value()));
    }

    /** The type argument of an event; anything for a raw one. */
    private static Type dataOf(Type event) {
        return event instanceof ParameterizedType generic ? generic.getActualTypeArguments()[0] : Object.class;
    }

    private static Type boxed(Type type) {
        return type instanceof Class<?> known ? ClassUtils.resolvePrimitiveIfNecessary(known) : type;
    }

    Type payload() {
        return payload;
    }

    /** The same for Jackson. */
    TypeReference<Object> reference() {
        return new TypeReference<>() {
            @Override
            public Type getType() {
                return payload;
            }
        };
    }

    /** Where the result goes; null for nowhere. */
    @Nullable
    String publishTo() {
        return publishTo;
    }

    /** Calls the method, and returns what it gave: null, a value, or what is in the stage. */
    CompletionStage<? extends @Nullable Object> call(Event<?> event, @Nullable Delivery delivery) throws Exception {
        Object first = wantsEvent ? event : event.data();
        Object result;
        try {
            result = wantsDelivery ? method.invoke(bean, first, delivery) : method.invoke(bean, first);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
        return result instanceof CompletionStage<?> stage ? stage : CompletableFuture.completedFuture(result);
    }

    @Override
    public String toString() {
        return method.toGenericString();
    }
}

package dev.omnibus.internal.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.eventbus.AllowConcurrentEvents;
import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import com.google.common.reflect.TypeToken;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.OnTopic;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.bus.Subscription;
import dev.omnibus.internal.concurrent.GuardedFuture;
import java.io.IOException;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * An adapter that subscribes objects with Guava's {@code @Subscribe} methods to topics.
 *
 * <p>Each topic of an object is one subscription, so that it is as bounded and as independent as any other. What
 * arrives is decoded once for each kind of event that the object's methods accept, and passed to them by one Guava
 * event bus per kind: a single one would give a method events of topics that it did not subscribe to.
 */
public final class AnnotatedSubscribers {

    private final Events events;
    private final ListenerNotifier listener;
    private final IdentityHashMap<Object, List<EventSubscription<?>>> registered =
            new IdentityHashMap<>(); // guarded by this

    public AnnotatedSubscribers(Events events, ListenerNotifier listener) {
        this.events = events;
        this.listener = listener;
    }

    public synchronized CompletableFuture<Void> register(Object object) {
        if (registered.containsKey(object)) {
            throw new IllegalArgumentException("This object of " + object.getClass() + " is registered already");
        }
        Map<String, LocalTopic> topics = new LinkedHashMap<>();
        for (Method method : subscribing(object.getClass())) {
            String topic = method.getAnnotation(OnTopic.class).value();
            TopicPattern.parse(topic); // all or nothing
            topics.computeIfAbsent(topic, LocalTopic::new).add(object, method);
        }
        if (topics.isEmpty()) {
            throw new IllegalArgumentException(object.getClass() + " has no method with @Subscribe and @OnTopic");
        }
        List<EventSubscription<?>> subscriptions = new ArrayList<>();
        try {
            topics.forEach((topic, local) -> subscriptions.add(events.subscribe(
                    topic,
                    "event",
                    AnnotatedSubscribers::undecoded,
                    (Event<Envelope> event) -> local.handle(event.data()),
                    SubscribeOptions.defaults())));
            registered.put(object, subscriptions);
        } catch (RuntimeException | Error e) {
            forget(object, subscriptions);
            throw e;
        }
        return all(subscriptions, Subscription::ready).whenComplete((done, failure) -> {
            if (failure != null) {
                forget(object, subscriptions);
            }
        });
    }

    public synchronized CompletableFuture<Void> unregister(Object object) {
        List<EventSubscription<?>> subscriptions = registered.remove(object);
        if (subscriptions == null) {
            throw new IllegalArgumentException("This object of " + object.getClass() + " is not registered");
        }
        return all(subscriptions, EventSubscription::end);
    }

    /** Undoes a registration: closes its subscriptions, so that the object may be registered again. */
    private synchronized void forget(Object object, List<EventSubscription<?>> subscriptions) {
        registered.remove(object, subscriptions);
        subscriptions.forEach(Subscription::close);
    }

    private static CompletableFuture<Void> all(
            List<EventSubscription<?>> subscriptions, Function<EventSubscription<?>, CompletableFuture<Void>> what) {
        return new GuardedFuture<Void>(() -> subscriptions.forEach(EventSubscription::requireOutside))
                .follow(CompletableFuture.allOf(subscriptions.stream().map(what).toArray(CompletableFuture[]::new)));
    }

    private static Event<Envelope> undecoded(Envelope envelope) {
        return new Event<>(
                envelope.id,
                envelope.source,
                envelope.type,
                envelope.topic,
                envelope.time,
                envelope.sequence,
                envelope.attributes,
                envelope);
    }

    /**
     * Finds the subscriber methods as Guava does: including inherited ones and those of interfaces, but not those that
     * are overridden.
     */
    private static List<Method> subscribing(Class<?> type) {
        Map<String, Method> methods = new LinkedHashMap<>();
        TypeToken<?> whole = TypeToken.of(type);
        for (Class<?> at : whole.getTypes().rawTypes()) {
            for (Method method : at.getDeclaredMethods()) {
                if (!method.isSynthetic()
                        && (method.isAnnotationPresent(Subscribe.class) || method.isAnnotationPresent(OnTopic.class))) {
                    String owner = Modifier.isPrivate(method.getModifiers()) ? at.getName() : "";
                    Type parameter = whole.resolveType(checked(method).getGenericParameterTypes()[0])
                            .getType();
                    String signature = owner + method.getName() + "("
                            + TypeToken.of(parameter).getRawType();
                    methods.putIfAbsent(signature, method);
                }
            }
        }
        return List.copyOf(methods.values());
    }

    /** What a method takes as its parameter: the whole event or only its data, and the type of the data. */
    private record Parameter(boolean whole, Type data) {

        static Parameter of(Class<?> object, Method method) {
            Type parameter = TypeToken.of(object)
                    .resolveType(method.getGenericParameterTypes()[0])
                    .getType();
            boolean whole = method.getParameterTypes()[0] == Event.class;
            if (whole && !(parameter instanceof ParameterizedType)) {
                throw new IllegalArgumentException(
                        method + " must declare what the event carries, as Event<OrderPlaced>");
            }
            Type data = whole ? ((ParameterizedType) parameter).getActualTypeArguments()[0] : parameter;
            if (data instanceof WildcardType any) {
                data = any.getUpperBounds()[0];
            }
            if (isOpen(data)) {
                throw new IllegalArgumentException(
                        method + " must declare a concrete type; " + data + " is not known in " + object);
            }
            return new Parameter(whole, data);
        }

        private static boolean isOpen(Type type) {
            return type instanceof TypeVariable
                    || (type instanceof GenericArrayType array && isOpen(array.getGenericComponentType()))
                    || (type instanceof WildcardType any
                            && Stream.concat(Arrays.stream(any.getUpperBounds()), Arrays.stream(any.getLowerBounds()))
                                    .anyMatch(Parameter::isOpen))
                    || (type instanceof ParameterizedType generic
                            && Arrays.stream(generic.getActualTypeArguments()).anyMatch(Parameter::isOpen));
        }
    }

    private static Method checked(Method method) {
        if (!method.isAnnotationPresent(Subscribe.class) || !method.isAnnotationPresent(OnTopic.class)) {
            throw new IllegalArgumentException(
                    method + " needs both annotations: Guava's @Subscribe, and @OnTopic with the topic");
        }
        if (method.getParameterCount() != 1) {
            throw new IllegalArgumentException(method + " must have one parameter: the data, or an Event with it");
        }
        try {
            method.setAccessible(true);
        } catch (InaccessibleObjectException | SecurityException e) {
            throw new IllegalArgumentException(method + " cannot be called; make it and its class public", e);
        }
        return method;
    }

    /** The methods of one object that subscribe to one topic. */
    private final class LocalTopic {

        private final String topic;
        private final List<Kind> kinds = new ArrayList<>();

        LocalTopic(String topic) {
            this.topic = topic;
        }

        void add(Object object, Method method) {
            Parameter parameter = Parameter.of(object.getClass(), method);
            Type data = parameter.data();
            Payloads.Target target = events.payloads().target(data);
            Class<?> plain = target.json().getValueType().getRawClass();
            String named = method.getAnnotation(OnTopic.class).type();
            boolean all = named.isEmpty() && (plain == Object.class || JsonNode.class.isAssignableFrom(plain));
            String eventType = all ? "" : named.isEmpty() ? EventTypes.of(plain) : named;
            Kind kind = kinds.stream()
                    .filter(known -> known.eventType.equals(eventType)
                            && known.target.type().equals(data))
                    .findAny()
                    .orElse(null);
            if (kind == null) {
                kind = new Kind(eventType, target, new EventBus(topic));
                kinds.add(kind);
            }
            kind.local.register(new MethodCall(object, method, parameter.whole(), listener));
        }

        void handle(Envelope envelope) {
            boolean dead = true;
            for (Kind kind : kinds) {
                if (kind.eventType.isEmpty() || kind.eventType.equals(envelope.type)) {
                    dead = false;
                    kind.post(envelope);
                }
            }
            if (dead) {
                listener.onDeadEvent(envelope.topic, envelope.type);
            }
        }
    }

    /** Methods that take the same events as the same type. An empty event type matches all. */
    private final class Kind {

        private final String eventType;
        private final Payloads.Target target;
        private final EventBus local;

        Kind(String eventType, Payloads.Target target, EventBus local) {
            this.eventType = eventType;
            this.target = target;
            this.local = local;
        }

        void post(Envelope envelope) {
            Event<?> event;
            try {
                event = envelope.as(events.payloads(), target);
            } catch (IOException | RuntimeException | Error e) { // a user's deserializer may throw anything
                listener.onBadMessage(envelope.topic, envelope.misfit(target.name(), e));
                return;
            }
            local.post(new Posted(event, envelope.weight()));
        }
    }

    private record Posted(Event<?> event, int bytes) {}

    /** The subscriber that Guava calls: passes events on to one method of the registered object. */
    private record MethodCall(Object object, Method method, boolean whole, ListenerNotifier listener) {

        /** Called for one event at a time, because its subscription has a concurrency of 1. */
        @Subscribe
        @AllowConcurrentEvents
        public void on(Posted posted) {
            Event<?> event = posted.event();
            try {
                method.invoke(object, whole ? event : event.data());
            } catch (InvocationTargetException e) {
                listener.onHandlerFailed(event, posted.bytes(), e.getCause() == null ? e : e.getCause());
            } catch (IllegalAccessException | RuntimeException e) {
                listener.onHandlerFailed(event, posted.bytes(), e);
            }
        }
    }
}

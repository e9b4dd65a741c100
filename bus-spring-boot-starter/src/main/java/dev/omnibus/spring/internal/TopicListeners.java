package dev.omnibus.spring.internal;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.spring.OmnibusProperties;
import dev.omnibus.spring.TopicListener;
import dev.omnibus.spring.TopicListenerRegistry;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.MethodIntrospector.MetadataLookup;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;

/** The registry of listeners: finds the annotated methods of all beans, and subscribes them. Thread-safe. */
public final class TopicListeners implements TopicListenerRegistry, SmartInitializingSingleton {

    private final Bus bus;
    private final OmnibusProperties.Listener defaults;
    private final ConfigurableListableBeanFactory beans;
    private final Map<String, Endpoint> endpoints = new TreeMap<>(); // guarded by this

    public TopicListeners(Bus bus, OmnibusProperties properties, ConfigurableListableBeanFactory beans) {
        this.bus = bus;
        this.defaults = properties.listener();
        this.beans = beans;
    }

    @Override
    public void afterSingletonsInstantiated() {
        for (String name : beans.getBeanNamesForType(Object.class, false, false)) {
            if (!ScopedProxyUtils.isScopedTarget(name)) {
                register(name);
            }
        }
    }

    private void register(String name) {
        Class<?> type = AutoProxyUtils.determineTargetClass(beans, name);
        methodsOf(type).forEach((method, listener) -> register(name, method, listener));
    }

    /** The annotated methods of a class, inherited ones too. */
    static Map<Method, TopicListener> methodsOf(@Nullable Class<?> type) {
        if (type == null || !AnnotationUtils.isCandidateClass(type, TopicListener.class)) {
            return Map.of();
        }
        MetadataLookup<TopicListener> annotation =
                method -> AnnotatedElementUtils.findMergedAnnotation(method, TopicListener.class);
        return MethodIntrospector.selectMethods(type, annotation);
    }

    private synchronized void register(String bean, Method method, TopicListener listener) {
        String where = bean + "." + method.getName();
        try {
            Endpoint endpoint = new Endpoint(where, bean, method, listener, defaults, beans, bus);
            if (endpoints.putIfAbsent(endpoint.id(), endpoint) != null) {
                throw new IllegalArgumentException("there is another one with the id \"" + endpoint.id() + "\"");
            }
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw invalid(where, e);
        }
    }

    private static OmnibusStartException invalid(String where, Exception e) {
        return new OmnibusStartException(
                "The @TopicListener " + where + " cannot listen: " + e.getMessage(),
                "Change the method or its annotation.",
                e);
    }

    /** Starts those that start with the application. */
    CompletableFuture<Void> start() {
        List<CompletableFuture<Void>> ready = new ArrayList<>();
        for (Endpoint endpoint : all()) {
            if (endpoint.autoStartup()) {
                try {
                    ready.add(endpoint.start());
                } catch (IllegalArgumentException | IllegalStateException e) { // no topic, or a type that none can read
                    throw invalid(endpoint.where(), e);
                }
            }
        }
        return CompletableFuture.allOf(ready.toArray(CompletableFuture[]::new));
    }

    /** Stops them all. */
    CompletableFuture<Void> stop() {
        return CompletableFuture.allOf(all().stream().map(Endpoint::stop).toArray(CompletableFuture[]::new));
    }

    private synchronized List<Endpoint> all() {
        return List.copyOf(endpoints.values());
    }

    @Override
    public synchronized Set<String> ids() {
        return new TreeSet<>(endpoints.keySet());
    }

    @Override
    public List<Subscription> subscriptions(String id) {
        return endpoint(id).subscriptions();
    }

    @Override
    public CompletableFuture<Void> start(String id) {
        return endpoint(id).start();
    }

    @Override
    public CompletableFuture<Void> stop(String id) {
        return endpoint(id).stop();
    }

    private synchronized Endpoint endpoint(String id) {
        Endpoint endpoint = endpoints.get(id);
        if (endpoint == null) {
            throw new IllegalArgumentException(
                    "There is no listener with the id \"" + id + "\"; there are " + endpoints.keySet());
        }
        return endpoint;
    }

    /** The durable topic of a name among the beans; null if there is none. */
    static @Nullable DurableTopic<?> durable(ConfigurableListableBeanFactory beans, String topic) {
        for (DurableTopic<?> each : beans.getBeansOfType(DurableTopic.class).values()) {
            if (each.name().equals(topic)) {
                return each;
            }
        }
        return null;
    }
}

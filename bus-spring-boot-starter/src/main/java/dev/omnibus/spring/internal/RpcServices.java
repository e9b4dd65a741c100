package dev.omnibus.spring.internal;

import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.spring.OmnibusProperties;
import dev.omnibus.spring.RpcService;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.util.ClassUtils;

/** The served beans of the application: finds them, and serves their contracts while it is started. Thread-safe. */
public final class RpcServices {

    private static final List<String> OF_PLATFORMS =
            List.of("java.", "javax.", "jakarta.", "kotlin.", "org.springframework.");

    private final RpcServer server;
    private final OmnibusProperties.Service defaults;
    private final ConfigurableListableBeanFactory beans;
    private final List<Registration> registrations = new ArrayList<>(); // guarded by this

    public RpcServices(RpcServer server, OmnibusProperties properties, ConfigurableListableBeanFactory beans) {
        this.server = server;
        this.defaults = properties.service();
        this.beans = beans;
    }

    /** Serves them all; completes when they can be called. */
    synchronized CompletableFuture<Void> start() {
        for (String name : beans.getBeanNamesForAnnotation(RpcService.class)) {
            if (!ScopedProxyUtils.isScopedTarget(name)) {
                serve(name);
            }
        }
        return CompletableFuture.allOf(
                registrations.stream().map(Registration::ready).toArray(CompletableFuture[]::new));
    }

    /** Ends them; completes when the last call is answered. */
    synchronized CompletableFuture<Void> stop() {
        List<Registration> ended = List.copyOf(registrations);
        registrations.clear();
        ended.forEach(Registration::close);
        return CompletableFuture.allOf(ended.stream().map(Registration::closed).toArray(CompletableFuture[]::new));
    }

    /**
     * Ends all that the node serves, also what is not annotated, for good; completes when the last call is answered.
     */
    synchronized CompletableFuture<Void> drain() {
        registrations.clear();
        return server.drain();
    }

    /** What is served now. */
    public synchronized List<String> services() {
        return registrations.stream()
                .map(Registration::service)
                .distinct()
                .sorted()
                .toList();
    }

    private void serve(String name) {
        RpcService annotation = beans.findAnnotationOnBean(name, RpcService.class);
        Class<?> type = AutoProxyUtils.determineTargetClass(beans, name);
        if (annotation == null || type == null) {
            return;
        }
        try {
            Object bean = beans.getBean(name);
            ServiceOptions options = options(annotation, new Texts(beans));
            for (Class<?> contract : contracts(type, annotation)) {
                registrations.add(serve(contract, bean, options));
            }
        } catch (IllegalArgumentException | IllegalStateException e) {
            stop();
            throw new OmnibusStartException(
                    "The @RpcService " + name + " (" + type.getName() + ") cannot be served: " + e.getMessage(),
                    "Change the class, its contract or the annotation.",
                    e);
        }
    }

    private <S> Registration serve(Class<S> contract, Object bean, ServiceOptions options) {
        if (!contract.isInstance(bean)) {
            throw new IllegalArgumentException("it does not implement " + contract.getName());
        }
        return server.serve(contract, contract.cast(bean), options);
    }

    private ServiceOptions options(RpcService annotation, Texts texts) {
        ServiceOptions known = ServiceOptions.defaults();
        Integer concurrency = texts.number("concurrency", annotation.concurrency());
        Integer queue = texts.number("queue", annotation.queue());
        ServiceOptions options = known.withConcurrency(or(concurrency, defaults.concurrency(), known.concurrency()))
                .withQueue(or(queue, defaults.queue(), known.queue()));
        return annotation.queued() ? options.withQueued() : options;
    }

    private static int or(@Nullable Integer said, @Nullable Integer byDefault, int known) {
        return said != null ? said : byDefault != null ? byDefault : known;
    }

    /** Those that the annotation names, or else what the class implements. */
    static Set<Class<?>> contracts(Class<?> type, RpcService annotation) {
        Set<Class<?>> contracts = new LinkedHashSet<>(List.of(annotation.contracts()));
        if (contracts.isEmpty()) {
            contracts.addAll(ClassUtils.getAllInterfacesForClassAsSet(type));
            contracts.removeIf(each -> OF_PLATFORMS.stream().anyMatch(each.getName()::startsWith)
                    || Arrays.stream(each.getMethods())
                            .allMatch(method -> !Modifier.isAbstract(method.getModifiers())));
        }
        if (contracts.isEmpty()) {
            throw new IllegalArgumentException("it implements no interface that could be its contract");
        }
        return contracts;
    }
}

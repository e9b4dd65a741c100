package dev.omnibus.spring.internal;

import dev.omnibus.spring.RpcService;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.generate.GenerationContext;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.aot.BeanRegistrationCode;
import org.springframework.beans.factory.support.RegisteredBean;

/** The hints of the application's beans: what listeners, services and proxies are called with, by reflection. */
final class OmnibusBeanAotProcessor implements BeanRegistrationAotProcessor {

    private static final BindingReflectionHintsRegistrar PAYLOADS = new BindingReflectionHintsRegistrar();

    @Override
    public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean bean) {
        Class<?> type = bean.getBeanClass();
        Collection<Method> listeners = TopicListeners.methodsOf(type).keySet();
        Set<Class<?>> served = served(bean, type);
        Class<?> called = type == RpcClientFactory.class ? contract(bean) : null;
        return listeners.isEmpty() && served.isEmpty() && called == null
                ? null
                : new Contribution(List.copyOf(listeners), served, called);
    }

    private static Set<Class<?>> served(RegisteredBean bean, Class<?> type) {
        RpcService annotation = bean.getBeanFactory().findAnnotationOnBean(bean.getBeanName(), RpcService.class, false);
        if (annotation == null) {
            return Set.of();
        }
        return type.isInterface() && annotation.contracts().length == 0
                ? Set.of(type) // what a method declares that makes it
                : new LinkedHashSet<>(RpcServices.contracts(type, annotation));
    }

    private static @Nullable Class<?> contract(RegisteredBean bean) {
        Object attribute = bean.getMergedBeanDefinition().getAttribute(FactoryBean.OBJECT_TYPE_ATTRIBUTE);
        return attribute instanceof Class<?> contract ? contract : null;
    }

    private record Contribution(
            Collection<Method> listeners,
            Set<Class<?>> served,
            @Nullable Class<?> called) implements BeanRegistrationAotContribution {

        @Override
        public void applyTo(GenerationContext generation, BeanRegistrationCode code) {
            ReflectionHints hints = generation.getRuntimeHints().reflection();
            listeners.forEach(method -> register(hints, method));
            served.forEach(contract -> register(hints, contract));
            if (called != null) {
                register(hints, called);
                generation.getRuntimeHints().proxies().registerJdkProxy(called);
            }
        }

        private static void register(ReflectionHints hints, Class<?> contract) {
            hints.registerType(contract);
            for (Method method : contract.getMethods()) {
                register(hints, method);
            }
        }

        private static void register(ReflectionHints hints, Method method) {
            hints.registerMethod(method, ExecutableMode.INVOKE);
            Set<Type> payloads = new LinkedHashSet<>(List.of(method.getGenericParameterTypes()));
            payloads.add(method.getGenericReturnType());
            payloads.addAll(List.of(method.getGenericExceptionTypes()));
            PAYLOADS.registerReflectionHints(hints, payloads.toArray(Type[]::new));
        }
    }
}

package dev.omnibus.spring.internal;

import dev.omnibus.rpc.ServiceName;
import dev.omnibus.spring.ImportRpcClients;
import dev.omnibus.spring.Remote;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.util.ClassUtils;

/** A registrar of the proxies that {@link ImportRpcClients} asks for. */
public final class RpcClientRegistrar implements ImportBeanDefinitionRegistrar {

    private final Environment environment;
    private final ClassLoader classLoader;

    RpcClientRegistrar(Environment environment, ClassLoader classLoader) {
        this.environment = environment;
        this.classLoader = classLoader;
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        MergedAnnotation<ImportRpcClients> annotation =
                importing.getAnnotations().get(ImportRpcClients.class);
        Set<Class<?>> contracts = new LinkedHashSet<>(List.of(annotation.getClassArray("contracts")));
        for (String each : annotation.getStringArray("basePackages")) {
            contracts.addAll(scan(environment.resolvePlaceholders(each)));
        }
        for (Class<?> each : annotation.getClassArray("basePackageClasses")) {
            contracts.addAll(scan(each.getPackageName()));
        }
        contracts.forEach(contract -> register(contract, registry));
    }

    private Set<Class<?>> scan(String basePackage) {
        Set<Class<?>> found = new LinkedHashSet<>();
        for (BeanDefinition each : new Contracts(environment).findCandidateComponents(basePackage)) {
            found.add(ClassUtils.resolveClassName(String.valueOf(each.getBeanClassName()), classLoader));
        }
        return found;
    }

    /** Interfaces that name a service. */
    private static final class Contracts extends ClassPathScanningCandidateComponentProvider {

        Contracts(Environment environment) {
            super(false, environment);
            addIncludeFilter(new AnnotationTypeFilter(ServiceName.class, false, true));
        }

        @Override
        protected boolean isCandidateComponent(AnnotatedBeanDefinition definition) {
            return definition.getMetadata().isInterface()
                    && definition.getMetadata().isIndependent();
        }
    }

    private static void register(Class<?> contract, BeanDefinitionRegistry registry) {
        String name = contract.getName(); // not "stock": the application may have a bean of that name
        if (registry.containsBeanDefinition(name)) {
            return; // imported twice
        }
        RootBeanDefinition definition = new RootBeanDefinition(RpcClientFactory.class);
        definition.getConstructorArgumentValues().addIndexedArgumentValue(0, contract);
        definition.setAttribute(FactoryBean.OBJECT_TYPE_ATTRIBUTE, contract);
        definition.addQualifier(new AutowireCandidateQualifier(Remote.class));
        definition.setFallback(true);
        registry.registerBeanDefinition(name, definition);
    }
}

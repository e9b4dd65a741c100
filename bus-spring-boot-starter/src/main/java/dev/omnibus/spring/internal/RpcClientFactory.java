package dev.omnibus.spring.internal;

import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.spring.OmnibusProperties;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.SmartFactoryBean;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.StringUtils;

/**
 * A factory of the proxy of one contract.
 *
 * @param <S> the contract
 */
public final class RpcClientFactory<S> implements SmartFactoryBean<S>, BeanFactoryAware {

    private final Class<S> contract;
    private @Nullable BeanFactory beans;

    public RpcClientFactory(Class<S> contract) {
        this.contract = contract;
    }

    @Override
    public void setBeanFactory(BeanFactory beanFactory) {
        beans = beanFactory;
    }

    @Override
    public S getObject() {
        BeanFactory from = Objects.requireNonNull(beans, "Spring sets it");
        OmnibusProperties properties = from.getBean(OmnibusProperties.class);
        try {
            return from.getBean(RpcClient.class)
                    .proxy(contract, options(properties.clients().get(service())));
        } catch (IllegalArgumentException e) {
            throw new OmnibusStartException(
                    "@ImportRpcClients cannot make a proxy of " + contract.getName() + ": " + e.getMessage(),
                    "Change the contract, or the properties omnibus.clients." + service() + ".",
                    e);
        }
    }

    private String service() {
        ServiceName name = AnnotationUtils.findAnnotation(contract, ServiceName.class);
        return name == null ? StringUtils.uncapitalize(contract.getSimpleName()) : name.value();
    }

    private static CallOptions options(OmnibusProperties.@Nullable Client client) {
        CallOptions options = CallOptions.defaults();
        if (client == null) {
            return options;
        }
        options = client.timeout() == null ? options : options.withTimeout(client.timeout());
        options = client.attemptTimeout() == null ? options : options.withAttemptTimeout(client.attemptTimeout());
        return client.retries() == null ? options : options.withRetries(client.retries());
    }

    /** So that a contract that cannot be one keeps the application from starting. */
    @Override
    public boolean isEagerInit() {
        return true;
    }

    @Override
    public Class<S> getObjectType() {
        return contract;
    }
}

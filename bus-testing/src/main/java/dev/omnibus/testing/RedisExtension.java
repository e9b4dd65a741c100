package dev.omnibus.testing;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * The parameter resolver behind {@link WithRedis}. JUnit closes what is in its store after the last test of the class.
 */
final class RedisExtension implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(RedisExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == RedisServer.class || type == RedisSentinels.class || type == RedisCluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        ExtensionContext outermost = outermostClass(context);
        Class<?> type = parameter.getParameter().getType();
        int replicas = AnnotationSupport.findAnnotation(outermost.getRequiredTestClass(), WithRedis.class)
                .map(WithRedis::replicas)
                .orElse(0);
        return outermost.getStore(NAMESPACE).getOrComputeIfAbsent(type, key -> start(key, replicas));
    }

    private static AutoCloseable start(Class<?> type, int replicas) {
        if (type == RedisSentinels.class) {
            return RedisSentinels.start(Math.max(1, replicas)); // without a replica there is nothing to fail over to
        }
        return type == RedisCluster.class ? RedisCluster.start(replicas) : RedisServer.obtain();
    }

    private static ExtensionContext outermostClass(ExtensionContext context) {
        ExtensionContext parent = context.getParent().orElse(context);
        return parent == context.getRoot() ? context : outermostClass(parent);
    }
}

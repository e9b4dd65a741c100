package dev.omnibus.testing;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Behind {@link WithRedis}. JUnit closes what is in its store when the class is done. */
final class RedisExtension implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(RedisExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RedisServer.class;
    }

    @Override
    public RedisServer resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return outermostClass(context)
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent(RedisServer.class, key -> RedisServer.obtain(), RedisServer.class);
    }

    private static ExtensionContext outermostClass(ExtensionContext context) {
        ExtensionContext parent = context.getParent().orElse(context);
        return parent == context.getRoot() ? context : outermostClass(parent);
    }
}

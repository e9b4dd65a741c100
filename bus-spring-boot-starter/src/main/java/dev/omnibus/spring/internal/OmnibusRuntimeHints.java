package dev.omnibus.spring.internal;

import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.boot.context.properties.bind.BindableRuntimeHintsRegistrar;
import org.springframework.util.ClassUtils;

/** The hints of the library itself: the scripts that run in Redis, and what is bound to properties by hand. */
final class OmnibusRuntimeHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
        hints.resources().registerPattern("dev/omnibus/**/*.lua");
        BindableRuntimeHintsRegistrar.forTypes(SpringRedisProperties.class).registerHints(hints);
        if (ClassUtils.isPresent("org.springframework.boot.actuate.endpoint.annotation.Endpoint", classLoader)) {
            new BindingReflectionHintsRegistrar()
                    .registerReflectionHints(hints.reflection(), OmnibusEndpoint.NodeDescriptor.class);
        }
    }
}

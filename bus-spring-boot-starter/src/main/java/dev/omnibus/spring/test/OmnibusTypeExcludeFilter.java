package dev.omnibus.spring.test;

import dev.omnibus.spring.RpcService;
import dev.omnibus.spring.TopicListener;
import java.io.IOException;
import java.util.Set;
import org.springframework.boot.test.context.filter.annotation.StandardAnnotationCustomizableTypeExcludeFilter;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;

/** Leaves listeners and services. */
final class OmnibusTypeExcludeFilter extends StandardAnnotationCustomizableTypeExcludeFilter<OmnibusTest> {

    OmnibusTypeExcludeFilter(Class<?> testClass) {
        super(testClass);
    }

    @Override
    protected Set<Class<?>> getKnownIncludes() {
        return Set.of(RpcService.class);
    }

    @Override
    protected boolean defaultInclude(MetadataReader reader, MetadataReaderFactory factory) throws IOException {
        return super.defaultInclude(reader, factory)
                || reader.getAnnotationMetadata().hasAnnotatedMethods(TopicListener.class.getName());
    }
}

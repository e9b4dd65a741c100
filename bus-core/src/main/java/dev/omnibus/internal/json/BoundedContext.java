package dev.omnibus.internal.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.ObjectCodec;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.InjectableValues;
import com.fasterxml.jackson.databind.cfg.CacheProvider;
import com.fasterxml.jackson.databind.deser.BeanDeserializerFactory;
import com.fasterxml.jackson.databind.deser.DefaultDeserializationContext;
import com.fasterxml.jackson.databind.deser.DeserializerFactory;
import com.fasterxml.jackson.databind.util.TokenBuffer;

/**
 * A deserialization context in which values that are buffered until their class is known are read as strictly as all
 * others.
 */
final class BoundedContext extends DefaultDeserializationContext {

    private static final long serialVersionUID = 1L;

    BoundedContext() {
        super(BeanDeserializerFactory.instance, null);
    }

    private BoundedContext(BoundedContext other) {
        super(other);
    }

    private BoundedContext(BoundedContext other, DeserializationConfig config) {
        super(other, config);
    }

    private BoundedContext(BoundedContext other, DeserializationConfig config, JsonParser in, InjectableValues values) {
        super(other, config, in, values);
    }

    private BoundedContext(BoundedContext other, DeserializerFactory factory) {
        super(other, factory);
    }

    private BoundedContext(BoundedContext other, CacheProvider caches) {
        super(other, caches);
    }

    @Override
    public DefaultDeserializationContext copy() {
        return new BoundedContext(this);
    }

    @Override
    public DefaultDeserializationContext createInstance(
            DeserializationConfig config, JsonParser in, InjectableValues values) {
        return new BoundedContext(this, config, in, values);
    }

    @Override
    public DefaultDeserializationContext createDummyInstance(DeserializationConfig config) {
        return new BoundedContext(this, config);
    }

    @Override
    public DefaultDeserializationContext with(DeserializerFactory factory) {
        return new BoundedContext(this, factory);
    }

    @Override
    public DefaultDeserializationContext withCaches(CacheProvider caches) {
        return new BoundedContext(this, caches);
    }

    @Override
    public TokenBuffer bufferForInputBuffering(JsonParser in) {
        return new StrictBuffer(in, this);
    }

    private static final class StrictBuffer extends TokenBuffer {

        StrictBuffer(JsonParser in, DeserializationContext context) {
            super(in, context);
        }

        @Override
        public JsonParser asParser(ObjectCodec codec) {
            return new BoundedParser(super.asParser(codec));
        }

        @Override
        public JsonParser asParser(JsonParser source) {
            return new BoundedParser(super.asParser(source));
        }
    }
}

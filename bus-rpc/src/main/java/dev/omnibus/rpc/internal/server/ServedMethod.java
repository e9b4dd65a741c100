package dev.omnibus.rpc.internal.server;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.TypeNames;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.rpc.MethodHandler;
import dev.omnibus.rpc.NonBlocking;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.wire.Faults;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A method on the side of the server: how its arguments are read, what runs it, and which of its exceptions travel. */
public final class ServedMethod {

    private interface ParamsDecoder {
        @Nullable
        Object[] read(@Nullable Message params) throws IOException;
    }

    private interface Body {
        @Nullable
        Object run(@Nullable Object[] arguments) throws Throwable;
    }

    private final String name;
    private final boolean async;
    private final boolean mayGiveStage;
    private final boolean nonBlocking;
    private final ParamsDecoder arguments;
    private final Body body;
    private final ValueWriter result;
    private final Faults faults;
    private final MethodMeter meter = new MethodMeter();

    private ServedMethod(
            String name,
            boolean async,
            boolean mayGiveStage,
            boolean nonBlocking,
            ParamsDecoder arguments,
            Body body,
            ValueWriter result,
            Faults faults) {
        this.name = name;
        this.async = async;
        this.mayGiveStage = mayGiveStage;
        this.nonBlocking = nonBlocking;
        this.arguments = arguments;
        this.body = body;
        this.result = result;
        this.faults = faults;
    }

    /** A method of a contract. */
    public static ServedMethod of(Operation operation, Object implementation, RpcCodec codec) {
        Method method = operation.method();
        return new ServedMethod(
                operation.name(),
                operation.async(),
                operation.async(),
                operation.traits().nonBlocking() || isDeclaredNonBlocking(method, implementation.getClass()),
                codec.argumentReader(operation.name(), operation.parameterNames(), operation.parameters())::read,
                given -> invoke(method, implementation, given),
                codec.writer(operation.result()),
                new Faults(codec, operation.faults()));
    }

    private static boolean isDeclaredNonBlocking(Method method, Class<?> implementation) {
        return Arrays.stream(implementation.getMethods())
                .anyMatch(candidate -> candidate.getName().equals(method.getName())
                        && candidate.getParameterCount() == method.getParameterCount()
                        && candidate.isAnnotationPresent(NonBlocking.class));
    }

    private static @Nullable Object invoke(Method method, Object implementation, @Nullable Object[] given)
            throws Throwable {
        try {
            return method.invoke(implementation, given);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    /** A method that is served by name, without a contract. */
    public static <P> ServedMethod of(String name, Class<P> type, MethodHandler<P> handler, RpcCodec codec) {
        ObjectReader reader = codec.reader(type);
        JavaType asRead = reader.getValueType();
        return new ServedMethod(
                name,
                false,
                true,
                false,
                params -> new @Nullable Object[] {whole(name, params, reader, asRead)},
                given -> handler.handle(type.cast(Objects.requireNonNull(given[0]))),
                codec.writer(Object.class),
                new Faults(codec, List.of()));
    }

    private static Object whole(String name, @Nullable Message params, ObjectReader reader, JavaType type)
            throws IOException {
        if (params == null) {
            if (JsonNode.class.isAssignableFrom(type.getRawClass())) {
                return MissingNode.getInstance();
            }
            throw new IOException("it takes arguments and got none");
        }
        Object read;
        try {
            read = Json.read(reader, params);
        } catch (IOException | RuntimeException e) {
            Error broken = Json.causeOf(e, Error.class);
            if (broken != null) {
                throw broken;
            }
            throw new IOException("the argument of " + name + " " + TypeNames.misfit(e, type), e);
        }
        if (read == null) {
            throw new IOException("its params are null");
        }
        return read;
    }

    public String name() {
        return name;
    }

    MethodMeter meter() {
        return meter;
    }

    boolean nonBlocking() {
        return nonBlocking;
    }

    public Faults faults() {
        return faults;
    }

    /**
     * Reads the arguments.
     *
     * @throws IOException if they do not fit; the message may be shown to the caller
     * @throws Error if the program's own code is broken, which no caller can help
     */
    @Nullable
    public Object[] arguments(@Nullable Message params) throws IOException {
        return arguments.read(params);
    }

    @Nullable
    public Object run(@Nullable Object[] given) throws Throwable {
        Object result = body.run(given);
        return async ? Objects.requireNonNull(result, "the method gave no stage") : result;
    }

    /** How its result is written. */
    public ValueWriter result() {
        return result;
    }

    /** Whether it may return a stage. */
    public boolean mayGiveStage() {
        return mayGiveStage;
    }
}

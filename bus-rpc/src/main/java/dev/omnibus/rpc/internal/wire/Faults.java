package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the exceptions of one method travel: the service's {@link RpcFault} and those that the contract declares. On the
 * server's side they become an answer, on the caller's side exceptions again. Thread-safe.
 */
public final class Faults {

    private record Known(DeclaredFault declared, ArgumentReader details, List<ValueWriter> writers) {}

    private static final byte[] NO_DETAILS = {};

    private final RpcCodec codec;
    private final List<Known> declared = new ArrayList<>();

    public Faults(RpcCodec codec, List<DeclaredFault> declared) {
        this.codec = codec;
        declared.forEach(fault -> this.declared.add(new Known(
                fault,
                codec.argumentReader(fault.name(), fault.names(), fault.types()),
                fault.types().stream().map(codec::writer).toList())));
    }

    /** The answer that an exception is; null if it is not for others to know. */
    public RpcCodec.@Nullable Answer answer(Throwable failure)
            throws JsonProcessingException, ReflectiveOperationException {
        if (failure instanceof RpcFault fault) {
            return fault.node().isEmpty() // thrown here, not passed on from a call to somewhere else
                    ? RpcCodec.fault(
                            fault.code(), String.valueOf(fault.getMessage()), fault.type(), bytes(fault.details()))
                    : null;
        }
        for (Known known : declared) {
            DeclaredFault fault = known.declared();
            if (fault.covers(failure)) {
                byte[] details = fault.names().isEmpty() ? NO_DETAILS : bytes(known, failure);
                String message = failure.getMessage() == null ? "" : failure.getMessage();
                return RpcCodec.fault(DeclaredFault.CODE, message, fault.name(), details);
            }
        }
        return null;
    }

    private byte[] bytes(JsonNode details) throws JsonProcessingException {
        return details instanceof MissingNode
                ? NO_DETAILS
                : Json.write(codec.json().writer(), details);
    }

    private byte[] bytes(Known known, Throwable failure) throws JsonProcessingException, ReflectiveOperationException {
        List<@Nullable Object> details = known.declared().details(failure);
        return Json.write(codec.json().writer(), out -> {
            out.writeStartObject();
            for (int i = 0; i < details.size(); i++) {
                out.writeFieldName(known.declared().names().get(i));
                known.writers().get(i).write(details.get(i), out);
            }
            out.writeEndObject();
        });
    }

    /** The exception that an answer with an error is. */
    public Throwable failure(RpcCodec.Response reply, String method, Duration elapsed) {
        if (reply.code() <= 0) {
            return RpcFailures.answered(reply, method, elapsed);
        }
        for (Known known : declared) {
            if (reply.code() == DeclaredFault.CODE && known.declared().name().equals(reply.type())) {
                try {
                    return known.declared()
                            .make(reply.message(), known.details().read(reply.details()));
                } catch (IOException | ReflectiveOperationException | RuntimeException | Error e) {
                    break; // not in the shape that is known here: the fault says what was said
                }
            }
        }
        return undeclared(codec, reply, method, elapsed);
    }

    /** The exception that an answer with an error is, where no contract declares any. */
    public static RpcException undeclared(RpcCodec codec, RpcCodec.Response reply, String method, Duration elapsed) {
        if (reply.code() <= 0) {
            return RpcFailures.answered(reply, method, elapsed);
        }
        try {
            return new RpcFault(
                    reply.code(),
                    reply.type(),
                    reply.message(),
                    codec.tree(reply.details()),
                    method,
                    reply.from(),
                    elapsed);
        } catch (IOException e) {
            return bare(reply, method, elapsed);
        }
    }

    /** The fault without its details. */
    static RpcFault bare(RpcCodec.Response reply, String method, Duration elapsed) {
        return new RpcFault(
                reply.code(), reply.type(), reply.message(), MissingNode.getInstance(), method, reply.from(), elapsed);
    }
}

package dev.omnibus.rpc.internal.contract;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.contract.Contract.Traits;
import dev.omnibus.rpc.internal.wire.Arguments;
import dev.omnibus.rpc.internal.wire.Faults;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A method on the side of the client, with everything prepared that is the same for all calls. Thread-safe.
 *
 * @param ofContract whether it is in a contract, and not only called by its name
 * @param part the part of a request that is the same for all calls
 * @param arguments how its arguments are written
 * @param result how its result is read
 */
public record RemoteMethod(
        String name,
        boolean ofContract,
        byte[] part,
        Arguments.Writer arguments,
        ObjectReader result,
        Faults faults,
        Traits traits) {

    /** The same method with another type of result, or called in another way. */
    private RemoteMethod as(ObjectReader newResult, Traits newTraits) {
        return new RemoteMethod(name, ofContract, part, arguments, newResult, faults, newTraits);
    }

    /** Prepares the methods that a client calls, those of contracts and those known by name only. Thread-safe. */
    public static final class Factory {

        private static final int MAX_NAMES = 10_000;

        private final RpcCodec codec;
        private final DecodableTypes types;
        private final Arguments.Writer untyped;
        private final Map<String, RemoteMethod> byName = new ConcurrentHashMap<>();

        public Factory(RpcCodec codec) {
            this.codec = codec;
            this.types = DecodableTypes.ofContracts(codec.json());
            this.untyped = codec.argumentWriter(List.of());
        }

        /** Reads a contract and refuses what could not be decoded safely. */
        public Contract contract(Class<?> type) {
            Contract contract = Contract.of(type, codec.types());
            contract.check(types);
            return contract;
        }

        /** A method of a contract. */
        public RemoteMethod of(Operation operation) {
            return create(
                    operation.name(),
                    true,
                    codec.argumentWriter(operation.parameters()),
                    codec.reader(operation.result()),
                    new Faults(codec, operation.faults()),
                    operation.traits());
        }

        /** A method by its name. There may be many names; then some are prepared each time. */
        public RemoteMethod of(String name, Type type, Traits traits) {
            RemoteMethod known = byName.get(name);
            if (known == null) {
                Contract.requireMethod(name);
                known = create(name, false, untyped, codec.reader(Void.class), new Faults(codec, List.of()), traits);
                if (byName.size() < MAX_NAMES) {
                    byName.put(name, known);
                }
            }
            return known.as(reader(name, type), traits);
        }

        /** A method of the protocol itself, whose name no contract can have. */
        public RemoteMethod ofProtocol(String name, Type result) {
            return create(name, true, untyped, codec.reader(result), new Faults(codec, List.of()), Traits.NONE);
        }

        private RemoteMethod create(
                String name,
                boolean ofContract,
                Arguments.Writer arguments,
                ObjectReader result,
                Faults faults,
                Traits traits) {
            byte[] part = codec.methodPart(name);
            return new RemoteMethod(name, ofContract, part, arguments, result, faults, traits);
        }

        /** How the result of a method is read. */
        private ObjectReader reader(String name, Type type) {
            ObjectReader reader = codec.reader(type);
            types.checkOnce(reader.getValueType(), () -> "The result of " + name);
            return reader;
        }
    }
}

package dev.omnibus.rpc.internal.contract;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.contract.Contract.Traits;
import dev.omnibus.rpc.internal.wire.ArgumentWriter;
import dev.omnibus.rpc.internal.wire.Faults;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Prepares the methods that a client calls, those of contracts and those known by name only. Thread-safe. */
public final class RemoteMethods {

    public static final Traits ONE_WAY = new Traits(true, false, false, 0);

    private static final int MAX_NAMES = 10_000;

    private final RpcCodec codec;
    private final ChannelNames names;
    private final DecodableTypes types;
    private final ArgumentWriter untyped;
    private final Map<String, RemoteMethod> byName = new ConcurrentHashMap<>();

    public RemoteMethods(RpcCodec codec, ChannelNames names) {
        this.codec = codec;
        this.names = names;
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
        Faults faults = new Faults(codec, operation.faults());
        return RemoteMethod.of(
                operation.name(),
                codec,
                names,
                codec.argumentWriter(operation.parameters()),
                codec.reader(operation.result()),
                faults,
                operation.traits());
    }

    /** A method by its name. There may be many names; then some are prepared anew each time. */
    public RemoteMethod of(String name, Type type, Traits traits) {
        RemoteMethod known = byName.get(name);
        if (known == null) {
            Contract.requireMethod(name);
            Faults faults = new Faults(codec, List.of());
            known = RemoteMethod.of(name, codec, names, untyped, codec.reader(Void.class), faults, traits);
            if (byName.size() < MAX_NAMES) {
                byName.put(name, known);
            }
        }
        return known.as(reader(name, type), traits);
    }

    /** How the result of a method is read. */
    public ObjectReader reader(String name, Type type) {
        ObjectReader reader = codec.reader(type);
        types.checkOnce(reader.getValueType(), () -> "The result of " + name);
        return reader;
    }
}

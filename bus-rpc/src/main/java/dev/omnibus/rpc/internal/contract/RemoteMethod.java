package dev.omnibus.rpc.internal.contract;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.rpc.internal.contract.Contract.Traits;
import dev.omnibus.rpc.internal.wire.ArgumentWriter;
import dev.omnibus.rpc.internal.wire.Faults;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A method as its caller sees it, with everything prepared that is the same for all calls. Thread-safe.
 *
 * @param part the part of a request that is the same for all calls
 * @param channels the method's channel by node, because names are looked up faster when they are not made anew
 * @param arguments how its arguments are written
 * @param result how its result is read
 */
public record RemoteMethod(
        String name,
        byte[] part,
        ChannelNames names,
        Map<String, String> channels,
        ArgumentWriter arguments,
        ObjectReader result,
        Faults faults,
        Traits traits) {

    /** Nodes come and go; this only bounds what is remembered of them. */
    private static final int MAX_CHANNELS = 1_000;

    static RemoteMethod of(
            String name,
            RpcCodec codec,
            ChannelNames names,
            ArgumentWriter arguments,
            ObjectReader result,
            Faults faults,
            Traits traits) {
        return new RemoteMethod(
                name, codec.methodPart(name), names, new ConcurrentHashMap<>(), arguments, result, faults, traits);
    }

    /** The same method with another type of result, or called in another way. */
    RemoteMethod as(ObjectReader newResult, Traits newTraits) {
        return new RemoteMethod(name, part, names, channels, arguments, newResult, faults, newTraits);
    }

    public String channel(String node) {
        String known = channels.get(node);
        if (known != null) {
            return known;
        }
        if (channels.size() >= MAX_CHANNELS) {
            channels.clear();
        }
        return channels.computeIfAbsent(node, id -> names.method(name, id));
    }
}

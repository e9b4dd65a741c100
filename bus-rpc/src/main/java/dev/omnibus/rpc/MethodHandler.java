package dev.omnibus.rpc;

import org.jspecify.annotations.Nullable;

/**
 * Serves one method without an interface.
 *
 * @param <P> what its params are read as
 */
@FunctionalInterface
public interface MethodHandler<P> {

    /**
     * Answers one call. May block.
     *
     * @param params all params of the call: an array or an object
     * @return anything that Jackson can write, or a {@code CompletionStage} of it
     * @throws Exception an {@link RpcFault} for the caller to read; any other exception is logged here
     */
    @Nullable
    Object handle(P params) throws Exception;
}

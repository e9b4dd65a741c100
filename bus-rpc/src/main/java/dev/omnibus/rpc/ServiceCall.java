package dev.omnibus.rpc;

import org.jspecify.annotations.Nullable;

/**
 * A call of one method of a contract, which a {@link Broadcast} takes note of and sends to all nodes. Most often a
 * lambda: {@code stock -> stock.left("sku-1")}.
 *
 * @param <S> the contract
 * @param <T> what the method gives
 */
@FunctionalInterface
public interface ServiceCall<S, T> {

    /**
     * Calls the one method that is asked, and gives what it gives. The object does nothing but take note: what comes
     * back is null or zero, and is not to be worked with.
     *
     * @param service takes note
     * @return what the method gave
     * @throws Exception never; so that the method may declare exceptions, which are found in the replies
     */
    @Nullable
    T on(S service) throws Exception;
}

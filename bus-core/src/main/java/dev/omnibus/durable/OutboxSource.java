package dev.omnibus.durable;

import java.util.Collection;
import java.util.List;

/**
 * The outbox of a program: a table into which it writes an event in the transaction that the event is about, so that
 * both are there or neither. An {@link OutboxRelay} asks it what is to be published; by JDBC or whatever the program
 * uses. Its methods may block, and are called one at a time.
 *
 * @param <T> the type of the payload
 */
public interface OutboxSource<T> {

    /**
     * Reads what is to be published next.
     *
     * @param max how many rows at most
     * @return the oldest rows that are not {@linkplain #done done}, in the order in which they are to be published;
     *     none if there are none. The same ones again, until they are done
     * @throws Exception if it cannot be read; it is tried again later
     */
    List<OutboxRow<T>> next(int max) throws Exception;

    /**
     * Notes that rows were published, so that they are not read again: deletes or marks them. Redis has confirmed them.
     *
     * @param ids the ids of the rows
     * @throws Exception if it cannot be written; the rows are published again then, which has no effect
     */
    void done(Collection<String> ids) throws Exception;
}

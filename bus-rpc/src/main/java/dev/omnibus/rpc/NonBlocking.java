package dev.omnibus.rpc;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A promise that a method of a contract, or the method that implements it, never waits: not for a lock, not for a file,
 * not for another call. It then runs on the very thread that received the request, without a queue before it: on that
 * of the connection, unless a request waits behind others. A server with interceptors, which have promised nothing,
 * serves it like any other method.
 *
 * <p>This saves the hand-over to another thread. The price: while the method runs, nothing else arrives at this
 * process, so one that breaks the promise holds up everybody, and the limit on concurrent calls does not protect from
 * that. What it throws is answered as usual and harms nobody else.
 *
 * <p>What this library can see is refused: to wait there for an answer, for a future of the bus, for room in the outbox
 * or for a connection throws an {@link IllegalStateException} at once, which says what to do instead.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface NonBlocking {}

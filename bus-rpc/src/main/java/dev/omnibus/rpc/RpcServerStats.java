package dev.omnibus.rpc;

/**
 * What a server has done since it was made. Each call that arrived is in one of the first five numbers once it has its
 * answer. The numbers are taken one after the other while it works. Immutable.
 *
 * @param served calls whose method gave a value, or returned
 * @param failed calls whose method threw, or whose result could not be written
 * @param overloaded calls that were not executed because there was too much to do
 * @param refused calls that were not executed for another reason: their arguments do not fit, an interceptor said no,
 *     their deadline had passed, or the node was about to leave
 * @param cancelled calls that their callers gave up
 * @param repliesLost replies that could not be sent, or of which nobody knows whether they were
 * @param callersGone replies that nobody received, because their callers were gone
 * @param waiting calls that are here at this moment, and wait to be executed
 */
public record RpcServerStats(
        long served,
        long failed,
        long overloaded,
        long refused,
        long cancelled,
        long repliesLost,
        long callersGone,
        int waiting) {}

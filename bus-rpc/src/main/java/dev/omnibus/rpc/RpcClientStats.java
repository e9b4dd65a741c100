package dev.omnibus.rpc;

/**
 * What a client has done since it was made. The numbers are taken one after the other while it works. Immutable.
 *
 * @param calls calls to one node that were begun, one-way ones too
 * @param failed those of them that have ended without a value: with an exception, or given up
 * @param retries how often one of them was tried again
 * @param broadcasts broadcast calls that were begun
 * @param incomplete those of them that have failed, or ended with a node missing
 * @param pending what waits for replies now, and broadcast calls that wait until there is room for theirs
 */
public record RpcClientStats(long calls, long failed, long retries, long broadcasts, long incomplete, int pending) {}

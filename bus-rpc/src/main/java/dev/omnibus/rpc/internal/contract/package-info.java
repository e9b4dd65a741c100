/**
 * Interfaces as contracts, read once: operations, signatures, schemas. Start at
 * {@link dev.omnibus.rpc.internal.contract.Contract}.
 */
@NullMarked
package dev.omnibus.rpc.internal.contract;

import org.jspecify.annotations.NullMarked;

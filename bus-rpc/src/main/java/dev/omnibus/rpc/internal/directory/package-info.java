/**
 * The live nodes and what each serves: leases, manifests, presence. Start at
 * {@link dev.omnibus.rpc.internal.directory.NodeDirectory}.
 */
@NullMarked
package dev.omnibus.rpc.internal.directory;

import org.jspecify.annotations.NullMarked;

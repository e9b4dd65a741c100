/** JSON to and from untrusted parties: types, limits, strictness. Start at {@link dev.omnibus.internal.json.Json}. */
@NullMarked
package dev.omnibus.internal.json;

import org.jspecify.annotations.NullMarked;
